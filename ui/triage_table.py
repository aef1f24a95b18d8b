"""Tickets brought in from a table, and taken home again."""

from collections.abc import Callable, Mapping

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.triage.sheets import Format
from assistant.triage.tables import Table
from assistant.triage.taking_home import queue_file
from ui.markdown import literal
from ui.triage_state import TriageState
from ui.triage_upload import given_table
from ui.visit import Visit
from ui.words import counted

_FIELDS = ("text", "subject", "id", "severity", "language")
_MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_LABELS: Mapping[Format, str] = {"csv": "Take home as CSV", "xlsx": "Take home as XLSX"}


def draw_tables(visit: Visit) -> None:
    """The way in and the way out."""
    if visit.is_demo:
        st.markdown("In the demonstration no tickets are brought in: every visitor sees the same ones.")
    else:
        _draw_import(visit)
    with st.container(horizontal=True, key="triage_files"):
        for form, label in _LABELS.items():
            st.download_button(
                literal(label),
                _writer(visit, form),
                file_name=f"tickets.{form}",
                mime=_MEDIA_TYPES[form],
                key=f"take_home_{form}",
                icon=":material/download:",
                on_click="ignore",
            )
    st.caption("A label is what was decided; what is only guessed stands beside it. No cell is calculated.")


def _writer(visit: Visit, form: Format) -> Callable[[], bytes]:
    """Makes the file when it is asked for."""

    def write() -> bytes:
        file = queue_file(visit.citewell.queue, visit.principal, form)
        visit.record(Action.TICKETS_TAKEN_HOME, format=form)
        return file

    return write


def _draw_import(visit: Visit) -> None:
    given = given_table(visit, "Bring tickets in: CSV, XLSX or JSON lines", "tickets", _FIELDS)
    if given is None:
        st.caption(
            "The first row names the columns. Nothing is brought in before you have seen what is taken for what."
        )
        return
    table, name = given
    label = f"Bring {counted(len(table.tickets), 'ticket')} in"
    st.button(
        label, key="bring_in", type="primary", disabled=not table.tickets, on_click=_bring_in, args=(visit, table, name)
    )


def _bring_in(visit: Visit, table: Table, name: str) -> None:
    """All of them or none; then the model looks at them."""
    state = TriageState()
    try:
        came = visit.citewell.queue.bring_in(table.tickets, visit.principal, source=name)
        visit.record(Action.TICKETS_BROUGHT_IN, name, added=came.added, known=came.known, left_out=len(table.rejected))
        visit.citewell.teaching.ask_to_guess(visit.principal)
    except AssistantError as error:
        state.notice = error.hint
        return
    known = f"; {came.known:,} {'was' if came.known == 1 else 'were'} there already" if came.known else ""
    state.notice = f"{counted(came.added, 'ticket')} brought in{known}."
    state.empty_upload()
