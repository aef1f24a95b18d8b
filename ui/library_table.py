"""The table of files: filtered, sorted and paged by SQL, so that ten thousand are as quick as ten."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal, get_args

import streamlit as st

from assistant.markup import visible
from assistant.narrowed import Narrowed
from retrieval.catalogue import Entry, SortKey, Status, Wanted
from retrieval.dates import utc_now
from retrieval.filters import Filters
from retrieval.library import Collection
from retrieval.values import Scope
from ui.answer_list import draw_strip, listed_in_address, narrowed_to_list
from ui.choices import ask_only
from ui.library_jobs import FileStatus, draw_files, start_again
from ui.markdown import literal
from ui.source_view import DOCUMENT_PAGE
from ui.state import Asked
from ui.visit import Visit
from ui.words import counted, local_time, size

PAGE_ROWS = 100
_ROWS_SHOWN = 14
_ROW_PX = 35
_FAILURES_SHOWN = 20
_SORTS: Mapping[str, tuple[SortKey, bool]] = {
    "File name": ("path", False),
    "Title": ("title", False),
    "Read in, newest first": ("at", True),
    "Read in, oldest first": ("at", False),
    "Dated, newest first": ("dated", True),
    "Type": ("format", False),
    "Largest first": ("bytes", True),
    "Most passages first": ("passages", True),
}
_STATUSES: Mapping[str, Status | None] = {"All files": None, "Read in": "read", "Not read in": "failed"}
_Since = Literal["Any time", "Today", "Last 7 days", "Last 30 days", "Between two days"]
_DAYS: Mapping[str, int] = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29}


def draw_table(visit: Visit, scope: Scope, collection: Collection | None) -> None:
    """The files of the collections in scope; those that are selected can be opened, read again and deleted."""
    if listed := listed_in_address():
        draw_strip(listed)
    wanted = _draw_filters(visit, scope)
    if listed:
        wanted = narrowed_to_list(visit, listed, wanted, scope)
    head = st.container(horizontal=True, vertical_alignment="center", key="table_head", gap="xsmall")
    place = st.container(key="table_place", gap="xsmall")
    first = visit.citewell.catalogue.page(scope, wanted, limit=PAGE_ROWS)
    page = _draw_pages(first.total, wanted, scope)
    shown = (
        first
        if page == 1
        else visit.citewell.catalogue.page(scope, wanted, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS)
    )
    entries = shown.entries
    with place:
        if not entries:
            st.caption(literal(_nothing(wanted)))
            return
        selected = _draw_rows(visit, entries, with_collection=collection is None and len(scope) > 1)
        _draw_reasons(entries)
    with head:
        _draw_head(visit, selected, first.total, page)
        if not selected and wanted.only is None:
            _draw_ask(visit, collection, wanted.filters)


def _nothing(wanted: Wanted) -> str:
    if wanted == Wanted(sort=wanted.sort, descending=wanted.descending):
        return "Nothing in here yet."
    return "No file fits. Take a filter away, or try fewer letters of the name."


# What is wanted.


def _draw_filters(visit: Visit, scope: Scope) -> Wanted:
    formats = visit.citewell.catalogue.formats(scope)
    with st.container(horizontal=True, key="filters", gap="small"):
        text = st.text_input(
            "Find a document", placeholder="Title or file name", key="find", type="search", persist_state="session"
        )
        types = st.multiselect("Type", formats, key="types", placeholder="All types", format_func=visible)
        status = st.selectbox("Status", list(_STATUSES), key="status", persist_state="session")
        since = st.selectbox("Read in", get_args(_Since), key="since", persist_state="session")
        sort = st.selectbox("Sort by", list(_SORTS), key="sort", persist_state="session")
    first, last = _draw_days() if since == "Between two days" else _days(since)
    # What a browser sends need not be among what it was offered.
    key, descending = _SORTS.get(sort, _SORTS["File name"])
    filters = Filters(frozenset(types), name=text or "", read_from=first, read_to=last)
    return Wanted(filters, _STATUSES.get(status), sort=key, descending=descending)


def _days(since: str) -> tuple[date | None, date | None]:
    return (utc_now().date() - timedelta(days=_DAYS[since]), None) if since in _DAYS else (None, None)


def _draw_days() -> tuple[date | None, date | None]:
    days = st.date_input("Between", value=[], key="days", format="YYYY-MM-DD")
    chosen = days if isinstance(days, tuple) else ()
    return (chosen[0] if chosen else None), (chosen[1] if len(chosen) > 1 else None)


def _draw_pages(total: int, wanted: Wanted, scope: Scope) -> int:
    """Which page of the list; another list begins at its first."""
    pages = max(1, -(-total // PAGE_ROWS))
    if pages == 1:
        return 1
    return st.pagination(pages, key=f"pages_{_fingerprint((wanted, sorted(scope), pages))}")


# The rows.


def _draw_rows(visit: Visit, entries: Sequence[Entry], *, with_collection: bool) -> tuple[Entry, ...]:
    """Draws them and returns those selected. Rows that change take another key: a selection never slips to a neighbour."""
    cited = visit.citewell.conversations.times_cited([entry.id for entry in entries if entry.id is not None])
    key = f"files_{_fingerprint([(entry.id, entry.collection_id, entry.path) for entry in entries])}"

    def opened() -> None:
        visit.state.opening = entries[st.session_state[f"open_{key}"].row].id

    chosen = st.dataframe(
        [_row(entry, cited, st.context.timezone) for entry in entries],
        key=key,
        height="content" if len(entries) <= _ROWS_SHOWN else (_ROWS_SHOWN + 1) * _ROW_PX,
        hide_index=True,
        column_order=_columns(entries, with_collection=with_collection),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Files of the collection; Shift and Space select a row",
        column_config={
            "Open": st.column_config.ButtonColumn("", type="tertiary", width=64, key=f"open_{key}", on_click=opened),
            "Document": st.column_config.TextColumn(width=260),
            "Not read in": st.column_config.TextColumn(width="large"),
            "Dated": st.column_config.DateColumn(format="D MMM YYYY"),
            "Read in": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "File": st.column_config.TextColumn(width="medium"),
        },
    )
    if visit.state.opening is not None:
        opening, visit.state.opening = visit.state.opening, None
        open_document(opening)
    return tuple(entries[row] for row in chosen["selection"]["rows"] if row < len(entries))


def open_document(document_id: int) -> None:
    """Go to the document's own page, from which one comes back to this list."""
    query = {"id": str(document_id), "from": "documents", **st.query_params.to_dict()}
    st.switch_page(f"views/{DOCUMENT_PAGE}.py", query_params=query | {"id": str(document_id)})


