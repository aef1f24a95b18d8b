"""Under an answer that left something open: that the documents say it by now."""

from collections.abc import Callable, Sequence

import streamlit as st

from assistant.conversations import StoredMessage
from assistant.gaps.board import AnswerNow
from retrieval.dates import full_date
from ui.markdown import literal
from ui.visit import Visit
from ui.words import local_time


def answers_now(visit: Visit, messages: Sequence[StoredMessage]) -> dict[int, AnswerNow]:
    """Which of these answers have a better one now, by id, of those that were not given again since."""
    ids = [message.id for message in messages if message.role == "assistant" and _is_newest(message)]
    return visit.citewell.gaps.answers_now(ids, visit.principal) if ids else {}


def draw_answer_now(found: AnswerNow, message_id: int, ask: Callable[[], None] | None) -> None:
    """Say it, and offer to ask again: the new answer becomes a version beside the old one."""
    on = full_date(local_time(found.at, st.context.timezone))
    with st.container(key=f"answer_now_{message_id}", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/check_circle: **There is an answer now**, in “{literal(found.title)}” (since {literal(on)})."
        )
        if ask is not None:
            st.button("Show the new answer", key=f"ask_now_{message_id}", icon=":material/replay:", on_click=ask)


def _is_newest(message: StoredMessage) -> bool:
    return not message.versions or message.id == message.versions[-1]
