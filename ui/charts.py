"""Charts, drawn by our own component of plain elements: each under its question, with its figures to take home.

A meaning is never in a colour alone: lines differ in their dashes, and every value is told when its day is pointed at,
or reached by the keyboard. What is drawn is data and set as text, words of others like our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import streamlit as st

from assistant.markup import visible
from assistant.triage.sheets import sheet_bytes
from retrieval.dates import full_date
from ui.component import mount
from ui.markdown import literal
from ui.tables import draw_table
from ui.words import shortened

Unit = Literal["count", "seconds", "share"]
_MOST_LABEL_CHARS = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One of the bars that lie one below the other; `shown` stands beside it."""

    name: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class Bars:
    """What is compared by the length of bars."""

    label: str
    rows: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A value for each day, None where there is none; `tone` is one of five colours, `shown` is told instead."""

    name: str
    values: tuple[float | None, ...]
    tone: int
    dash: Literal["dashed", "dotted"] | None = None
    shown: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """Something over time: columns that stand on each other, or lines."""

    label: str
    form: Literal["columns", "lines"]
    unit: Unit
    days: tuple[date, ...]
    series: tuple[Series, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(value is None for series in self.series for value in series.values)


def bars(label: str, names: Sequence[str], values: Sequence[float], *, shown: Sequence[str] | None = None) -> Bars:
    """Bars with their values beside them, or with other words."""
    texts = shown if shown is not None else [f"{value:,.0f}" for value in values]
    return Bars(label, tuple(Bar(*each) for each in zip(names, values, texts, strict=True)))


def shares(label: str, days: Sequence[date], values: Sequence[float], counts: Sequence[int]) -> Days:
    """A share over time as a line, with how many it is a share of."""
    texts = tuple(f"{value:.0%} of {count:,d}" for value, count in zip(values, counts, strict=True))
    return Days(label, "lines", "share", tuple(days), (Series("Share", tuple(values), 0, shown=texts),))


def bars_data(drawn: Bars) -> dict[str, Any]:
    """Bars as the component reads them."""
    rows = [{**asdict(row), "name": shortened(visible(row.name), _MOST_LABEL_CHARS)} for row in drawn.rows]
    return {"label": drawn.label, "rows": rows}


def days_data(drawn: Days) -> dict[str, Any]:
    """Something over time as the component reads it."""
    is_long = (drawn.days[-1] - drawn.days[0]).days > 366
    days = [
        {"label": f"{day:%b %Y}" if is_long else f"{day.day} {day:%b}", "name": full_date(day)} for day in drawn.days
    ]
    series = [{name: value for name, value in asdict(each).items() if value is not None} for each in drawn.series]
    return {"label": drawn.label, "form": drawn.form, "unit": drawn.unit, "days": days, "series": series}


def plot(
    drawn: Bars | Days, *, key: str, picked: int | None = None, on_pick: Callable[[Any], None] | None = None
) -> None:
    """Draw it; with `on_pick` a day can be chosen, whose place it is told, or -1 where it was chosen before."""
    if isinstance(drawn, Bars):
        mount("bars", bars_data(drawn), key=key)
        return
    data = {**days_data(drawn), "picked": picked, "picks": on_pick is not None}
    mount("chart", data, key=key, on={"pick": on_pick} if on_pick else None)


def draw_chart(
    question: str, said: str, drawn: Bars | Days, *, key: str, head: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """A chart under its question, what it says in a sentence, and its figures as a table that can be taken home."""
    with st.container(key=f"chart_{key}", gap="small"):
        st.subheader(literal(question), anchor=False)
        st.markdown(literal(said))
        plot(drawn, key=f"plot_{key}")
        with st.expander("The figures"):
            draw_table([dict(zip(head, row, strict=True)) for row in rows], key=f"table_{key}", label=question)
            st.download_button(
                "Take the figures home",
                lambda: sheet_bytes("csv", head, [[str(cell) for cell in row] for row in rows]),
                file_name=f"{key}.csv",
                mime="text/csv",
                key=f"take_{key}",
                icon=":material/download:",
                on_click="ignore",
            )
