"""The queue on the left of the triage page: what of it is listed, and which ticket is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from assistant.triage.queue import Queued, Status, Wanted
from assistant.triage.values import LabelName
from ui.component import mount
from ui.markdown import literal
from ui.triage_reader import Reader
from ui.triage_state import TriageState
from ui.triage_view import row_data
from ui.visit import Visit

LISTED = 50
"""So many tickets are listed at once."""
_STATUSES: dict[str, Status | Literal["waiting"] | None] = {
    "Waiting": "waiting",
    "New": "new",
    "In work": "open",
    "Decided": "done",
    "All": None,
}
_ANY = ""
_MINE, _FREE = "mine", "free"


@dataclass(frozen=True, slots=True)
class Listed:
    """A part of the wanted tickets, `first` of all before it; `open` is the one that is open."""

    rows: tuple[Queued, ...]
    open: Queued
    first: int
    total: int
    previous: int
    """The id of the ticket before the one that is open, 0 where there is none."""
    next: int
    around: tuple[int, int]
    """The ids with which the parts before and after this one begin, 0 where there is none."""

    @property
    def at(self) -> int:
        """Which of all the wanted tickets is open, from 1."""
        return self.first + self.rows.index(self.open) + 1


def wanted_tickets(visit: Visit, reader: Reader) -> Wanted:
    """Draw the filters; returns what is to be listed."""
    counts = visit.citewell.queue.counts(visit.principal)
    numbers = {name: _number(counts, status) for name, status in _STATUSES.items()}
    status = st.selectbox(
        "Show", list(_STATUSES), key="triage_status", format_func=lambda name: f"{name} ({numbers[name]:,d})"
    )
    words = st.text_input("Find", key="triage_words", placeholder="Number or words", max_chars=200)
    with st.popover("Filter", icon=":material/filter_list:", key="triage_filter"):
        category, severity = _choose(reader, "category"), _choose(reader, "severity")
        assignee = _choose_assignee(visit)
    return Wanted(
        status=_STATUSES[status or "Waiting"],
        category=category,
        severity=severity,
        words=words or "",
        assignee=visit.principal.key if assignee == _MINE else None if assignee == _FREE else assignee,
        is_free=assignee == _FREE,
    )


def _number(counts: Mapping[Status, int], status: Status | Literal["waiting"] | None) -> int:
    if status is None:
        return sum(counts.values())
    return counts.get("new", 0) + counts.get("open", 0) if status == "waiting" else counts.get(status, 0)


def _choose(reader: Reader, name: LabelName) -> str | None:
    labels = sorted(reader.labels.get(name, ()))
    chosen = st.selectbox(
        literal(name.capitalize()),
        [_ANY, *labels],
        key=f"triage_{name}",
        format_func=lambda each: literal(each) or "Any",
    )
    return chosen or None


def _choose_assignee(visit: Visit) -> str | None:
    named = {_ANY: "Anybody", _MINE: "Me", _FREE: "Nobody"} | others_at_desk(visit)
    chosen = st.selectbox("Whose", list(named), key="triage_assignee", format_func=lambda key: literal(named[key]))
    return chosen or None


def others_at_desk(visit: Visit) -> dict[str, str]:
    """The names of the others who work at the support desk, by their keys."""
    there = visit.citewell.accounts.at_desk(visit.principal)
    return {each.principal.key: each.name or each.email for each in there if each.principal != visit.principal}


def listed_tickets(visit: Visit, wanted: Wanted) -> Listed | None:
    """The part of the wanted tickets in which the chosen one stands, else the one after it, else the first; None without any."""
    queue, principal, chosen = visit.citewell.queue, visit.principal, TriageState().ticket_id
    total, place = queue.count(principal, wanted), queue.count(principal, wanted, before=chosen)
    place = place if place < total else 0
    first = place // LISTED * LISTED
    ahead = min(first, LISTED)  # What stands before is where the part before begins, too.
    found = queue.page(principal, wanted, skip=first - ahead, limit=ahead + LISTED + 1)
    rows = found[ahead : ahead + LISTED]
    if not rows:
        return None
    at = min(ahead + place - first, len(found) - 1)
    ids = [each.id for each in found]
    following = ids[at + 1] if at + 1 < len(ids) else 0
    after = ids[ahead + LISTED] if len(ids) > ahead + LISTED else 0
    return Listed(rows, found[at], first, total, ids[at - 1] if at else 0, following, (ids[0] if ahead else 0, after))


def draw_list(listed: Listed) -> None:
    """The tickets in their order."""
    mount(
        "tickets",
        {"rows": [row_data(each) for each in listed.rows], "open": listed.open.id},
        key="triage_tickets",
        on={"go": _go},
    )
    if listed.total > len(listed.rows):
        before, after = listed.around
        with st.container(horizontal=True, vertical_alignment="center", key="triage_parts"):
            st.caption(f"{listed.first + 1:,d} to {listed.first + len(listed.rows):,d} of {listed.total:,d}")
            _draw_step("Earlier", "triage_earlier", before)
            _draw_step("Later", "triage_later", after)


def _draw_step(label: str, key: str, ticket_id: int) -> None:
    st.button(literal(label), key=key, type="tertiary", disabled=not ticket_id, on_click=_go, args=(ticket_id,))


def _go(ticket_id: Any) -> None:
    TriageState().ticket_id = int(ticket_id)
