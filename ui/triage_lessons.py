"""Training from a table of resolved tickets: what it has to teach is seen before anything is learned."""

from collections.abc import Iterator, Sequence

import streamlit as st

from assistant.errors import AssistantError
from assistant.triage.tables import Table
from assistant.triage.training import Contradiction, Overview, look_over
from assistant.triage.values import LABEL_NAMES, Ticket
from ui.markdown import literal
from ui.tables import draw_table
from ui.triage_state import TriageState
from ui.triage_upload import given_table
from ui.visit import Visit
from ui.words import counted, shortened

_FIELDS = ("text", "subject", "id", *LABEL_NAMES, "resolution", "language")
_MOST_CONTRADICTIONS = 100
_MOST_NAMED = 12
_WORDS_CHARS = 80


def draw_lessons(visit: Visit) -> None:
    """Take a table, show what is in it, and train; what cannot be learned from is said."""
    given = given_table(visit, "Resolved tickets: CSV, XLSX or JSON lines", "resolved", _FIELDS, needs=("category",))
    if given is None:
        st.caption(
            "Tickets with the category they turned out to have; with what solved them, that is shown with others."
        )
        return
    table, _ = given
    seen = look_over(table.tickets)
    st.markdown("\n".join([f"- {literal(line)}" for line in _found(table, seen)]))
    _draw_contradictions(seen.contradictions)
    with_known = st.checkbox(
        "Learn also from what is known already", key="with_known",
        help="What the model in use was trained with, and the tickets that were decided. Without it, from this table alone.",
    )  # fmt: skip
    label = f"Train with {counted(len(table.tickets), 'ticket')}"
    st.button(
        label, key="train_table", type="primary", disabled=not (seen.can_be_learned or with_known), on_click=_train,
        args=(visit, table.tickets, with_known),
    )  # fmt: skip


def _found(table: Table, seen: Overview) -> Iterator[str]:
    for name, labels in seen.labels.items():
        if labels:
            common = sorted(labels, key=lambda label: -labels[label])
            named = ", ".join(f"{shortened(label, 40)} ({labels[label]:,})" for label in common[:_MOST_NAMED])
            others = f" and {len(common) - _MOST_NAMED:,} more" if len(common) > _MOST_NAMED else ""
            yield f"{name.capitalize()}: {named}{others}."
    yield from seen.notes
    if not table.tickets:
        yield "There is no ticket in it."


def _draw_contradictions(found: Sequence[Contradiction]) -> None:
    if not found:
        return
    st.markdown(
        f"Not learned from: {counted(len(found), 'group')} of tickets with the same words and different labels."
    )
    rows = [
        {
            "Lines": ", ".join(map(str, each.lines)),
            "Label": each.label,
            "Said": ", ".join(each.said),
            "Words": shortened(each.words, _WORDS_CHARS),
        }
        for each in found[:_MOST_CONTRADICTIONS]
    ]
    draw_table(rows, key="contradictions", label="Tickets with the same words and different labels")
    if len(found) > _MOST_CONTRADICTIONS:
        st.caption(f"The first {_MOST_CONTRADICTIONS:d} of {len(found):,d}.")


def _train(visit: Visit, resolved: Sequence[Ticket], with_known: bool) -> None:
    state = TriageState()
    try:
        visit.citewell.teaching.ask_to_train(visit.principal, resolved, with_known=with_known)
    except AssistantError as error:
        state.notice = error.hint
        return
    state.empty_upload()
