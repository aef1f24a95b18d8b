"""Two models side by side on the same tickets, before one is promoted: how often each is right, where they differ."""

import streamlit as st

from assistant.errors import AssistantError
from assistant.triage.comparison import Comparison, Judged
from ui.markdown import literal
from ui.tables import draw_table
from ui.triage_reader import comparison
from ui.triage_view import title_of
from ui.visit import Visit
from ui.words import counted

_MOST_DIFFERENT = 50


def draw_comparison(visit: Visit, number: int) -> None:
    """A model beside the one in use."""
    with st.empty():
        st.markdown(":shimmer[Comparing the two on the same tickets]")
        try:
            compared = comparison(visit, number)
        except AssistantError as error:
            st.markdown(f":material/error: {literal(error.hint)}")
            return
        st.empty()
    if compared is None or not compared.right:
        st.markdown(
            "No tickets are kept back from both models, so they cannot be compared. Of 80 tickets or more, every eighth "
            "is kept back."
        )
        return
    draw_table(_right(compared, number), key=f"right_{number}", label="How often each is right")
    st.markdown(f"They take {counted(len(compared.changed), 'ticket')} for different categories.")
    if compared.changed:
        rows = [_different(each, number) for each in compared.changed[:_MOST_DIFFERENT]]
        draw_table(rows, key=f"different_{number}", label="Tickets taken for different categories")


def _right(compared: Comparison, number: int) -> list[dict[str, object]]:
    return [
        {
            "Label": name.capitalize(),
            "In use, right": right.champion,
            f"Model {number}, right": right.challenger,
            "Tickets": right.tickets,
        }
        for name, right in compared.right.items()
    ]


def _different(judged: Judged, number: int) -> dict[str, object]:
    return {
        "Ticket": title_of(judged.ticket),
        "Is": judged.wanted,
        "In use says": judged.champion,
        f"Model {number} says": judged.challenger,
    }
