"""The conversation on screen and the one in the database, while an answer is written and after it."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import streamlit as st

from assistant.access import Principal, Role
from assistant.conversations import Conversations
from assistant.events import Answer, Event, TurnStopped, Usage
from assistant.jobs import JOBS
from retrieval.database import open_database
from ui.address import refresh
from ui.state import Conversation, PageState

ANNA = Principal("test", "anna", Role.ADMIN)


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    engine = open_database(f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield Conversations(engine)
    engine.dispose()
    st.session_state.clear()


def test_a_reloaded_tab_sees_the_end_of_an_answer_that_another_run_stopped(conversations: Conversations) -> None:
    """The answer may end between two runs of the page; the tab must not lose sight of it."""
    conversation = conversations.create(ANNA)
    message, may_end = conversations.begin(conversation, ANNA, "What do cats do?"), Flag()

    def turn(_: object) -> Iterator[Event]:
        may_end.wait(10)
        conversations.save(message, state="stopped", text="Cats.")
        yield TurnStopped(Answer("Cats.", "answered", (), (), Usage(), {}))

    job = JOBS.start(ANNA, conversation, "What do cats do?", turn)
    state = PageState()
    state.conversation = Conversation(conversation, is_stale=True)
    assert refresh(state, conversations, ANNA) is job
    assert state.conversation.messages == ()
    may_end.set()
    assert job.wait_ended(10)
    assert refresh(state, conversations, ANNA) is job, "watched to its end"
    state.end_watching(job.events())
    state.mark_stale()
    assert refresh(state, conversations, ANNA) is None
    assert [m.text for m in state.conversation.messages] == ["What do cats do?", "Cats."]
