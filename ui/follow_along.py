"""A tab that nobody touches follows along: what is asked in another tab appears in it without a click."""

import streamlit as st

from assistant.errors import ConversationNotFound
from assistant.jobs import JOBS
from ui.visit import Visit

_LOOK_S = 3.0


def follow_along(visit: Visit) -> None:
    """Look from time to time whether the conversation on screen went on elsewhere; then draw the page again."""
    if visit.state.conversation.id is not None:
        st.fragment(_look, run_every=_LOOK_S)(visit)


def _look(visit: Visit) -> None:
    if _went_on(visit):
        visit.state.see_elsewhere()
        st.rerun(scope="app")


def _went_on(visit: Visit) -> bool:
    shown = visit.state.conversation
    if shown.id is None:
        return False
    try:
        leaf = visit.citewell.conversations.leaf(shown.id, visit.principal)
    except ConversationNotFound:  # Deleted elsewhere; the page says so when it is drawn again.
        return True
    return leaf != shown.leaf or JOBS.running(visit.principal, shown.id) is not None
