"""What may be asked next, as buttons under the last answer. It is looked for after the answer, so it may come later."""

from collections.abc import Callable

import streamlit as st

from assistant.conversations import StoredMessage
from ui.markdown import literal
from ui.visit import Visit

Ask = Callable[[str], None]
_POLL_S = 0.7


def draw_follow_ups(visit: Visit, ask: Ask) -> None:
    """Draw them for the last answer on screen; while they are still looked for, look again."""
    messages = visit.state.conversation.messages
    last = messages[-1] if messages else None
    if last is None or not _may_go_on(last):
        return
    if last.follow_ups is None and visit.state.may_get_follow_ups:
        st.fragment(_look, run_every=_POLL_S)(visit)
        return
    if not last.follow_ups:
        return
    with st.container(key="follow_ups", horizontal=True, gap="xsmall"):
        for number, question in enumerate(last.follow_ups):
            st.button(literal(question), key=f"follow_up_{last.id}_{number}", on_click=ask, args=(question,))


def _look(visit: Visit) -> None:
    """Draw the page again once they are there, or will not come."""
    state, conversation_id = visit.state, visit.state.conversation.id
    if conversation_id is None:
        return
    newest = visit.citewell.conversations.messages(conversation_id, visit.principal, newest=1, with_work=False)
    if newest and newest[-1].follow_ups is None and state.may_get_follow_ups:
        return
    state.mark_stale()
    st.rerun(scope="app")


def _may_go_on(message: StoredMessage) -> bool:
    answer = message.work.answer if message.work else None
    return message.state == "done" and answer is not None and answer.status != "unanswerable" and answer.listed is None
