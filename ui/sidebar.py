"""The sidebar: new chat, search, earlier conversations, the other pages."""

import streamlit as st

from assistant.access import may_create, may_triage
from assistant.audit import Action
from ui.markdown import literal
from ui.state import SEARCH_KEY, ThreadListState
from ui.thread_list import draw_threads
from ui.visit import Visit

_NEW_CHAT = "Ctrl+Shift+O"
"""As in other assistants; no browser keeps it from the page."""


def draw_sidebar(visit: Visit, chat_page: "st.Page") -> str | None:
    """Draw it; returns the id of the conversation that was asked for, "" for a new one."""
    with st.sidebar:
        with st.container(key="wordmark"):
            st.markdown("Citewell")
        is_new = st.button(
            "New chat", key="new_chat", icon=":material/edit_square:", width="stretch", shortcut=_NEW_CHAT, wrap=False
        )
        words = st.text_input(
            "Search conversations",
            key=SEARCH_KEY,
            type="search",
            live=True,
            placeholder="Search",
            icon=":material/search:",
            label_visibility="collapsed",
        )
        with st.container(key="threads"):
            asked = draw_threads(visit, words)
        with st.container(key="pages", gap=None):
            st.page_link(chat_page, label="Ask", icon=":material/forum:", width="stretch")
            st.page_link("views/documents.py", label="Documents", icon=":material/folder_open:", width="stretch")
            st.page_link("views/check.py", label="Check a text", icon=":material/fact_check:", width="stretch")
            if may_triage(visit.principal):
                st.page_link("views/triage.py", label="Triage", icon=":material/inbox:", width="stretch")
            if may_create(visit.principal) and not visit.is_demo:
                st.page_link("views/gaps.py", label="Gaps", icon=":material/live_help:", width="stretch")
                st.page_link("views/insights.py", label="Insights", icon=":material/monitoring:", width="stretch")
                st.page_link("views/evaluation.py", label="Evaluation", icon=":material/analytics:", width="stretch")
            if visit.principal.is_admin and visit.identity.person is not None:
                st.page_link("views/admin.py", label="Administration", icon=":material/shield_person:", width="stretch")
            st.page_link("views/settings.py", label="Settings", icon=":material/settings:", width="stretch")
            _draw_who(visit)
    if is_new or asked:
        ThreadListState().deleted = None
    return "" if is_new else asked


def _draw_who(visit: Visit) -> None:
    """Who is signed in, and the way out."""
    person = visit.identity.person
    if person is None:
        st.caption("Demo visitor" if visit.is_demo else "Single user, no sign-in")
        return
    st.caption(f"{literal(person.name)} · {literal(person.role.value)}")
    st.button("Sign out", key="sign_out", type="tertiary", icon=":material/logout:", on_click=_leave, args=(visit,))


def _leave(visit: Visit) -> None:
    visit.record(Action.SIGNED_OUT)
    visit.identity.sign_out()
