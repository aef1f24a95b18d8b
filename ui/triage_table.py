"""Tickets brought in from a table, with the guess at its columns, and taken home again."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from assistant.access import Principal
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.triage.tables import Table, columns_of, tickets_in
from assistant.triage.taking_home import Format, queue_file
from ui.markdown import literal
from ui.triage_state import TriageState
from ui.visit import Visit
from ui.words import counted

_ASKED = ("text", "subject", "id", "severity", "language")
_NONE = ""
_MOST_REJECTED = 200
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
                _writer(visit.citewell, visit.principal, form),
                file_name=f"tickets.{form}",
                mime=_MEDIA_TYPES[form],
                key=f"take_home_{form}",
                icon=":material/download:",
                on_click="ignore",
            )
    st.caption("A label is what was decided; what is only guessed stands beside it. No cell is calculated.")


def _writer(citewell: Citewell, principal: Principal, form: Format) -> Callable[[], bytes]:
    """Makes the file when it is asked for."""
    return lambda: queue_file(citewell.queue, principal, form)


def _draw_import(visit: Visit) -> None:
    most_mb = visit.citewell.limits.of(visit.principal).upload_mb
    given = st.file_uploader(
        "Bring tickets in: CSV, XLSX or JSON lines", key=TriageState().upload_key, max_upload_size=most_mb
    )
    if given is None:
        st.caption(
            "The first row names the columns. Nothing is brought in before you have seen what is taken for what."
        )
        return
    data, name = given.getvalue(), given.name
    try:
        columns = columns_of(data, name)
        named = _draw_columns(columns, _guessed(data, name))
        table = tickets_in(data, name, named)
    except AssistantError as error:
        st.error(literal(error.hint))
        return
    _draw_rejected(table)
    label = f"Bring {counted(len(table.tickets), 'ticket')} in"
    st.button(
        label, key="bring_in", type="primary", disabled=not table.tickets, on_click=_bring_in, args=(visit, table, name)
    )


def _guessed(data: bytes, name: str) -> Mapping[str, str]:
    """Which column is what, by its name; nothing where that cannot be told."""
    try:
        return tickets_in(data, name).columns
    except AssistantError:
        return {}


def _draw_columns(columns: Sequence[str], guessed: Mapping[str, str]) -> dict[str, str]:
    """Which column is what, to be put right."""
    st.markdown("What is taken for what:")
    chosen = {}
    with st.container(horizontal=True, key="triage_columns"):
        for field in _ASKED:
            column = guessed.get(field, _NONE)
            chosen[field] = st.selectbox(
                literal(field.capitalize()),
                [_NONE, *columns],
                index=columns.index(column) + 1 if column in columns else 0,
                key=f"column_{TriageState().upload_key}_{field}",
                format_func=lambda name: literal(name) or "none",
                width=180,
            )
    return {field: column for field, column in chosen.items() if column}


def _draw_rejected(table: Table) -> None:
    for note in table.notes:
        st.caption(literal(note))
    if not table.rejected:
        return
    st.markdown(f"{counted(len(table.rejected), 'row')} left out:")
    rows = [{"Line": row.line, "Because": row.reason} for row in table.rejected[:_MOST_REJECTED]]
    st.dataframe(rows, hide_index=True, key="triage_rejected", height="content")
    if len(table.rejected) > _MOST_REJECTED:
        st.caption(f"The first {_MOST_REJECTED:d} of {len(table.rejected):,d}.")


def _bring_in(visit: Visit, table: Table, name: str) -> None:
    """All of them or none; then the model looks at them."""
    state = TriageState()
    try:
        came = visit.citewell.queue.bring_in(table.tickets, visit.principal, source=name)
        visit.citewell.teaching.ask_to_guess(visit.principal)
    except AssistantError as error:
        state.notice = error.hint
        return
    known = f"; {came.known:,} {'was' if came.known == 1 else 'were'} there already" if came.known else ""
    state.notice = f"{counted(came.added, 'ticket')} brought in{known}."
    state.empty_upload()
