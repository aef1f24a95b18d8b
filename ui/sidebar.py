"""The sidebar: new chat, earlier conversations, the other pages."""

import streamlit as st

from assistant.conversations import Summary
from ui.markdown import literal
from ui.visit import Visit
from ui.words import shortened

_TITLE_CHARS = 80
_THREADS = 20


def draw_sidebar(visit: Visit, chat_page: "st.Page") -> str | None:
    """Draw it; returns the id of the conversation that was asked for, "" for a new one."""
    asked: str | None = None
    with st.sidebar:
        with st.container(key="wordmark"):
            st.markdown("Citewell")
        if st.button("New chat", key="new_chat", icon=":material/edit_square:", width="stretch"):
            asked = ""
        asked = _draw_threads(visit) or asked
        with st.container(key="pages", gap=None):
            st.page_link(chat_page, label="Ask", icon=":material/forum:", width="stretch")
            st.page_link("views/documents.py", label="Documents", icon=":material/folder_open:", width="stretch")
            st.page_link("views/check.py", label="Check a text", icon=":material/fact_check:", width="stretch")
            st.caption("Demo visitor" if visit.is_demo else "Single user, no sign-in")
    return asked


def _draw_threads(visit: Visit) -> str | None:
    threads = visit.citewell.conversations.list(visit.principal, limit=_THREADS)
    asked = None
    with st.container(key="threads", gap=None):
        if threads:
            st.caption("Earlier")
        for thread in threads:
            if _draw_thread(thread, is_current=thread.id == visit.state.conversation.id):
                asked = thread.id
    return asked


def _draw_thread(thread: Summary, *, is_current: bool) -> bool:
    key = f"thread_{'current_' if is_current else ''}{thread.id}"
    label = literal(shortened(thread.title, _TITLE_CHARS))
    return st.button(label, key=key, type="tertiary", width="stretch", wrap=False)
