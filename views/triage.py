"""Triage: the tickets that wait, what each is, and a reply from the documents. A person decides."""

import streamlit as st

from assistant.access import may_triage
from ui.markdown import literal
from ui.triage_figures import draw_figures
from ui.triage_jobs import draw_triage_jobs, draw_unlooked
from ui.triage_known import draw_known_issues
from ui.triage_models import draw_models
from ui.triage_queue import draw_list, listed_tickets, wanted_tickets
from ui.triage_reader import current_reader
from ui.triage_state import TriageState
from ui.triage_table import draw_tables
from ui.triage_ticket import draw_ticket
from ui.visit import Visit, current_visit, draw_problem
from ui.welcome import draw_strips

_TABLES, _KNOWN, _MODELS, _FIGURES = "In and out", "Known issues", "What was learned", "Figures"


def draw_page(visit: Visit) -> None:
    """For whoever works at the support desk; for anybody else there is no such page."""
    if not may_triage(visit.principal):
        draw_problem("There is no such page", "Choose one on the left.")
        return
    draw_strips(visit)
    with st.container(horizontal=True, vertical_alignment="center", key="triage_head"):
        st.header("Triage", anchor=False)
        part = st.segmented_control(
            "Part", ["Tickets", "In and out", "Known issues", "What was learned", "Figures"],
            key="triage_part", default="Tickets", label_visibility="collapsed",
        )  # fmt: skip
    _draw_notice()
    draw_triage_jobs(visit)
    if part == _TABLES:
        draw_tables(visit)
    elif part == _KNOWN:
        draw_known_issues(visit)
    elif part == _MODELS:
        draw_models(visit)
    elif part == _FIGURES:
        draw_figures(visit)
    else:
        _draw_desk(visit)


def _draw_notice() -> None:
    state = TriageState()
    if state.notice:
        st.info(literal(state.notice))
        state.notice = None


def _draw_desk(visit: Visit) -> None:
    """The queue, the ticket, and what is thought of it."""
    if not visit.citewell.queue.counts(visit.principal):
        st.markdown(
            "Tickets will wait here, each with what it is, how urgent it is and a reply from your documents. "
            "Bring a table of them in under *In and out*."
        )
        return
    with st.empty():
        st.markdown(":shimmer[Opening what was learned]")
        reader = current_reader(visit)
        st.empty()
    if reader is None:
        st.markdown("Nothing can be guessed without the embedding; `citewell doctor` says what is missing.")
        return
    draw_unlooked(visit, reader.number)
    left, rest = st.columns([1, 3.2])
    with left, st.container(key="triage_queue"):
        listed = listed_tickets(visit, wanted_tickets(visit, reader))
        if listed:
            draw_list(listed)
    with rest, st.container(key="triage_desk"):
        if listed:
            draw_ticket(visit, reader, listed)
        else:
            st.markdown("No ticket is like that. Choose others on the left.")


with st.container(key="triage_page"):
    draw_page(current_visit())
