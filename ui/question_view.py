"""A question on screen, as it was written and with what may be done with it, and the way between versions."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from assistant.conversations import StoredMessage
from assistant.errors import ConversationNotFound
from assistant.jobs import JOBS
from assistant.markup import visible
from ui.component import mount
from ui.visit import Visit

Choose = Callable[[object], None]
"""Brings the branch of a message on screen, by its id."""


def draw_question(text: str, *, key: str = "question_asked") -> None:
    """A question as it was written, with nothing to be done with it; at first the one that is being answered."""
    with st.chat_message("user"):
        mount("question", {"text": visible(text)}, key=key)


def draw_stored_question(message: StoredMessage, *, edited: Callable[[object], None], choose: Choose) -> None:
    """A question of the conversation, to be copied and put differently; `edited` gets its new words."""
    data = {"text": visible(message.text), "is_stored": True, **versions_data(message)}
    with st.chat_message("user"):
        mount("question", data, key=f"question_{message.id}", on={"edited": edited, "version": choose})


def versions_data(message: StoredMessage) -> dict[str, Any]:
    """The place of a message among its versions, for the component; nothing where it is the only one."""
    if not message.versions:
        return {}
    at = message.versions.index(message.id)
    return {"versions": {"ids": message.versions, "at": at}}


def chooser(visit: Visit) -> Choose:
    """What brings a version on screen."""

    def choose(message_id: object) -> None:
        state, conversation_id = visit.state, visit.state.conversation.id
        if conversation_id is None:
            return
        state.problem = None
        if JOBS.running(visit.principal, conversation_id) is not None:
            state.problem = "An answer is being written here: wait for it, or stop it, and then look at other versions."
            return
        try:
            visit.citewell.conversations.choose(conversation_id, visit.principal, int(str(message_id)))
        except ConversationNotFound as error:
            state.problem = error.hint
        state.mark_stale()

    return choose
