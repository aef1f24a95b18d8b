"""What may be asked next, as buttons under the last answer. It is looked for after the answer, so it may come later."""

import time
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.conversations import StoredMessage
from ui.live_answer import leave_if_superseded
from ui.markdown import literal
from ui.visit import Visit

Ask = Callable[[str], None]
_LOOK_S, _STEP_S = 0.3, 0.1


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
    """Draw them there once they are found. The page stands by then; whatever a person does meanwhile goes first."""
    state, conversation_id = visit.state, visit.state.conversation.id
    while conversation_id is not None and state.may_get_follow_ups:
        newest = visit.citewell.conversations.messages(conversation_id, visit.principal, newest=1, with_work=False)
        if newest and newest[-1].follow_ups is not None:
            state.mark_stale()
            with place.container():
                _draw(newest[-1].id, newest[-1].follow_ups, ask)
            return
        _rest(_LOOK_S)


def _rest(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(_STEP_S)
        leave_if_superseded()


def _draw(message_id: int, follow_ups: Sequence[str], ask: Ask) -> None:
    with st.container(key="follow_ups", horizontal=True, gap="xsmall"):
        for number, question in enumerate(follow_ups):
            st.button(literal(question), key=f"follow_up_{message_id}_{number}", on_click=ask, args=(question,))


def _may_go_on(message: StoredMessage) -> bool:
    answer = message.work.answer if message.work else None
    return message.state == "done" and answer is not None and answer.status != "unanswerable" and answer.listed is None
