"""A model's wording of a follow-up is one more query; whatever it does wrong, the search goes on without it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.access import Principal, Role
from assistant.conversations import Conversations
from assistant.events import AnswerFinished, Event, PassagesFound
from assistant.llm import Deadlines, Message, OpenAIModel
from assistant.rewrite import Attempt, Rewrite, cleaned, rewrite_follow_up
from assistant.turn import Assistant
from assistant.usage import Usage
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from tests.assistant.scripted_endpoint import HANG, HEAD, RESET, Script, ScriptedEndpoint, chunk, error, reply
from tests.conftest import Shelf, open_shelf

ANNA = Principal("test", "anna", Role.ADMIN)
FIRST = "How many days of paid leave does everybody have?"
FOLLOW_UP = "And how is it for part-timers?"
MEANT = "How many days of paid leave do part-timers have?"
HISTORY = (Message("user", FIRST), Message("assistant", "Everybody has 30 days of paid leave a year [1]."))
DOCUMENTS = {
    "Leave policy": "Everybody has 30 days of paid leave a year. Part-timers have paid leave in proportion to their hours.",
    "Remote work": "Staff may work from home on up to three days a week. The team lead agrees the days in writing.",
}


def attempt(
    script: Script, question: str = FOLLOW_UP, history: Sequence[Message] = HISTORY, *, timeout_s: float = 5.0
) -> tuple[Attempt, int]:
    """What comes of it, and how many requests it took."""
    with ScriptedEndpoint([script]) as endpoint:
        model = OpenAIModel(endpoint.url, None, "m", timeouts=Deadlines(3, 3, 8), max_retries=0)
        made = rewrite_follow_up(question, history, model, cancelled=lambda: False, timeout_s=timeout_s)
        return made, len(endpoint.requests)


def test_a_follow_up_that_leans_on_the_history_is_put_in_words_that_stand_alone() -> None:
    with ScriptedEndpoint([reply("How many days of ", "paid leave do part-timers have?")]) as endpoint:
        model = OpenAIModel(endpoint.url, None, "m")
        made = rewrite_follow_up(FOLLOW_UP, HISTORY, model, cancelled=lambda: False)
        (request,) = endpoint.requests
    assert made == Attempt(Rewrite(MEANT, "model"), usage=Usage(7, 2, "m"))
    said = request.body["messages"][0]["content"]
    assert FIRST in said
    assert "30 days of paid leave a year" in said
    assert "[1]" not in said
    assert request.body["max_tokens"] == 120


@pytest.mark.parametrize(
    ("question", "history"),
    [
        pytest.param("Who approves a business trip to Berlin?", HISTORY, id="stands alone"),
        pytest.param(FOLLOW_UP, (), id="nothing before"),
        pytest.param(FOLLOW_UP, (Message("assistant", "Hello."),), id="nothing asked before"),
    ],
)
def test_a_question_that_needs_no_rewrite_costs_no_call(question: str, history: Sequence[Message]) -> None:
    assert attempt(reply(MEANT), question, history) == (Attempt(), 0)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((HANG,), id="says nothing"),
        pytest.param((HEAD, *(chunk("word "), 0.1) * 40), id="never ends"),
    ],
)
def test_a_rewrite_that_takes_too_long_is_waited_for_no_longer(script: Script) -> None:
    began = time.monotonic()
    made, _ = attempt(script, timeout_s=0.6)
    assert time.monotonic() - began < 2
    assert made.rewrite is None
    assert made.note is not None
    assert "within 0.6 s" in made.note


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param((HEAD, chunk("How many"), RESET), "as it stands", id="breaks off"),
        pytest.param(error(500, "no"), "as it stands", id="server error"),
        pytest.param(error(429, "later", Retry_After="1"), "as it stands", id="busy"),
        pytest.param(error(401, "no"), "as it stands", id="wrong key"),
        pytest.param(reply("I'm sorry, I cannot help with that."), "is no question", id="refusal"),
        pytest.param(reply("Part-timers have 15 days.\nThat is in proportion."), "is no question", id="several lines"),
        pytest.param(reply("why " * 200), "is no question", id="too long"),
        pytest.param(reply("…"), "is no question", id="no word"),
        pytest.param(reply("How many days", finish="length"), "is no question", id="cut off"),
    ],
)
def test_a_failure_is_noted_in_one_sentence_and_keeps_nobody_waiting(script: Script, why: str) -> None:
    began = time.monotonic()
    made, _ = attempt(script)
    assert time.monotonic() - began < 2
    assert made.rewrite is None
    assert made.note is not None
    assert why in made.note


def test_a_rewrite_that_changes_nothing_is_none_and_no_failure() -> None:
    assert attempt(reply(FOLLOW_UP)) == (Attempt(usage=Usage(7, 1, "m")), 1)


@pytest.mark.parametrize("said", [f"“{MEANT}”", f"Standalone question: {MEANT}", f"  {MEANT}\n", f"**{MEANT}**"])
def test_what_models_put_around_a_question_is_taken_off(said: str) -> None:
    assert cleaned(said) == MEANT


@pytest.fixture
def assistant(tmp_path: Path, embedder: Embedder) -> Iterator[Assistant]:
    """Without a model, over two documents."""
    shelf: Shelf = open_shelf(tmp_path, embedder)
    shelf.add("company", **DOCUMENTS)
    engine = open_database(f"sqlite:///{tmp_path / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue)
    yield Assistant(shelf.library, retriever, Conversations(engine), embedder, None, 200)
    engine.dispose()
    shelf.indexes.close()
    shelf.library.close()


def conversation(
    assistant: Assistant, *turns: tuple[str, str | None], id_: str | None = None
) -> list[tuple[Event, ...]]:
    """The events of each turn of one conversation, a new one or this, given as (question, the reader's rewrite)."""
    id_ = id_ or assistant.conversations.create(ANNA)
    return [
        tuple(assistant.ask(question, conversation_id=id_, principal=ANNA, rewrite=rewrite))
        for question, rewrite in turns
    ]


def searched(events: tuple[Event, ...]) -> PassagesFound:
    return next(event for event in events if isinstance(event, PassagesFound))


def test_the_rewrite_is_one_more_query_and_is_stored_with_the_turn(assistant: Assistant) -> None:
    with ScriptedEndpoint([reply("30 days [1]."), reply(MEANT), reply("In proportion [1].")]) as endpoint:
        spoken = replace(assistant, model=OpenAIModel(endpoint.url, None, "m"))
        id_ = assistant.conversations.create(ANNA)
        _, events = conversation(spoken, (FIRST, None), (FOLLOW_UP, None), id_=id_)
        assert FOLLOW_UP in endpoint.requests[2].body["messages"][-1]["content"]
    found = searched(events)
    assert found.rewrite == Rewrite(MEANT, "model")
    assert [query.kind for query in found.trace.queries] == ["asked", "with_previous", "rewritten"]
    assert sum(query.weight for query in found.trace.queries) == pytest.approx(1)
    stored = assistant.conversations.messages(id_, ANNA)[-1].work
    assert stored is not None
    assert stored.rewrite == Rewrite(MEANT, "model")


def test_a_turn_whose_rewrite_fails_is_answered_and_its_trace_says_so(assistant: Assistant) -> None:
    with ScriptedEndpoint([reply("30 days [1]."), error(500, "no"), reply("In proportion [1].")]) as endpoint:
        model = OpenAIModel(endpoint.url, None, "m", max_retries=0)
        _, events = conversation(replace(assistant, model=model), (FIRST, None), (FOLLOW_UP, None))
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].answer.notice is None
    assert searched(events).rewrite is None
    assert "searched for as it stands" in searched(events).trace.notes[0]


def test_the_readers_own_words_are_searched_for_and_answered_without_asking_the_model(assistant: Assistant) -> None:
    with ScriptedEndpoint([reply("30 days [1]."), reply("Three days [1].")]) as endpoint:
        spoken = replace(assistant, model=OpenAIModel(endpoint.url, None, "m"))
        words = "How many days a week may staff work from home?"
        _, events = conversation(spoken, (FIRST, None), (FOLLOW_UP, words))
        assert len(endpoint.requests) == 2
        assert words in endpoint.requests[1].body["messages"][-1]["content"]
    assert searched(events).rewrite == Rewrite(words, "reader")
    assert "Remote work" in {passage.source.title for passage in searched(events).passages}


def test_a_question_asked_again_keeps_the_context_it_had(assistant: Assistant) -> None:
    _, once, again = conversation(assistant, (FIRST, None), (FOLLOW_UP, None), (FOLLOW_UP, None))
    assert searched(again).trace.queries == searched(once).trace.queries
    assert any(FIRST in query.text for query in searched(again).trace.queries)
