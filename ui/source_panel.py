"""The opened source beside an answer or a checked text."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from assistant.conversations import StoredMessage
from assistant.narrowed import Narrowed
from retrieval.filters import Filters, OneDocument
from ui.choices import choose
from ui.component import mount
from ui.printed_page import draw_page
from ui.source_view import DOCUMENT_PAGE, Source, document_query, find_source, source_data
from ui.state import OpenSource
from ui.visit import Visit


def draw_source(
    visit: Visit,
    message: StoredMessage,
    opened: OpenSource,
    show: Callable[[OpenSource | None], None],
    *,
    can_narrow: bool = False,
    come_back: Mapping[str, str] | None = None,
) -> None:
    """Draw it; `show` gets what is to stand open instead, and `come_back` tells the document's page where from.

    With `can_narrow`, the questions of the conversation can be narrowed to its document.
    """
    source = find_source(message, opened)
    if source is None:
        show(None)
        return
    document_id = source.passage.source.id
    fate = visit.citewell.catalogue.fates([document_id], visit.readable).get(document_id)
    data = source_data(message, opened, source, fate=fate, timezone=st.context.timezone, can_narrow=can_narrow)
    handlers = {
        "close": lambda _: show(None),
        "show": lambda target: show(opened_by(message.id, target)),
        "only": lambda _: _narrow(visit, source),
    }
    with st.container(key="source_panel"):
        asked = mount("source", data, key="source", on=handlers, returned=("document",))
        if fate is None:
            draw_page(visit, source)
    if asked["document"]:
        st.switch_page(f"views/{DOCUMENT_PAGE}.py", query_params={**document_query(source), **(come_back or {})})


def _narrow(visit: Visit, source: Source) -> None:
    """Ask only this document from now on."""
    kept = source.passage.source
    visit.state.problem = None
    narrowed = Narrowed(filters=Filters(only=OneDocument(kept.collection, kept.path, kept.title)))
    choose(visit, replace(visit.state.conversation.choices, narrowed=narrowed))


def opened_by(message_id: int, target: Mapping[str, object]) -> OpenSource:
    """What a click on a chip or a button asks to be opened."""
    return OpenSource(message_id, str(target["kind"]), int(str(target["n"])))
