"""The opened source beside an answer or a checked text."""

from collections.abc import Callable, Mapping

import streamlit as st

from assistant.conversations import StoredMessage
from ui.component import mount
from ui.source_view import DOCUMENT_PAGE, document_query, find_source, source_data
from ui.state import OpenSource


def draw_source(
    message: StoredMessage,
    opened: OpenSource,
    show: Callable[[OpenSource | None], None],
    *,
    come_back: Mapping[str, str] | None = None,
) -> None:
    """Draw it; `show` gets what is to stand open instead, and `come_back` tells the document's page where from."""
    source = find_source(message, opened)
    if source is None:
        show(None)
        return
    with st.container(key="source_panel"):
        data = source_data(message, opened, source)
        handlers = {"close": lambda _: show(None), "show": lambda target: show(opened_by(message.id, target))}
        asked = mount("source", data, key="source", on=handlers, returned=("document",))
    if asked["document"]:
        st.switch_page(f"views/{DOCUMENT_PAGE}.py", query_params={**document_query(source), **(come_back or {})})


def opened_by(message_id: int, target: Mapping[str, object]) -> OpenSource:
    """What a click on a chip or a button asks to be opened."""
    return OpenSource(message_id, str(target["kind"]), int(str(target["n"])))
