from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, update

from assistant.access import Principal
from assistant.conversations import Conversations, Work
from assistant.errors import FeedbackRefused
from assistant.feedback import MOST_COMMENT_CHARS, Feedback, Opinion, opinion_from
from assistant.schema import conversations as threads
from retrieval.database import open_database
from retrieval.trace import SearchTrace
from tests.ui.values import answer, citation, passage, sentence

ANNA, BELA = Principal("test", "anna"), Principal("test", "bela")
TEXT = "You have 26 days. [1]"
WRONG = Opinion(False, "wrong", "It is 27.")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def feedback(engine: Engine) -> Feedback:
    return Feedback(engine)


@pytest.fixture
def store(engine: Engine) -> Conversations:
    return Conversations(engine)


def answered(store: Conversations, owner: Principal = ANNA, question: str = "How many days?") -> int:
    """A finished answer with all that it was made of; returns its id."""
    message = store.begin(store.create(owner), owner, question)
    given = answer(TEXT, sentence(TEXT, TEXT, "supported", 1), citations=(citation(1),))
    store.save(message, state="done", text=TEXT, work=Work((passage(),), SearchTrace(collections=3), given))
    return message


def test_an_opinion_is_kept_changed_and_taken_back(store: Conversations, feedback: Feedback) -> None:
    message = answered(store)
    feedback.give(message, ANNA, Opinion(is_helpful=True))
    assert feedback.of([message], ANNA) == {message: Opinion(True)}
    feedback.give(message, ANNA, WRONG)
    assert feedback.of([message], ANNA) == {message: WRONG}
    feedback.withdraw(message, ANNA)
    assert feedback.of([message], ANNA) == {}


def test_it_comes_with_question_answer_passages_and_trace(store: Conversations, feedback: Feedback) -> None:
    message = answered(store)
    feedback.give(message, ANNA, WRONG)
    (judged,) = feedback.judged()
    assert (judged.opinion, judged.question, judged.answer) == (WRONG, "How many days?", TEXT)
    assert judged.work is not None
    assert judged.work.passages == (passage(),)
    assert judged.work.trace == SearchTrace(collections=3)
    assert judged.work.answer is not None


def test_each_answer_is_judged_with_its_own_question(store: Conversations, feedback: Feedback) -> None:
    conversation = store.create(ANNA)
    for question in ("first?", "second?"):
        message = store.begin(conversation, ANNA, question)
        store.save(message, state="done", text=question)
        feedback.give(message, ANNA, WRONG)
    assert sorted((j.question, j.answer) for j in feedback.judged()) == [("first?", "first?"), ("second?", "second?")]


def test_the_newest_come_first_and_can_be_asked_for_by_thumb(store: Conversations, feedback: Feedback) -> None:
    first, second = answered(store), answered(store)
    feedback.give(first, ANNA, WRONG)
    feedback.give(second, ANNA, Opinion(True))
    assert [judged.message_id for judged in feedback.judged()] == [second, first]
    assert [judged.message_id for judged in feedback.judged(is_helpful=False)] == [first]
    assert [judged.message_id for judged in feedback.judged(limit=1)] == [second]


def test_only_ones_own_finished_answer_is_judged_and_any_other_looks_absent(
    store: Conversations, feedback: Feedback
) -> None:
    theirs = answered(store, BELA)
    pending = store.begin(store.create(ANNA), ANNA, "not answered yet")
    hints = set()
    for message in (theirs, pending, pending - 1, 999_999):
        with pytest.raises(FeedbackRefused) as refused:
            feedback.give(message, ANNA, WRONG)
        hints.add(refused.value.hint)
    assert len(hints) == 1
    assert feedback.judged() == ()


def test_nobody_reads_or_withdraws_anothers_opinion(store: Conversations, feedback: Feedback) -> None:
    message = answered(store)
    feedback.give(message, ANNA, WRONG)
    feedback.withdraw(message, BELA)
    assert feedback.of([message], BELA) == {}
    assert feedback.of([message], ANNA) == {message: WRONG}


def test_it_goes_with_its_conversation_and_is_not_seen_once_that_is_deleted(
    engine: Engine, store: Conversations, feedback: Feedback
) -> None:
    message = answered(store)
    feedback.give(message, ANNA, WRONG)
    with engine.begin() as connection:
        connection.execute(update(threads).values(deleted_at=threads.c.created_at))
    assert feedback.judged() == ()
    store.forget(ANNA)
    assert feedback.of([message], ANNA) == {}


def test_a_comment_is_kept_to_the_letter_up_to_its_limit(store: Conversations, feedback: Feedback) -> None:
    message = answered(store)
    hostile = "<script>alert(1)</script> $x$ ![](http://evil.example) '; DROP TABLE feedback; --\u202e"
    feedback.give(message, ANNA, Opinion(False, "other", hostile))
    assert feedback.of([message], ANNA)[message].comment == hostile
    feedback.give(message, ANNA, Opinion(False, "other", "x" * MOST_COMMENT_CHARS))
    with pytest.raises(FeedbackRefused, match="Shorten it"):
        feedback.give(message, ANNA, Opinion(False, "other", "x" * (MOST_COMMENT_CHARS + 1)))


def test_a_helpful_answer_has_no_reason_against_it() -> None:
    assert opinion_from({"is_helpful": True, "reason": "wrong", "comment": " fine "}) == Opinion(True, None, "fine")


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "yes",
        [],
        {},
        {"is_helpful": "perhaps"},
        {"is_helpful": False, "reason": "no such reason"},
        {"is_helpful": False, "comment": 7},
        {"is_helpful": False, "comment": "x" * (MOST_COMMENT_CHARS + 1)},
    ],
)
def test_what_a_browser_sends_is_an_opinion_or_refused(sent: object) -> None:
    with pytest.raises(FeedbackRefused):
        opinion_from(sent)
