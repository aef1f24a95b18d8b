"""From an answer of one's own to the inspector, for whoever may open that."""

import streamlit as st

from assistant.conversations import StoredMessage
from ui.evaluation_state import EVALUATION_PAGE, EvaluationState, Wanted
from ui.visit import Visit

_MOST_EARLIER = 2


def draw_way_to_inspector(visit: Visit, message: StoredMessage) -> None:
    """A button that asks the question anew there, with the questions before it."""
    if not visit.may_create:
        return
    said = visit.state.conversation.messages
    at = next((at for at, each in enumerate(said) if each.id == message.id), 0)
    asked = [each.text for each in said[:at] if each.role == "user"]
    if asked and st.button("Open in the inspector", key="to_inspector", icon=":material/frame_inspect:"):
        narrowed = message.work.narrowed if message.work else None
        collection = (narrowed.collection if narrowed else None) or ""
        EvaluationState().look_into(Wanted(asked[-1], tuple(asked[-1 - _MOST_EARLIER : -1]), collection))
        visit.state.explained = None
        st.switch_page(EVALUATION_PAGE)
