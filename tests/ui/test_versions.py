"""Branches on the page, drawn without a browser: what another tab does shows, and where an answer grows is drawn once."""

from pathlib import Path
from threading import Event as Flag

from assistant.access import LOCAL_USER
from assistant.events import Answer, TurnStopped, Usage
from assistant.jobs import JOBS
from tests.ui.test_app import ask, conversations, documents, drawn, home, opened, page, said, settings

__all__ = ["documents", "home", "opened", "settings"]
QUESTION = "How many days of annual leave do I have?"


def questions(test: object) -> list[str]:
    return [question["text"] for question in drawn(test, "question")]  # type: ignore[arg-type]


def test_a_question_is_shown_as_it_was_written(home: Path) -> None:
    written = "$5 to $10?\n\n# **Bold** <b>x</b> `code` \\frac{1}{2} :red[now]\n```\nשלום\n```"
    assert questions(ask(page(), written)) == [written]


def test_what_steers_the_direction_of_writing_is_made_visible(home: Path) -> None:
    assert questions(ask(page(), "pay \u202eevil\u202c now")) == ["pay \ufffdevil\ufffd now"]


def test_a_version_chosen_or_asked_in_another_tab_shows_in_this_one(home: Path) -> None:
    test = ask(page(), QUESTION)
    conversation = test.query_params["c"]
    question, answer = conversations().messages(conversation, LOCAL_USER)
    again = conversations().begin(conversation, LOCAL_USER, QUESTION, instead_of=answer.id)
    conversations().save(again, state="done", text="Another answer.")
    (shown,) = drawn(test.run(), "answer")
    assert shown["versions"] == {"ids": [answer.id, again], "at": 1}
    assert "Another answer." in str(shown["blocks"])
    conversations().choose(conversation, LOCAL_USER, answer.id)
    (shown,) = drawn(test.run(), "answer")
    assert shown["versions"]["at"] == 0
    edited = conversations().begin(conversation, LOCAL_USER, "put differently", instead_of=question.id)
    conversations().save(edited, state="done", text="A third answer.")
    assert questions(test.run()) == ["put differently"]
    assert drawn(test, "question")[0]["versions"]["at"] == 1


def test_only_what_has_versions_carries_them(home: Path) -> None:
    test = ask(page(), QUESTION)
    assert "versions" not in drawn(test, "question")[0]
    assert "versions" not in drawn(test, "answer")[0]


def test_a_tab_follows_a_conversation_that_is_deleted_elsewhere(home: Path) -> None:
    test = ask(page(), QUESTION)
    conversations().forget(LOCAL_USER)
    assert "was deleted elsewhere" in said(test.run())
    assert drawn(test, "answer") == []


def test_while_an_answer_is_given_again_its_question_is_drawn_once(home: Path) -> None:
    """The tab sees the end of what another one began, and the old answer is out of the way meanwhile."""
    test = ask(page(), QUESTION)
    conversation = test.query_params["c"]
    answer = conversations().messages(conversation, LOCAL_USER)[-1]
    begun, may_end = Flag(), Flag()

    def turn(_: object) -> object:
        again = conversations().begin(conversation, LOCAL_USER, QUESTION, instead_of=answer.id)
        begun.set()
        may_end.wait(0.5)
        conversations().save(again, state="stopped", text="Cut short.")
        yield TurnStopped(Answer("Cut short.", "partial", (), (), Usage(), {}))

    JOBS.start(LOCAL_USER, conversation, QUESTION, turn, instead_of=answer.id)  # type: ignore[arg-type]
    assert begun.wait(5)
    test.run()
    assert questions(test) == [QUESTION]
    (shown,) = drawn(test, "answer")
    assert "Cut short." in str(shown["blocks"])
