"""The conversation in the page's address, `?c=<id>`: it survives a reload and can be opened in a second tab.

An id is no credential: whoever it does not belong to sees what they would see if it did not exist.
"""

from dataclasses import replace

import streamlit as st

from assistant.access import Principal
from assistant.conversations import OPEN, Conversations, StoredMessage
from assistant.errors import ConversationNotFound
from assistant.jobs import JOBS, AnswerJob
from ui.state import Conversation, PageState

PARAMETER = "c"


def follow_address(state: PageState) -> None:
    """Take on the conversation that the address names, or write the one on screen into it."""
    asked, shown = st.query_params.get(PARAMETER), state.conversation.id
    if asked is None and shown is not None:
        st.query_params[PARAMETER] = shown
    elif asked is not None and asked != shown:
        state.leave_conversation()
        state.conversation = Conversation(asked, is_stale=True)


def refresh(state: PageState, conversations: Conversations, principal: Principal) -> AnswerJob | None:
    """Bring the mirror in step with the database; returns the answer under way, if there is one.

    While it is under way the mirror stands still: question and answer are drawn from the job.
    """
    shown = state.conversation
    if shown.id is None:
        return None
    # Adopted, so that this tab sees its end through, whenever that comes.
    job = state.job = state.job or JOBS.running(principal, shown.id)
    if not shown.is_stale:
        state.conversation = _settled(shown, job) if job else shown
        return job
    try:
        conversation = _read(state, conversations, principal)
        if job is None and _is_open(conversation.messages):
            # It ended, or was taken up by another process, between the two looks.
            job = state.job = JOBS.running(principal, shown.id)
            conversation = _read(state, conversations, principal)
    except ConversationNotFound as error:
        state.leave_conversation()
        state.problem = error.hint
        del st.query_params[PARAMETER]
        return None
    state.conversation = _settled(conversation, job) if job else conversation
    return job


def _read(state: PageState, conversations: Conversations, principal: Principal) -> Conversation:
    shown = state.conversation
    assert shown.id is not None
    branch = conversations.branch(shown.id, principal, newest=state.shown, known=shown.messages)
    earlier = branch.total - len(branch.messages)
    return replace(shown, messages=branch.messages, earlier=earlier, leaf=branch.leaf, is_stale=False)


def _is_open(messages: tuple[StoredMessage, ...]) -> bool:
    return bool(messages) and messages[-1].state in OPEN


def _settled(conversation: Conversation, job: AnswerJob) -> Conversation:
    """Without the question being answered, which is drawn from the job, and without what it takes the place of."""
    messages = conversation.messages
    if _is_open(messages):
        return replace(conversation, messages=messages[:-2])
    at = next((at for at, message in enumerate(messages) if message.id == job.instead_of), None)
    if at is None:
        return conversation
    question_at = at if messages[at].role == "user" else max(0, at - 1)
    return replace(conversation, messages=messages[:question_at])
