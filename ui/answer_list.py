"""The whole of a list that an answer began: its documents on the page of documents, by the page's address."""

from dataclasses import replace

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from assistant.conversations import StoredMessage
from assistant.events import DocumentList
from retrieval.catalogue import Wanted
from retrieval.errors import RetrievalError
from retrieval.values import Scope
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted

PARAMETER = "list"
_LIST: TypeAdapter[DocumentList] = TypeAdapter(DocumentList)
_MOST_CHARS = 4_000
_MOST_IDS = 30_000
"""What SQLite takes in one statement, and some to spare."""


def draw_link(message: StoredMessage) -> None:
    """Under an answer that names the first of many documents: the way to all of them."""
    work = message.work
    listed = work.answer.listed if work and work.answer else None
    if work is None or listed is None or listed.total <= listed.shown:
        return
    narrowed_to = work.narrowed.collection if work.narrowed else None
    listed = replace(listed, collection=listed.collection or narrowed_to)
    st.page_link(
        "views/documents.py",
        label=f"Show all {counted(listed.total, 'document')}",
        icon=":material/list:",
        query_params={PARAMETER: _LIST.dump_json(listed, exclude_defaults=True).decode()},
    )


def listed_in_address() -> DocumentList | None:
    """The list that the address asks for; None for what is none."""
    asked = st.query_params.get(PARAMETER, "")
    if not asked or len(asked) > _MOST_CHARS:
        return None
    try:
        return _LIST.validate_json(asked)
    except (ValidationError, RetrievalError):
        return None


def draw_strip(listed: DocumentList) -> None:
    """What the table is narrowed to, and the way back to all files."""
    parts = [f"mention “{listed.words}”"] if listed.words else []
    parts += [f"in {listed.collection}"] if listed.collection else []
    parts += listed.filters.in_words()
    with st.container(key="listed", horizontal=True, vertical_alignment="center"):
        st.markdown(literal(f"From an answer: the documents that are listed there ({', '.join(parts) or 'all'})."))
        st.button("Show all files", key="unlist", type="tertiary", icon=":material/close:", on_click=_unlist)


def narrowed_to_list(visit: Visit, listed: DocumentList, wanted: Wanted, scope: Scope) -> Wanted:
    """The table's wishes, within the list as its documents are now."""
    if listed.collection is not None:
        scope &= frozenset(c.id for c in visit.citewell.library.collections() if c.name == listed.collection)
    inventory = visit.citewell.assistant.inventory
    assert inventory is not None
    ids = sorted(inventory.entries(listed, scope))[:_MOST_IDS]
    return replace(wanted, only=frozenset(ids))


def _unlist() -> None:
    st.query_params.pop(PARAMETER, None)
