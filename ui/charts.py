"""Charts, each under the question that it answers, with its table to take home.

Plotly reads a little HTML in labels, so words of others go through `label_of` here and nowhere else.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from assistant.markup import visible
from assistant.triage.sheets import sheet_bytes
from ui.markdown import literal
from ui.words import shortened

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOUR = "#15847a"
"""Can be told from the light and the dark background."""
_MOST_LABEL_CHARS = 26
_BAR_HEIGHT, _FRAME_HEIGHT = 30, 48
_LINE_HEIGHT = 260
_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


def label_of(text: str) -> str:
    """Words of others as a label of Plotly: nothing in them is HTML."""
    return html.escape(shortened(visible(text), _MOST_LABEL_CHARS), quote=False)


def bars(labels: Sequence[str], values: Sequence[float], *, shown: Sequence[str] | None = None) -> Figure:
    """Bars from left to right, the first one on top; `shown` is what stands on them instead of their values."""
    from plotly.graph_objects import Bar, Figure

    places = list(range(len(labels)))
    texts = list(shown) if shown is not None else [f"{value:,.0f}" for value in values]
    figure = Figure(
        Bar(
            x=list(values),
            y=places,
            orientation="h",
            text=texts,
            textposition="auto",
            textangle=0,
            marker_color=COLOUR,
            hoverinfo="skip",
        )
    )
    figure.update_yaxes(tickvals=places, ticktext=[label_of(label) for label in labels], autorange="reversed")
    figure.update_xaxes(visible=False)
    return _calm(figure, _FRAME_HEIGHT + _BAR_HEIGHT * max(len(labels), 1))


def shares(days: Sequence[str], values: Sequence[float], counts: Sequence[int]) -> Figure:
    """A share over time as a line, with how many it is a share of."""
    from plotly.graph_objects import Figure, Scatter

    texts = [f"{value:.0%} of {count:,d}" for value, count in zip(values, counts, strict=True)]
    figure = Figure(
        Scatter(
            x=list(days), y=list(values), mode="lines+markers", line_color=COLOUR, marker_size=9, hovertext=texts,
            hoverinfo="x+text",
        )
    )  # fmt: skip
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%")
    figure.update_xaxes(type="category")
    return _calm(figure, _LINE_HEIGHT)


def _calm(figure: Figure, height: int) -> Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False, dragmode=False, bargap=0.35
    )
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure


def draw_chart(
    question: str, said: str, figure: Figure, *, key: str, head: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """A chart under its question, what it says in a sentence, and its figures as a table that can be taken home."""
    with st.container(key=f"chart_{key}", gap="small"):
        st.subheader(literal(question), anchor=False)
        st.markdown(literal(said))
        plot(figure, key=f"plot_{key}")
        with st.expander("The figures"):
            st.dataframe([dict(zip(head, row, strict=True)) for row in rows], hide_index=True, key=f"table_{key}")
            st.download_button(
                "Take the figures home",
                lambda: sheet_bytes("csv", head, [[str(cell) for cell in row] for row in rows]),
                file_name=f"{key}.csv",
                mime="text/csv",
                key=f"take_{key}",
                icon=":material/download:",
                on_click="ignore",
            )


def plot(figure: Figure, *, key: str) -> None:
    """Draw a figure."""
    st.plotly_chart(figure, key=key, config=_CONFIG, width="stretch")
