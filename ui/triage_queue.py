"""The queue on the left of the triage page: what of it is listed, and which ticket is open."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from assistant.triage.queue import MOST_SHOWN, Queued, Status, Wanted
from ui.component import mount
from ui.markdown import literal
from ui.triage_state import TriageState
from ui.triage_ticket import Reader
from ui.triage_view import row_data
from ui.visit import Visit

_STATUSES: dict[str, Status | None] = {"New": "new", "Taken up again": "open", "Decided": "done", "All": None}
_ANY = ""


def wanted_tickets(visit: Visit, reader: Reader) -> Wanted:
    """Draw the filters; returns what is to be listed."""
    counts = visit.citewell.queue.counts(visit.principal)
    numbers = {
        name: sum(counts.values()) if status is None else counts.get(status, 0) for name, status in _STATUSES.items()
    }
    status = st.selectbox(
        "Show", list(_STATUSES), key="triage_status", format_func=lambda name: f"{name} ({numbers[name]:,d})"
    )
    categories = sorted(reader.labels.get("category", ()))
    category = st.selectbox(
        "Category", [_ANY, *categories], key="triage_category", format_func=lambda name: literal(name) or "Any category"
    )
    return Wanted(status=_STATUSES[status or "New"], category=category or None)


def draw_list(visit: Visit, listed: Sequence[Queued], opened: Queued) -> None:
    """The tickets in their order."""

    def go(ticket_id: Any) -> None:
        TriageState().ticket_id = int(ticket_id)

    data = {"rows": [row_data(queued) for queued in listed], "open": opened.id}
    mount("tickets", data, key="triage_tickets", on={"go": go})
    if len(listed) == MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN:d}; the rest comes as these are decided.")
    _draw_agreement(visit)


def opened_of(listed: Sequence[Queued]) -> Queued:
    """The ticket that is open: the one that was chosen, else the next after it, else the first."""
    chosen = TriageState().ticket_id
    return next((queued for queued in listed if queued.id >= chosen), listed[0])


def _draw_agreement(visit: Visit) -> None:
    days = visit.citewell.queue.agreement(visit.principal)
    if decided := sum(day.decided for day in days):
        st.caption(f"The category stood in {sum(day.agreed for day in days):,d} of {decided:,d} decided tickets.")
