"""Limits and the audit log where people meet them: on the page."""

from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Sought
from assistant.bootstrap import SAMPLE_COLLECTION, Citewell, open_citewell
from assistant.errors import AssistantError, LimitReached
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.homes import new_home
from tests.ui.test_app import LEAVE, ask, page, said
from ui.identity import Identity
from ui.state import PageState
from ui.take_out import _writer
from ui.visit import Visit
from ui.words import hint_of

QUESTION = "How many days of annual leave do I have?"
AGAIN = "And how many days does a trainee have?"


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A home with one document, as the page opens it, where everybody may ask once a day and add one file an hour."""
    (tmp_path / "leave.md").write_text(LEAVE, "utf-8")
    home = open_citewell(Settings.read(home=new_home(tmp_path / "home"), sample=False))
    home.intake.read_paths([tmp_path / "leave.md"], collection=SAMPLE_COLLECTION)
    home.close()
    RUNNING.close()
    limits = {"CITEWELL_QUESTIONS_A_DAY": "1", "CITEWELL_UPLOADS_AN_HOUR": "1"}
    for name, value in {"CITEWELL_HOME": str(tmp_path / "home"), "CITEWELL_SAMPLE": "0", **limits}.items():
        monkeypatch.setenv(name, value)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    opened = RUNNING.get()
    assert opened is not None
    yield opened
    RUNNING.close()


def test_a_question_beyond_the_limit_goes_back_into_the_input_with_when_it_goes_on(citewell: Citewell) -> None:
    test = ask(page(), QUESTION)
    test = ask(test, AGAIN)
    assert "You have asked your 1 question of today; you can go on at 00:00" in unescape(said(test))
    assert test.chat_input[0].value == AGAIN
    messages = citewell.conversations.messages(test.query_params["c"], LOCAL_USER)
    assert [message.text for message in messages if message.role == "user"] == [QUESTION]


def test_files_beyond_the_limit_are_refused_with_the_text_back_in_the_input(citewell: Citewell) -> None:
    citewell.limits.take_uploads(LOCAL_USER, [("one.md", 1)])
    test = page()
    test.chat_input[0].upload("two.md", b"# Two\n\nTwo.\n").run()
    assert "You have added your 1 file of this hour; you can go on at " in unescape(said(test))
    assert citewell.attached.files(test.query_params["c"], LOCAL_USER) == ()


def test_sharing_exporting_and_revoking_are_recorded_without_what_was_said(citewell: Citewell) -> None:
    test = ask(page(), QUESTION)
    conversation = test.query_params["c"]
    test.button(key="share").click().run()
    (shared,) = citewell.snapshots.list(conversation, LOCAL_USER)
    test.button(key=f"revoke_{shared.id}").click().run()
    _writer(Visit(citewell, Identity(LOCAL_USER), PageState(), "192.0.2.7"), conversation, "md")()
    entries = citewell.audit.entries(Sought(actor=LOCAL_USER.key))
    assert [entry.action for entry in entries] == [
        Action.CONVERSATION_EXPORTED,
        Action.SHARING_REVOKED,
        Action.CONVERSATION_SHARED,
    ]
    assert (entries[0].target, entries[0].address, entries[0].detail) == (conversation, "192.0.2.7", {"format": "md"})
    assert "annual leave" not in repr(entries)
    assert shared.id not in repr(entries), "the log does not open what was shared"


@pytest.mark.parametrize(
    ("timezone", "clock"), [("Europe/Berlin", "01:00"), ("America/New_York", "19:00"), (None, "00:00 UTC")]
)
def test_when_it_goes_on_is_told_on_the_readers_clock(timezone: str | None, clock: str) -> None:
    error = LimitReached("questions_a_day", "You have asked your 200 questions of today", datetime(2026, 11, 28))
    assert hint_of(error, timezone) == f"You have asked your 200 questions of today; you can go on at {clock}."


def test_any_other_problem_is_told_as_it_is() -> None:
    assert hint_of(AssistantError("No {x}."), "Europe/Berlin") == "No {x}."
