"""What may be asked next, as buttons under the last answer. It is looked for after the answer, so it may come later."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.conversations import StoredMessage
from assistant.errors import ConversationNotFound
from assistant.follow_ups import SOUGHT
from ui.follow_along import LOOK_S, look
from ui.live_answer import leave_if_superseded
from ui.markdown import literal
from ui.visit import Visit

Ask = Callable[[str], None]
_STEP_S = 0.2


def draw_follow_ups(visit: Visit, ask: Ask) -> DeltaGenerator | None:
    """Draw them for the last answer on screen; the place for them while they are still looked for."""
    messages = visit.state.conversation.messages
    last = messages[-1] if messages else None
    if last is None or not _may_go_on(last):
        return None
    if last.follow_ups is None and visit.state.may_get_follow_ups:
        return st.empty()
    if last.follow_ups:
        _draw(last.id, last.follow_ups, ask)
    return None


def await_follow_ups(visit: Visit, place: DeltaGenerator, ask: Ask) -> None:
    """Draw them there once they are found. The page stands by then; whatever a person does meanwhile goes first, and it
    is looked here what `follow_along` looks for later.
    """
    state, answer, looked_at = visit.state, visit.state.conversation.messages[-1], time.monotonic()
    while state.may_get_follow_ups and not SOUGHT.wait(answer.id, timeout_s=_STEP_S):
        leave_if_superseded()
        if time.monotonic() - looked_at > LOOK_S:
            look(visit)
            looked_at = time.monotonic()
    if found := _found(visit, answer.id):
        state.mark_stale()
        with place.container():
            _draw(answer.id, found, ask)


def _found(visit: Visit, answer_id: int) -> Sequence[str]:
    """What is stored with the answer by now, where it still is the last one on screen."""
    conversation_id = visit.state.conversation.id
    assert conversation_id is not None
    with suppress(ConversationNotFound):  # Deleted elsewhere: the page says so when it is drawn again.
        newest = visit.citewell.conversations.messages(conversation_id, visit.principal, newest=1, with_work=False)
        if newest and newest[-1].id == answer_id:
            return newest[-1].follow_ups or ()
    return ()


def _draw(message_id: int, follow_ups: Sequence[str], ask: Ask) -> None:
    with st.container(key="follow_ups", horizontal=True, gap="xsmall"):
        for number, question in enumerate(follow_ups):
            st.button(literal(question), key=f"follow_up_{message_id}_{number}", on_click=ask, args=(question,))


def _may_go_on(message: StoredMessage) -> bool:
    answer = message.work.answer if message.work else None
    return message.state == "done" and answer is not None and answer.status != "unanswerable" and answer.listed is None
