"""A table of tickets that was given to the page: the guess at its columns, to be put right, and the rows left out."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from assistant.errors import AssistantError
from assistant.triage.tables import Sheet, Table, guessed_columns, sheet_in, tickets_of
from ui.markdown import literal
from ui.tables import draw_table
from ui.triage_state import TriageState
from ui.visit import Visit
from ui.words import counted

_NONE = ""
_MOST_REJECTED = 200
_COLUMN_WIDTH = 180


def given_table(
    visit: Visit, label: str, purpose: str, fields: Sequence[str], *, needs: Sequence[str] = ()
) -> tuple[Table, str] | None:
    """The tickets of a file, by columns that whoever gave it has seen, and the file's name; None without a good one."""
    most_mb = visit.citewell.limits.of(visit.principal).upload_mb
    key = TriageState().upload_key(purpose)
    given = st.file_uploader(literal(label), key=key, max_upload_size=most_mb)
    if given is None:
        return None
    try:
        sheet = _sheet(given.file_id, given.name, given.getvalue)
        table = tickets_of(sheet, _draw_columns(sheet, fields, needs, key))
    except AssistantError as error:
        st.error(literal(error.hint))
        return None
    _draw_rejected(table)
    return table, given.name


def _sheet(file_id: str, name: str, read: Callable[[], bytes]) -> Sheet:
    state = TriageState()
    sheet = state.sheet(file_id)
    if sheet is None:
        with st.spinner("Reading the table"):
            sheet = sheet_in(read(), name)
        state.keep_sheet(file_id, sheet)
    return sheet


def _draw_columns(sheet: Sheet, fields: Sequence[str], needs: Sequence[str], key: str) -> dict[str, str]:
    """Which column is what, to be put right."""
    guessed, by_cells = guessed_columns(sheet, needs)
    st.markdown("What is taken for what:")
    chosen = {}
    with st.container(horizontal=True, key="triage_columns"):
        for field in fields:
            chosen[field] = _draw_column(sheet, field, guessed, key)
    for field in fields:
        if field in by_cells and chosen[field] == guessed[field]:
            st.caption(
                literal(
                    f"No column is named like the {field}. Probably it is “{guessed[field]}”, judging by its cells."
                )
            )
    missing = [
        field for field in ("text", *needs) if not chosen.get(field) and not (field == "text" and chosen.get("subject"))
    ]
    if missing:
        raise AssistantError(f"Say which column is the {missing[0]}; the columns are {', '.join(sheet.columns)}.")
    return {field: column for field, column in chosen.items() if column}


def _draw_column(sheet: Sheet, field: str, guessed: Mapping[str, str], key: str) -> str:
    columns, column = sheet.columns, guessed.get(field, _NONE)
    chosen: str = st.selectbox(
        literal(field.capitalize()),
        [_NONE, *columns],
        index=columns.index(column) + 1 if column in columns else 0,
        key=f"column_{key}_{field}",
        format_func=lambda name: literal(name) or "none",
        width=_COLUMN_WIDTH,
    )
    return chosen


def _draw_rejected(table: Table) -> None:
    for note in table.notes:
        st.caption(literal(note))
    if not table.rejected:
        return
    st.markdown(f"{counted(len(table.rejected), 'row')} left out:")
    rows = [{"Line": row.line, "Because": row.reason} for row in table.rejected[:_MOST_REJECTED]]
    draw_table(rows, key="triage_rejected", label="Rows left out")
    if len(table.rejected) > _MOST_REJECTED:
        st.caption(f"The first {_MOST_REJECTED:d} of {len(table.rejected):,d}.")
