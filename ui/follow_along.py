"""A tab that nobody touches follows along: what is asked in another tab appears in it without a click, and whoever is
let in no longer sees nothing more.

It looks for both at once: each look is a run of its own, and many tabs are open at the same time. An answer that another
process writes grows by what is stored each second. Where that process is gone, the others mark the answer as
interrupted, and so it ends here.

A page asks for these looks with the last thing that it draws, and each run's are its own. Streamlit forgets what a run
has drawn and not yet sent where a look comes in the moment in which that run ends: where many asked, a page lost its
answer or its follow-ups until it was loaded again. A look of an earlier run is dropped instead.
"""

from collections.abc import Callable
from itertools import count

import streamlit as st

from assistant.conversations import OPEN, Newest
from assistant.errors import ConversationNotFound
from assistant.jobs import JOBS
from ui.visit import Visit

LOOK_S, _LOOK_AT_OPEN_S = 4.0, 1.0
_RUNS = count()


def is_answered_elsewhere(visit: Visit) -> bool:
    """Whether the newest answer on screen is being written by another process."""
    messages = visit.state.conversation.messages
    return bool(messages) and messages[-1].state in OPEN and visit.state.job is None


def follow_along(visit: Visit) -> None:
    """Look from time to time whether the conversation on screen went on elsewhere, and whether its reader is still let
    in; then draw the page again.
    """
    if visit.state.conversation.id is not None or visit.identity.person is not None:
        every_s = _LOOK_AT_OPEN_S if is_answered_elsewhere(visit) else LOOK_S
        st.fragment(_look_of_this_run(), run_every=every_s)(visit)


def _look_of_this_run() -> Callable[[Visit], None]:
    """`look` under a name that no run before had: by its name Streamlit knows a fragment."""

    def look_of_this_run(visit: Visit) -> None:
        look(visit)

    look_of_this_run.__qualname__ = f"look_{next(_RUNS)}"
    return look_of_this_run


def look(visit: Visit) -> None:
    """Look once; ends the run where the page is to be drawn again."""
    if not visit.identity.is_let_in():
        st.rerun(scope="app")
    if _went_on(visit):
        visit.state.see_elsewhere()
        st.rerun(scope="app")


def _went_on(visit: Visit) -> bool:
    shown = visit.state.conversation
    if shown.id is None:
        return False
    try:
        newest = visit.citewell.conversations.newest(shown.id, visit.principal)
    except ConversationNotFound:  # Deleted elsewhere; the page says so when it is drawn again.
        return True
    return _has_changed(visit, newest) or JOBS.running(visit.principal, shown.id) is not None


def _has_changed(visit: Visit, newest: Newest | None) -> bool:
    shown = visit.state.conversation
    if newest is None or newest.id != shown.leaf or not shown.messages:
        return (newest and newest.id) != shown.leaf
    last = shown.messages[-1]
    return last.state in OPEN and (newest.state, newest.chars) != (last.state, len(last.text))
