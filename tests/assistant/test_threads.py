"""The list of conversations: its order, what is found in it, and what becomes of what is archived or deleted."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from assistant.access import Principal
from assistant.conversations import Conversations
from assistant.errors import ConversationNotFound
from assistant.events import Event
from assistant.jobs import JobRegistry
from assistant.narrowed import Narrowed
from assistant.schema import conversations as conversation_table
from assistant.schema import messages
from assistant.threads import KEPT, Choices, Threads, around
from assistant.usage import Usage
from retrieval.database import open_database
from retrieval.filters import Filters
from retrieval.folding import fold

ANNA, BELA = Principal("test", "anna"), Principal("test", "bela")
NOON = datetime(2026, 11, 27, 12)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_database(database)
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine) -> Conversations:
    return Conversations(engine)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def threads(engine, clock) -> Threads:
    return Threads(engine, JobRegistry(), clock)


def asked(conversations: Conversations, question: str, answer: str = "", *, by: Principal = ANNA) -> str:
    """A new conversation with one question and its answer."""
    conversation = conversations.create(by)
    conversations.save(conversations.begin(conversation, by, question), state="done", text=answer)
    return conversation


def ids(listed: Any) -> list[str]:
    return [thread.id for thread in listed]


def test_the_list_is_the_persons_own_with_the_one_asked_last_first(conversations, threads):
    first, second = asked(conversations, "one"), asked(conversations, "two")
    conversations.begin(first, ANNA, "three")
    assert [(t.id, t.title) for t in threads.list(ANNA)] == [(first, "one"), (second, "two")]
    assert threads.list(BELA) == ()


def test_a_conversation_in_which_nothing_was_asked_is_not_listed(conversations, threads):
    conversations.create(ANNA)
    assert threads.list(ANNA) == ()


def test_pinned_ones_stand_above_the_newer_until_they_are_unpinned(conversations, threads, clock):
    oldest, middle, newest = (asked(conversations, word) for word in ("a", "b", "c"))
    threads.pin(middle, ANNA)
    clock.now += timedelta(seconds=1)
    threads.pin(oldest, ANNA)
    assert ids(threads.list(ANNA)) == [oldest, middle, newest]
    assert [t.is_pinned for t in threads.list(ANNA)] == [True, True, False]
    threads.pin(oldest, ANNA, wanted=False)
    assert ids(threads.list(ANNA)) == [middle, newest, oldest]


def test_a_new_name_stays_when_a_model_thinks_of_one_later_and_none_means_the_question(conversations, threads):
    conversation = asked(conversations, "How many days of leave?")
    message = conversations.messages(conversation, ANNA)[-1].id
    threads.rename(conversation, ANNA, "  My \n leave ")
    conversations.follow_up(message, (), title="Paid leave", usage=Usage())
    assert [t.title for t in threads.list(ANNA)] == ["My leave"]
    threads.rename(conversation, ANNA, "   ")
    assert [t.title for t in threads.list(ANNA)] == ["How many days of leave?"]


def test_an_archived_one_leaves_the_list_with_its_pin_and_can_be_brought_back(conversations, threads):
    conversation = asked(conversations, "one")
    threads.pin(conversation, ANNA)
    assert not threads.has_put_away(ANNA)
    threads.archive(conversation, ANNA)
    assert threads.list(ANNA) == ()
    assert ids(threads.list(ANNA, archived=True)) == [conversation]
    assert threads.has_put_away(ANNA)
    assert len(conversations.messages(conversation, ANNA)) == 2, "it can still be read"
    threads.archive(conversation, ANNA, wanted=False)
    assert [(t.id, t.is_pinned) for t in threads.list(ANNA)] == [(conversation, False)]


def test_a_deleted_one_is_absent_everywhere_until_it_is_taken_back_as_it_was(conversations, threads):
    conversation = asked(conversations, "one", "an answer")
    threads.pin(conversation, ANNA)
    threads.delete(conversation, ANNA)
    assert threads.list(ANNA) == ()
    assert threads.search(ANNA, "answer") == ()
    for act in (conversations.messages, conversations.count, threads.choices, threads.delete):
        with pytest.raises(ConversationNotFound):
            act(conversation, ANNA)
    with pytest.raises(ConversationNotFound):
        conversations.begin(conversation, ANNA, "more")
    assert ids(threads.deleted(ANNA)) == [conversation]
    threads.restore(conversation, ANNA)
    assert [(t.id, t.is_pinned) for t in threads.list(ANNA)] == [(conversation, True)]
    assert conversations.messages(conversation, ANNA)[-1].text == "an answer"


def test_after_an_hour_a_deleted_one_is_gone_for_good_at_the_next_look(engine, conversations, threads, clock):
    kept, gone = asked(conversations, "one"), asked(conversations, "two")
    threads.delete(gone, ANNA)
    clock.now += KEPT
    threads.list(ANNA)
    assert ids(threads.deleted(ANNA)) == [gone], "exactly an hour is still in time"
    clock.now += timedelta(seconds=1)
    with pytest.raises(ConversationNotFound):
        threads.restore(gone, ANNA)
    assert ids(threads.list(BELA)) == [], "anybody's look will do"
    with engine.connect() as connection:
        assert connection.execute(messages.select()).mappings().all()[0]["conversation_id"] == kept
        assert len(connection.execute(messages.select()).all()) == 2


def test_purging_says_which_conversations_went(conversations, threads, clock):
    gone = asked(conversations, "one")
    threads.delete(gone, ANNA)
    assert threads.purge() == ()
    clock.now += KEPT + timedelta(seconds=1)
    assert threads.purge() == (gone,)


def test_deleting_stops_the_answer_that_is_being_written(engine, conversations):
    jobs, conversation, begun = JobRegistry(), conversations.create(ANNA), Flag()

    def turn(cancelled: Callable[[], bool]) -> Iterator[Event]:
        conversations.begin(conversation, ANNA, "q")
        begun.set()
        while not cancelled():
            Flag().wait(0.01)
        yield from ()

    job = jobs.start(ANNA, conversation, "q", turn)
    assert begun.wait(10)
    Threads(engine, jobs).delete(conversation, ANNA)
    assert job.wait_ended(10)


def test_words_are_found_in_titles_and_in_texts_with_what_stands_around_them(conversations, threads):
    said = asked(conversations, "How many days?", "Everyone has 26 days of paid annual leave in a year.")
    named = asked(conversations, "And then?")
    threads.rename(named, ANNA, "Annual leave")
    asked(conversations, "Another thing", "Nothing of the kind.")
    asked(conversations, "annual leave", by=BELA)
    title, text = threads.search(ANNA, "ANNUAL Leave")
    assert (title.thread.id, title.match) == (named, "Annual leave")
    assert (text.thread.id, text.match) == (said, "annual leave")
    assert text.before.endswith("days of paid ")
    assert text.after == " in a year."


@pytest.mark.parametrize("character", ["%", "_", "\\", "/", "*", "'", '"', "[", "?"])
def test_every_character_stands_for_itself(conversations, threads, character):
    said = asked(conversations, f"x{character}y and more")
    asked(conversations, "x and y, xzy, x\\\\y?")
    assert ids(hit.thread for hit in threads.search(ANNA, f"X{character}Y")) == [said]


def test_case_and_accents_make_no_difference_in_any_script(conversations, threads):
    said = asked(conversations, "Où est le CAFÉ? ΣΊΣΥΦΟΣ, İstanbul")
    for words in ("café", "cafe", "σισυ", "istanbul", "OÙ"):
        assert ids(hit.thread for hit in threads.search(ANNA, words)) == [said], words


def test_archived_ones_are_found_too_and_say_so(conversations, threads):
    conversation = asked(conversations, "about otters")
    threads.archive(conversation, ANNA)
    assert [hit.thread.is_archived for hit in threads.search(ANNA, "otters")] == [True]


@pytest.mark.parametrize("words", ["", "   ", "\u0301", "\0"])
def test_words_that_say_nothing_find_nothing(conversations, threads, words):
    asked(conversations, "anything")
    assert threads.search(ANNA, words) == ()


def test_of_ten_thousand_conversations_the_newest_that_say_it_come_first(engine, threads):
    owner, many = ANNA.key, 10_000
    rows = [{"id": f"{n:032x}", "owner": owner, "created_at": NOON} for n in range(many)]
    said = [
        {
            "conversation_id": f"{n:032x}",
            "role": role,
            "text": f"number {n} {'otters' if n % 100 == 0 else 'nothing'}",
            "state": "done",
            "created_at": NOON + timedelta(seconds=n),
        }
        for n in range(many)
        for role in ("user", "assistant")
    ]
    with engine.begin() as connection:
        connection.execute(insert(conversation_table), rows)
        connection.execute(insert(messages), said)
    found = threads.search(ANNA, "OTTERS", limit=5)
    assert [hit.thread.title for hit in found] == [f"number {n} otters" for n in (9900, 9800, 9700, 9600, 9500)]
    assert [t.title for t in threads.list(ANNA, limit=2)] == ["number 9999 nothing", "number 9998 nothing"]


def test_what_was_chosen_is_remembered_for_the_conversation(conversations, threads):
    first, second = conversations.create(ANNA), conversations.create(ANNA)
    narrowed = Narrowed("HR", Filters(frozenset({"PDF"}), "travel", dated_from=NOON.date()))
    choices = Choices(narrowed, "steps", "large-model")
    threads.choose(first, ANNA, choices)
    assert threads.choices(first, ANNA) == choices
    assert threads.choices(second, ANNA) == Choices()
    threads.choose(first, ANNA, Choices())
    assert threads.choices(first, ANNA) == Choices()


@pytest.mark.parametrize("verb", ["choices", "choose", "rename", "pin", "archive", "delete", "restore"])
def test_anothers_conversation_and_an_absent_one_look_the_same(conversations, threads, verb):
    foreign = asked(conversations, "a secret")
    more = {"choose": (Choices(),), "rename": ("mine now",)}.get(verb, ())
    hints = []
    for conversation in (foreign, "0" * 32):
        with pytest.raises(ConversationNotFound) as refused:
            getattr(threads, verb)(conversation, BELA, *more)
        hints.append(refused.value.hint)
    assert hints[0] == hints[1]
    assert [t.title for t in threads.list(ANNA)] == ["a secret"], "nothing was changed"


@given(st.text(max_size=80), st.text(min_size=1, max_size=6), st.text(max_size=300))
def test_what_is_shown_around_a_match_is_a_piece_of_the_text_and_the_match_says_what_was_sought(before, words, after):
    text, sought = before + words + after, fold(words).strip()
    shown = around(text, sought)
    assert one_line("".join(shown)).removeprefix("…").removesuffix("…") in one_line(text)
    assert len("".join(shown)) <= 40 + 100 + len(words) + 10
    if shown[1]:
        assert one_line(sought) in one_line(fold(shown[1]))
    assert shown[1] or not text.isascii() or not sought, "plain text always shows the place"


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