def _columns(entries: Sequence[Entry], *, with_collection: bool) -> list[str]:
    """No column that has nothing in it on this page."""
    failed = [entry for entry in entries if entry.reason is not None]
    wanted = {
        "Open": len(failed) < len(entries),
        "Document": True,
        "Collection": with_collection,
        "Not read in": bool(failed),
        "Type": True,
        "Dated": any(entry.dated for entry in entries),
        "Pages": any(entry.pages for entry in entries),
        "Passages": len(failed) < len(entries),
        "Quoted": len(failed) < len(entries),
        "Read in": True,
        "Size": True,
        "File": True,
        "Notes": any(entry.notes for entry in entries),
    }
    return [name for name, is_there in wanted.items() if is_there]


def _row(entry: Entry, cited: Mapping[int, int], timezone: str | None) -> dict[str, Any]:
    is_read = entry.id is not None
    return {
        "Open": "Open" if is_read else None,
        "Document": visible(entry.title),
        "Collection": visible(entry.collection),
        "Not read in": visible(entry.reason or ""),
        "Type": visible(entry.format),
        "Dated": entry.dated,
        "Pages": entry.pages or None,
        "Passages": entry.passages if is_read else None,
        "Quoted": cited.get(entry.id, 0) if entry.id is not None else None,
        "Read in": local_time(entry.at, timezone) if is_read else None,
        "Size": size(entry.bytes),
        "File": visible(entry.path),
        "Notes": visible(" ".join(entry.notes)),
    }


def _draw_reasons(entries: Sequence[Entry]) -> None:
    """Why files of this page were not read in, in full."""
    failed = [FileStatus(entry.path, "failed", entry.reason) for entry in entries if entry.reason is not None]
    if not failed:
        return
    with st.container(key="reasons", gap="xsmall"):
        verb = "was" if len(failed) == 1 else "were"
        st.markdown(f"**{counted(len(failed), 'file')} {literal(verb)} not read in**")
        draw_files(failed[:_FAILURES_SHOWN], key="failed_files", label="Files that were not read in")
        if len(failed) > _FAILURES_SHOWN:
            st.caption(f"And {len(failed) - _FAILURES_SHOWN:d} more on this page; the table names them.")


# What can be done with them.


def _draw_head(visit: Visit, selected: Sequence[Entry], total: int, page: int) -> None:
    if not selected:
        hint = " Select rows to read them again or to delete them." if visit.editable else ""
        st.caption(literal(f"{_shown_of(total, page)}.{hint}"))
        return
    st.caption(f"{counted(len(selected), 'file')} selected")
    ids = tuple(entry.id for entry in selected if entry.id is not None)
    if len(ids) == len(selected) == 1 and _action("Open", "article", "open_selected"):
        open_document(ids[0])
    if any(entry.collection_id not in visit.editable for entry in selected):
        return
    failures = tuple((entry.collection_id, entry.path) for entry in selected if entry.id is None)
    again = "Try again" if failures and not ids else "Read again"
    _action(again, "refresh", "again_selected", lambda: _read_again(visit, selected))
    _action("Delete selected", "delete", "delete_selected", lambda: _ask_to_delete(visit, ids, failures))


def _draw_ask(visit: Visit, collection: Collection | None, filters: Filters) -> None:
    """Where these are not all documents: a way to ask them alone."""
    is_chosen = collection is not None and len(visit.collections) > 1
    narrowed = Narrowed(collection.name if collection and is_chosen else None, filters)
    if narrowed:
        label = "Ask these documents" if filters else "Ask this collection"
        _action(label, "forum", "ask_these", lambda: ask_only(visit, narrowed))


def _shown_of(total: int, page: int) -> str:
    if total <= PAGE_ROWS:
        return counted(total, "file")
    return f"{(page - 1) * PAGE_ROWS + 1:,}–{min(total, page * PAGE_ROWS):,} of {counted(total, 'file')}"


def _action(label: str, icon: str, key: str, act: Callable[[], None] | None = None) -> bool:
    return st.button(literal(label), icon=f":material/{icon}:", key=key, type="tertiary", on_click=act)


def _read_again(visit: Visit, selected: Sequence[Entry]) -> None:
    for collection_id in {entry.collection_id for entry in selected}:
        start_again(visit, collection_id, [e.path for e in selected if e.collection_id == collection_id])


def _ask_to_delete(visit: Visit, ids: tuple[int, ...], failures: tuple[tuple[str, str], ...]) -> None:
    visit.state.asked = Asked("delete_files", ids=ids, failures=failures)


def _fingerprint(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:16]
