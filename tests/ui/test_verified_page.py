"""Verified answers on the pages: the form under an answer, the mark on one that is offered, the list."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.running import RUNNING
from assistant.verified.values import Wording
from retrieval.filters import Filters
from tests.conftest import document
from tests.ui.test_app import LEAVE, ask, documents, drawn, opened, page, said, settings
from ui.verified_state import Verifying

__all__ = ["documents", "opened", "settings"]
QUESTION = "How many days of paid annual leave does everyone have who works full time?"
OTHER_WORDS = "How many days of paid annual leave does everyone get who works full time?"
UNTIL = date.today() + timedelta(days=30)
RIGHT = "Everyone who works full time has 26 days of paid annual leave in a calendar year."


@pytest.fixture
def citewell(opened: Path) -> Iterator[Citewell]:
    """The open home, in which nothing is verified before or after."""
    page()
    citewell = RUNNING.get()
    assert citewell is not None
    yield citewell
    for known in citewell.verified.list(LOCAL_USER):
        citewell.verified.withdraw(known.id, LOCAL_USER)
    read_leave_anew(citewell, LEAVE)


def read_leave_anew(citewell: Citewell, text: str) -> None:
    own = collection(citewell)
    (entry,) = citewell.catalogue.documents(frozenset({own}), Filters(title="Leave"))
    citewell.intake.add_parsed(own, [(entry.path, document(text, title="Leave policy"))])


def collection(citewell: Citewell) -> str:
    return citewell.library.collections()[0].id


def verified(citewell: Citewell, question: str = QUESTION, text: str = RIGHT) -> int:
    return citewell.verified.add(collection(citewell), Wording((question,), UNTIL, text), LOCAL_USER)


def verified_page() -> AppTest:
    return page().switch_page("views/verified.py").run()


def test_an_editor_vouches_for_an_answer_and_whoever_asks_in_other_words_is_shown_by_whom_and_when(
    citewell: Citewell,
) -> None:
    test = ask(page(), QUESTION)
    (answer,) = drawn(test, "answer")
    assert answer["verifiable"] is True
    message_id = test.session_state["citewell_conversation"].messages[-1].id
    test.session_state["citewell_verifying"] = Verifying(message_id=message_id)
    test.run()
    assert test.text_input(key=f"m{message_id}_question").value == QUESTION
    assert test.text_area(key=f"m{message_id}_text").value.startswith(RIGHT[:20])
    test.button(key=f"m{message_id}_verify").click().run()
    assert [success.value for success in test.success if "offered from now on" in success.value]
    assert citewell.audit.entries()[0].action == Action.ANSWER_VERIFIED.value
    (answer,) = drawn(ask(page(), OTHER_WORDS), "answer")
    assert answer["verified"]["text"].startswith("Verified by the single user on ")
    assert answer["verified"]["question"] == QUESTION
    assert answer["again"] is True
    assert "verifiable" not in answer
    assert "notice" not in answer
    assert "checked on" in answer["verdict"]["text"]
    assert answer["citations"]


def test_what_cannot_be_verified_stays_in_the_form_with_the_reason(citewell: Citewell) -> None:
    test = verified_page()
    assert "will be here" in said(test)
    test.button(key="write_verified").click().run()
    test.text_input(key="new_question").set_value(QUESTION)
    test.text_area(key="new_text").set_value(RIGHT.replace("26", "28"))
    test.button(key="new_verify").click().run()
    assert "A source says otherwise" in "".join(error.value for error in test.error)
    test.text_area(key="new_text").set_value(RIGHT)
    test.button(key="new_verify").click().run()
    assert "1 verified answer; none is due for review." in said(test)
    assert citewell.verified.list(LOCAL_USER)[0].name == QUESTION


def test_after_a_change_it_is_listed_first_as_due_and_an_answer_that_showed_it_says_so(citewell: Citewell) -> None:
    verified(citewell, "When is the VPN updated?", "The VPN client updates itself at night.")
    verified_id = verified(citewell)
    test = ask(page(), OTHER_WORDS)
    read_leave_anew(citewell, LEAVE.replace("26", "28"))
    (answer,) = drawn(test.run(), "answer")
    assert "due for review" in answer["verified"]["doubt"]
    due = verified_page()
    assert "2 verified answers; 1 due for review." in said(due)
    assert "Due for review, and not offered: “Leave policy” was read in anew" in said(due)
    assert said(due).index("Due for review, and not") < said(due).index("Offered until")
    due.button(key=f"renew_{verified_id}").click().run()
    assert "A source says otherwise" in "".join(error.value for error in due.error)
    due.button(key=f"withdraw_now_{verified_id}").click().run()
    assert "1 verified answer; none is due for review." in said(due)
    assert citewell.audit.entries()[0].action == Action.VERIFIED_WITHDRAWN.value
    (answer,) = drawn(test.run(), "answer")
    assert "withdrawn since" in answer["verified"]["doubt"]


def test_one_click_vouches_for_it_again(citewell: Citewell) -> None:
    verified_id = verified(citewell)
    test = verified_page()
    test.button(key=f"renew_{verified_id}").click().run()
    assert citewell.verified.get(verified_id, LOCAL_USER).expires_on > UNTIL
    assert [success.value for success in test.success if success.value.startswith("Verified again, until")]


def test_what_somebody_wrote_is_never_markdown_on_the_list(citewell: Citewell) -> None:
    verified(citewell, "![x](https://evil.example/x.png) :red[x] leave?")
    assert "![x](" not in said(verified_page())
    assert ":red[" not in said(verified_page())


def test_a_question_is_answered_from_the_documents_once_the_answer_is_asked_for_again(citewell: Citewell) -> None:
    verified(citewell)
    test = ask(page(), OTHER_WORDS)
    message_id = test.session_state["citewell_conversation"].messages[-1].id
    conversation_id = test.session_state["citewell_conversation"].id
    turn = citewell.assistant.ask(
        OTHER_WORDS, conversation_id=conversation_id, principal=LOCAL_USER, instead_of=message_id
    )
    list(turn)
    (answer,) = drawn(page(c=conversation_id), "answer")
    assert "verified" not in answer
    assert len(answer["versions"]["ids"]) == 2
