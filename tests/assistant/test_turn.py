"""A whole turn with real parts: a library on disk, the local embedding, and a model endpoint that plays scripts."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from assistant.access import Principal
from assistant.circuit import GuardedModel
from assistant.conversations import Conversations
from assistant.errors import ConversationNotFound, QuestionRefused
from assistant.events import (
    Answer,
    AnswerFinished,
    AnswerReplaced,
    Event,
    ModelWaiting,
    PassagesFound,
    SentenceChecked,
    TextDelta,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from assistant.house_rules import HouseRules
from assistant.jobs import JobRegistry
from assistant.llm import Deadlines, Message, OpenAIModel
from assistant.schema import messages
from assistant.turn import MOST_QUESTION_CHARS, Assistant
from assistant.usage import Prices, Usage
from prompts import Style, prompt_version
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.errors import UnknownCollection
from retrieval.retriever import CitewellRetriever
from retrieval.tokens import count_tokens
from retrieval.values import ParsedDocument, Section
from tests.assistant.scripted_endpoint import DONE, HANG, HEAD, RESET, Script, ScriptedEndpoint, chunk, error, reply
from tests.conftest import Shelf, open_shelf

ANNA = Principal("test", "anna")
BELA = Principal("test", "bela")
LEAVE = "How many days of paid leave does everybody have?"
FOREIGN = "Which volcano erupted on Iceland in 2010?"
RIGHT = "Everybody has 30 days of paid leave a year [1]."
QUICK = Deadlines(first_token_s=3, idle_s=0.7, total_s=8)
DOCUMENTS = {
    "Leave policy": "Everybody has 30 days of paid leave a year. Unused days lapse on 31 March of the following year. "
    "Leave is requested in the staff portal and approved by the team lead within five working days.",
    "Remote work": "Staff may work from home on up to three days a week. The team lead agrees the days in writing. "
    "A desk and a chair are paid for once, up to 400 euros.",
    "Passwords": "A password has at least fourteen characters and is never shared. Sign-in needs a second factor. "
    "After six wrong attempts the account is locked for half an hour.",
    "Visitors": "Visitors sign in at the reception and wear a badge. Nobody walks through the workshop alone.",
}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    """Four documents that agree, and two dated ones that do not."""
    shelf = open_shelf(tmp_path_factory.mktemp("turn"), embedder)
    shelf.add("company", **DOCUMENTS)
    travel = shelf.library.create_collection("travel").id
    shelf.intake.add_parsed(
        travel,
        [
            dated("Travel policy 2024", "The daily meal allowance is 40 euros for every travelling day.", 2024),
            dated("Travel policy 2026", "The daily meal allowance is 55 euros for every travelling day.", 2026),
        ],
    )
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


@pytest.fixture
def conversations(stocked: Shelf) -> Iterator[Conversations]:
    """What is stored beside the documents, in the same database."""
    engine = open_database(f"sqlite:///{stocked.directory / 'library.sqlite'}")
    yield Conversations(engine)
    engine.dispose()


@pytest.fixture
def assistant(stocked: Shelf, conversations: Conversations, embedder: Embedder) -> Assistant:
    """Without a model."""
    retriever = CitewellRetriever(engine=stocked.search, catalogue=stocked.catalogue, limit=8)
    return Assistant(stocked.library, retriever, conversations, embedder, None, 200, today=lambda: date(2026, 11, 3))


def dated(title: str, text: str, year: int) -> tuple[str, ParsedDocument]:
    return f"{title}.md", ParsedDocument(title, text, (Section((), 0, len(text)),), dated=date(year, 3, 1))


def model_at(url: str) -> OpenAIModel:
    return OpenAIModel(url, None, "scripted", timeouts=QUICK, max_retries=0)


def closed_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def asked(
    assistant: Assistant,
    question: str,
    *,
    collection: str = "company",
    cancelled: Callable[[], bool] = lambda: False,
    conversation: str | None = None,
    style: Style = "standard",
) -> tuple[Event, ...]:
    conversation = conversation or assistant.conversations.create(ANNA)
    turn = assistant.ask(
        question, conversation_id=conversation, principal=ANNA, collection=collection, cancelled=cancelled, style=style
    )
    return tuple(turn)


def with_script(
    assistant: Assistant, script: Script, question: str = LEAVE, *, collection: str = "company"
) -> tuple[tuple[Event, ...], ScriptedEndpoint]:
    """The events of a turn whose model plays one script, and the endpoint afterwards."""
    with ScriptedEndpoint([script]) as endpoint:
        return asked(replace(assistant, model=model_at(endpoint.url)), question, collection=collection), endpoint


def answer_of(events: Sequence[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, AnswerFinished | TurnStopped | TurnFailed)
    assert last.answer is not None
    return last.answer


def joined(events: Sequence[Event]) -> str:
    """The text as whoever watches has it at the end."""
    text = ""
    for event in events:
        if isinstance(event, AnswerReplaced):
            text = ""
        elif isinstance(event, TextDelta):
            text += event.text
    return text


def replaced_in(events: Sequence[Event]) -> tuple[Answer, ...]:
    return tuple(event.answer for event in events if isinstance(event, AnswerReplaced))


def proof_holds(events: Sequence[Event], shelf: Shelf) -> bool:
    """Citations come from the passages that were found, and each quote is its document's text."""
    (found,) = (event.passages for event in events if isinstance(event, PassagesFound))
    everything = frozenset(collection.id for collection in shelf.library.collections())
    for citation in answer_of(events).citations:
        assert citation.passage in found
        _, parsed = shelf.library.document(citation.passage.source.id, everything)
        assert parsed.text[citation.start : citation.end] == citation.quote
        assert citation.quote
    return True


def stopping() -> tuple[Callable[[], bool], threading.Event]:
    stopped = threading.Event()
    return stopped.is_set, stopped


ENDINGS: dict[str, tuple[Script, str, type[Event]]] = {
    "answered": (reply("Everybody has 30 days ", "of paid leave a ye", "ar [1]", "."), LEAVE, AnswerFinished),
    "declined": (reply("never asked"), FOREIGN, AnswerFinished),
    "cut by the length limit": (reply(RIGHT, " And unused", finish="length"), LEAVE, AnswerFinished),
    "failed with a reset": ((HEAD, chunk(RIGHT + " Unused da"), 0.1, RESET), LEAVE, TurnFailed),
    "ended early": (
        (
            HEAD,
            chunk(
                RIGHT + " Unused days [",
            ),
            DONE,
        ),
        LEAVE,
        TurnFailed,
    ),
    "fell silent": ((HEAD, chunk(RIGHT), HANG), LEAVE, TurnFailed),
    "never began": (error(500, "out of memory"), LEAVE, AnswerFinished),
    "said nothing": (reply(""), LEAVE, AnswerFinished),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_joined_deltas_are_the_answers_text_and_what_is_stored(ending, assistant, stocked):
    script, question, kind = ENDINGS[ending]
    with ScriptedEndpoint([script]) as endpoint:
        conversation = assistant.conversations.create(ANNA)
        events = asked(replace(assistant, model=model_at(endpoint.url)), question, conversation=conversation)
    assert isinstance(events[-1], kind)
    text = answer_of(events).text
    assert text == joined(events)
    assert text.strip()
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert stored.text == text
    assert stored.state == ("failed" if kind is TurnFailed else "done")
    assert stored.work is not None
    assert stored.work.answer == answer_of(events)
    assert proof_holds(events, stocked)


def test_a_stopped_answer_keeps_its_text_within_half_a_second(assistant, stocked):
    cancelled, stopped = stopping()
    conversation = assistant.conversations.create(ANNA)
    events: list[Event] = []
    with ScriptedEndpoint([(HEAD, chunk(f"{RIGHT} Unused days lapse "), HANG)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        for event in talking.ask(LEAVE, conversation_id=conversation, principal=ANNA, cancelled=cancelled):
            events.append(event)
            if isinstance(event, TextDelta) and not stopped.is_set():
                stopped.set()
                since = time.monotonic()
        assert time.monotonic() - since < 0.5
        assert endpoint.left.wait(2), "the endpoint was left talking"
    assert isinstance(events[-1], TurnStopped)
    answer = answer_of(events)
    assert answer.text == joined(events)
    assert answer.text.startswith("Everybody has 30 days")
    assert [citation.n for citation in answer.citations] == [1]
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert (stored.state, stored.text) == ("stopped", answer.text)


def test_stop_before_the_first_word_ends_at_once_and_empty(assistant):
    cancelled, stopped = stopping()
    threading.Timer(0.2, stopped.set).start()
    with ScriptedEndpoint([(HANG,)]) as endpoint:
        since = time.monotonic()
        events = asked(replace(assistant, model=model_at(endpoint.url)), LEAVE, cancelled=cancelled)
        assert time.monotonic() - since < 2
    assert isinstance(events[-1], TurnStopped)
    assert answer_of(events).text == joined(events) == ""


def test_the_question_is_stored_before_the_model_is_called(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        turn = talking.ask(LEAVE, conversation_id=conversation, principal=ANNA)
        assert isinstance(next(turn), TurnStarted)
        question, pending = assistant.conversations.messages(conversation, ANNA)
        assert (question.text, pending.state) == (LEAVE, "pending")
        assert isinstance(next(turn), PassagesFound)
        assert assistant.conversations.messages(conversation, ANNA)[-1].state == "pending"
        assert endpoint.requests == []
        assert isinstance(next(turn), TextDelta)
        streaming = assistant.conversations.messages(conversation, ANNA)[-1]
        assert (streaming.state, bool(streaming.work and streaming.work.passages)) == ("streaming", True)
        list(turn)
        assert len(endpoint.requests) == 1


def test_a_right_answer_is_supported_and_cites_the_sentence_it_rests_on(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days ", "of paid leave a year [1]."))
    answer = answer_of(events)
    assert answer.status == "answered"
    assert [sentence.support for sentence in answer.sentences] == ["supported"]
    assert [(c.n, c.passage.source.title) for c in answer.citations] == [(1, "Leave policy")]
    assert "30 days of paid leave" in answer.citations[0].quote
    assert answer.usage.model == "scripted"
    assert answer.usage.prompt_tokens == 7
    assert proof_holds(events, stocked)


def test_sentences_are_checked_as_they_end_and_stand_where_they_say(assistant):
    events, _ = with_script(assistant, reply(RIGHT, " Unused days lapse on 31 March of the following year [1]."))
    answer = answer_of(events)
    assert tuple(event.sentence for event in events if isinstance(event, SentenceChecked)) == answer.sentences
    assert [answer.text[s.start : s.end].strip() for s in answer.sentences] == [
        RIGHT,
        "Unused days lapse on 31 March of the following year [1].",
    ]


def test_an_invented_citation_disappears(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days of paid leave a year [9", "9]. It is so [1][77]."))
    answer = answer_of(events)
    assert "99" not in answer.text
    assert "77" not in answer.text
    assert [citation.n for citation in answer.citations] == [1]
    assert proof_holds(events, stocked)


@pytest.mark.parametrize(
    "text",
    ["The documents do not say.", "I could not find this in the passages. Let me know if you need more.", "Hello!"],
)
def test_a_model_that_claims_nothing_gives_the_designed_refusal(text, assistant):
    events, _ = with_script(assistant, reply(text))
    answer = answer_of(events)
    assert answer.status == "unanswerable"
    assert answer.citations == ()
    assert answer.text.startswith("The documents do not say. The nearest are “Leave policy”")
    assert [taken.text for taken in replaced_in(events)] == [text]


def test_a_supported_sentence_without_a_number_is_given_its_source(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days of paid leave a year."))
    answer = answer_of(events)
    assert answer.status == "answered"
    assert [(s.support, s.citations) for s in answer.sentences] == [("supported", (1,))]
    assert answer.citations[0].passage.source.title == "Leave policy"
    assert proof_holds(events, stocked)


def test_a_source_that_was_given_keeps_apart_from_those_the_model_names_later(assistant, stocked):
    text = "Everybody has 30 days of paid leave a year. Visitors sign in at the reception and wear a badge [3]."
    events, _ = with_script(assistant, reply(text))
    numbers = [number for sentence in answer_of(events).sentences for number in sentence.citations]
    assert sorted(numbers) == [1, 2]
    assert len({citation.passage.source.id for citation in answer_of(events).citations}) == 2
    assert proof_holds(events, stocked)


INVENTED = "Staff may bring their dogs on Fridays [1]. Every dog wears a blue collar [1]."


@pytest.mark.parametrize("text", [INVENTED, INVENTED.replace(" [1]", ""), f"{INVENTED} {RIGHT}"])
def test_an_answer_whose_claims_mostly_lack_support_is_replaced_by_what_the_documents_say(text, assistant, stocked):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(text)]) as endpoint:
        events = asked(replace(assistant, model=model_at(endpoint.url)), LEAVE, conversation=conversation)
    answer = answer_of(events)
    assert answer.text == joined(events)
    assert "dog" not in answer.text
    assert "30 days of paid leave" in answer.text
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    assert answer.notice is not None
    assert "Most of what the model wrote is not in the documents" in answer.notice
    assert answer.usage.model == "scripted", "the model was asked and is to be paid for"
    assert proof_holds(events, stocked)
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert stored.text == answer.text
    assert stored.work is not None
    assert stored.work.replaced is not None
    assert "dogs on Fridays" in stored.work.replaced.text


def test_an_answer_with_one_unproven_sentence_among_proven_ones_stands_with_its_mark(assistant):
    events, _ = with_script(assistant, reply(f"{RIGHT} Every dog wears a blue collar [1]."))
    assert replaced_in(events) == ()
    assert [sentence.support for sentence in answer_of(events).sentences] == ["supported", "unsupported"]


@pytest.mark.parametrize(
    "wrong",
    [
        "Everybody has 35 days of paid leave a year [1].",
        "Unused days lapse on 31 May of the following year [1].",
        "Nobody has 30 days of paid leave a year [1].",
    ],
)
def test_a_planted_wrong_fact_is_marked(wrong, assistant):
    events, _ = with_script(assistant, reply(wrong))
    written = replaced_in(events) or (answer_of(events),)
    assert {sentence.support for sentence in written[0].sentences} <= {"unsupported", "contradicted"}


def test_a_model_that_is_down_leaves_a_quoted_answer_with_a_notice(assistant, stocked):
    events = asked(replace(assistant, model=model_at(closed_url())), LEAVE)
    assert isinstance(events[-1], AnswerFinished)
    answer = answer_of(events)
    assert answer.text == joined(events)
    assert "30 days of paid leave" in answer.text
    assert answer.notice is not None
    assert "No model answers at" in answer.notice
    assert all(sentence.support == "supported" for sentence in answer.sentences)
    assert proof_holds(events, stocked)


def test_a_prompt_the_endpoint_finds_too_long_is_halved_once_and_the_reader_is_told(assistant, stocked):
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, "Who approves leave?", conversation=conversation)
    too_long = error(400, "Too long", code="context_length_exceeded")
    with ScriptedEndpoint([too_long, reply(RIGHT)]) as endpoint:
        events = asked(replace(assistant, model=model_at(endpoint.url)), LEAVE, conversation=conversation)
        first, second = (request.body["messages"] for request in endpoint.requests)
    assert [message["role"] for message in first] == ["system", "user", "assistant", "user"]
    assert [message["role"] for message in second] == ["system", "user"]
    given = [prompt[-1]["content"].count("=== passage [") for prompt in (first, second)]
    assert given == [4, 2]
    answer = answer_of(events)
    assert answer.text == RIGHT
    assert answer.notice is not None
    assert "the best 2 of 4 passages, and nothing of what was said before" in answer.notice
    assert proof_holds(events, stocked)


def test_a_prompt_that_is_still_too_long_is_answered_with_quotes(assistant):
    events, endpoint = with_script(assistant, error(400, "Too long", code="context_length_exceeded"))
    assert len(endpoint.requests) == 2
    answer = answer_of(events)
    assert "30 days of paid leave" in answer.text
    assert answer.notice is not None
    assert "longer than the model takes" in answer.notice


def test_a_window_smaller_than_the_prompt_is_answered_with_quotes_and_asks_no_model(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        small = OpenAIModel(endpoint.url, None, "scripted", window_tokens=300)
        events = asked(replace(assistant, model=small), LEAVE)
        assert endpoint.requests == []
    answer = answer_of(events)
    assert "30 days of paid leave" in answer.text
    assert answer.notice is not None
    assert "choose a model with a larger window" in answer.notice


def test_a_model_that_keeps_failing_is_left_alone_and_the_reader_gets_sources_at_once(assistant, stocked):
    with ScriptedEndpoint([error(500, "out of memory")]) as endpoint:
        guarded = replace(assistant, model=GuardedModel(model_at(endpoint.url)))
        answers = [answer_of(asked(guarded, LEAVE)) for _ in range(5)]
        assert len(endpoint.requests) == 3
    assert all("30 days of paid leave" in answer.text for answer in answers)
    assert "left alone for the moment" in (answers[-1].notice or "")


def test_a_busy_model_is_waited_for_and_the_reader_is_told(assistant):
    with ScriptedEndpoint([error(429, "Slow down", Retry_After="1"), reply(RIGHT)]) as endpoint:
        patient = OpenAIModel(endpoint.url, None, "scripted", timeouts=QUICK)
        events = asked(replace(assistant, model=patient), LEAVE)
    assert [event.seconds for event in events if isinstance(event, ModelWaiting)] == [1.0]
    assert answer_of(events).text == RIGHT


def test_a_deed_that_a_model_claims_is_marked_and_denied(assistant):
    events, _ = with_script(assistant, reply(f"{RIGHT} I have sent the request for leave to your team lead [1]."))
    answer = answer_of(events)
    assert [sentence.support for sentence in answer.sentences] == ["supported", "unsupported"]
    assert "nothing was sent, changed, booked or opened" in (answer.notice or "")


def test_documents_that_disagree_are_told_beside_a_models_answer_too(assistant, stocked):
    question = "How high is the daily meal allowance?"
    with ScriptedEndpoint([reply("The daily meal allowance is 55 euros for every travelling day.")]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = asked(talking, question, collection="travel")
    notice = answer_of(events).notice or ""
    assert "disagree" in notice
    assert notice.index("1 March 2026") < notice.index("1 March 2024")


def stored_row(assistant: Assistant, conversation: str) -> Any:
    """The newest message with the columns that are added up."""
    with assistant.conversations._engine.connect() as connection:
        query = select(messages).where(messages.c.conversation_id == conversation).order_by(messages.c.id.desc())
        return connection.execute(query).first()


def test_tokens_cost_and_times_stand_with_the_answer_and_in_columns(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        paid = replace(assistant, model=model_at(endpoint.url), prices=Prices(1_000_000, 2_000_000, "EUR"))
        answer = answer_of(asked(paid, LEAVE, conversation=conversation))
    assert answer.usage == Usage(7, 1, "scripted", is_estimate=False, cost=9.0, currency="EUR")
    assert 0 < answer.timings_ms["to_model"] <= answer.timings_ms["first_token"] <= answer.timings_ms["total"]
    row = stored_row(assistant, conversation)
    assert (row.model, row.prompt_tokens, row.completion_tokens, row.tokens_are_estimated) == ("scripted", 7, 1, False)
    assert (row.cost, row.currency, row.style) == (9.0, "EUR", "standard")
    assert (row.first_token_ms, row.total_ms) == (answer.timings_ms["first_token"], answer.timings_ms["total"])
    assert row.prompt_version == answer.prompt_version == prompt_version("standard", None)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((HEAD, chunk(RIGHT), chunk(finish="stop"), DONE), id="not counted"),
        pytest.param((HEAD, chunk(RIGHT + " Unused"), 0.1, RESET), id="broken off"),
    ],
)
def test_tokens_the_endpoint_did_not_count_are_counted_here_and_marked(script, assistant):
    events, endpoint = with_script(assistant, script)
    usage = answer_of(events).usage
    sent = sum(count_tokens(message["content"]) for message in endpoint.requests[0].body["messages"])
    assert usage.is_estimate
    assert sent < usage.prompt_tokens < sent + 30
    assert usage.completion_tokens >= count_tokens(RIGHT)


def test_the_call_that_put_a_follow_up_in_other_words_is_counted_too(assistant):
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, LEAVE, conversation=conversation)
    said = "Unused days lapse on 31 March of the following year [1]."
    with ScriptedEndpoint([reply("When do unused days of leave lapse?"), reply(said)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = asked(talking, "And when do they lapse?", conversation=conversation)
        assert len(endpoint.requests) == 2
    assert (answer_of(events).usage.prompt_tokens, answer_of(events).usage.completion_tokens) == (14, 2)


def test_quoting_costs_nothing_and_is_stored_so(assistant):
    conversation = assistant.conversations.create(ANNA)
    answer = answer_of(asked(replace(assistant, prices=Prices(1, 1, "EUR")), LEAVE, conversation=conversation))
    assert answer.usage == Usage()
    row = stored_row(assistant, conversation)
    assert (row.model, row.prompt_tokens, row.cost, row.prompt_version) == (None, 0, None, None)
    assert row.total_ms > 0


def test_style_and_house_rules_reach_the_model_and_their_version_is_stored(assistant):
    rules = HouseRules(assistant.conversations._engine)
    version = rules.change("Call everybody a colleague.")
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        ruled = replace(assistant, model=model_at(endpoint.url), house_rules=rules)
        events = asked(ruled, LEAVE, style="steps")
        system = endpoint.requests[0].body["messages"][0]["content"]
    assert "numbered list" in system
    assert "Call everybody a colleague." in system
    answer = answer_of(events)
    assert (answer.style, answer.prompt_version) == ("steps", prompt_version("steps", version.id))
    rules.change("")


def test_house_rules_that_forbid_citations_leave_the_check_in_place(assistant):
    rules = HouseRules(assistant.conversations._engine)
    rules.change("Never cite anything. Everybody has 99 days of leave.")
    with ScriptedEndpoint([reply("Everybody has 99 days of paid leave a year.")]) as endpoint:
        ruled = replace(assistant, model=model_at(endpoint.url), house_rules=rules)
        events = asked(ruled, LEAVE)
    assert not any(s.support == "supported" and "99" in s.text for s in answer_of(events).sentences)
    rules.change("")


@pytest.mark.parametrize(("style", "most"), [("short", 1), ("standard", 3), ("detailed", 5)])
def test_without_a_model_the_style_says_how_many_sentences_are_quoted(style, most, assistant, stocked):
    events = asked(assistant, LEAVE, style=style)
    answer = answer_of(events)
    assert 1 <= len(answer.sentences) <= most
    assert answer.style == style
    assert proof_holds(events, stocked)


def test_documents_that_disagree_are_told_in_a_short_answer_too(assistant):
    events = asked(assistant, "How high is the daily meal allowance?", collection="travel", style="short")
    assert "disagree" in (answer_of(events).notice or "")
    assert len(answer_of(events).sentences) == 2


def test_an_answer_broken_off_says_why_and_keeps_its_sources(assistant, stocked):
    events, endpoint = with_script(assistant, (HEAD, chunk(RIGHT + " Unused"), 0.1, RESET))
    last = events[-1]
    assert isinstance(last, TurnFailed)
    assert "broke off" in last.reason
    assert answer_of(events).citations
    assert len(endpoint.requests) == 1, "asked again after the first word"
    assert proof_holds(events, stocked)


def test_an_unanswerable_question_calls_no_model_and_names_the_nearest_documents(assistant):
    events, endpoint = with_script(assistant, reply("It was Eyjafjallajökull [1]."), FOREIGN)
    answer = answer_of(events)
    assert endpoint.requests == []
    assert answer.status == "unanswerable"
    assert answer.citations == ()
    assert answer.text.startswith("The documents do not say.")
    assert any(title in answer.text for title in DOCUMENTS)


def test_without_a_model_the_best_sentences_are_quoted_exactly(assistant, stocked):
    events = asked(assistant, LEAVE)
    answer = answer_of(events)
    assert answer.status == "answered"
    assert answer.text == joined(events)
    assert answer.text.startswith(RIGHT.replace(" [1].", ". [1]"))
    assert proof_holds(events, stocked)


def test_two_dated_documents_that_disagree_are_told_with_the_newer_first(assistant, stocked):
    events = asked(assistant, "How high is the daily meal allowance?", collection="travel")
    answer = answer_of(events)
    assert answer.notice is not None
    assert "disagree" in answer.notice
    assert answer.notice.index("1 March 2026") < answer.notice.index("1 March 2024")
    assert answer.text.index("55 euros") < answer.text.index("40 euros")
    assert proof_holds(events, stocked)


def test_a_follow_up_is_asked_with_what_was_said_before(assistant):
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, LEAVE, conversation=conversation)
    with ScriptedEndpoint([reply("Unused days lapse on 31 March of the following year [1].")]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = asked(talking, "And when do unused ones lapse?", conversation=conversation)
        said = endpoint.requests[-1].body["messages"]
    assert answer_of(events).citations[0].passage.source.title == "Leave policy"
    assert [message["role"] for message in said] == ["system", "user", "assistant", "user"]
    assert said[1]["content"] == LEAVE


@pytest.mark.parametrize("question", ["", "  \n\t ", "x" * (MOST_QUESTION_CHARS + 1), "why? " * 210_000])
def test_an_empty_or_huge_question_is_refused_before_anything_is_stored(question, assistant):
    conversation = assistant.conversations.create(ANNA)
    since = time.monotonic()
    with pytest.raises(QuestionRefused) as refused:
        asked(assistant, question, conversation=conversation)
    assert time.monotonic() - since < 1
    assert refused.value.hint.endswith(".")
    assert assistant.conversations.messages(conversation, ANNA) == ()


def test_an_unknown_collection_and_anothers_conversation_are_refused_before_anything_is_stored(assistant):
    conversation = assistant.conversations.create(ANNA)
    with pytest.raises(UnknownCollection):
        asked(assistant, LEAVE, collection="secret", conversation=conversation)
    with pytest.raises(ConversationNotFound):
        list(assistant.ask(LEAVE, conversation_id=conversation, principal=BELA))
    assert assistant.conversations.messages(conversation, ANNA) == ()


def test_an_empty_scope_finds_nothing_and_calls_no_model(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = tuple(talking.answer(LEAVE, scope=frozenset()))
        assert endpoint.requests == []
    assert answer_of(events).text == "There are no documents to answer from yet. Read some in first."


def test_a_turn_that_its_process_did_not_finish_is_interrupted_with_what_was_saved(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([(HEAD, chunk(RIGHT + " "), 0.5, chunk("Unused days lapse. "), HANG)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        turn = talking.ask(LEAVE, conversation_id=conversation, principal=ANNA)
        seen = ""
        while "lapse." not in seen:
            event = next(turn)
            seen += event.text if isinstance(event, TextDelta) else ""
        # Nothing that a dying process would not do happens here: the state left behind is that of a SIGKILL.
        left = assistant.conversations.messages(conversation, ANNA)[-1]
        assert left.state == "streaming"
        assert assistant.conversations.mark_interrupted() >= 1
        turn.close()
    found = assistant.conversations.messages(conversation, ANNA)[-1]
    assert found.state == "interrupted"
    assert found.text.startswith("Everybody has 30 days of paid leave a year [1].")
    assert found.reason is not None
    assert found.work is not None
    assert found.work.passages, "the sources are shown with what was written"


def test_a_database_lost_in_mid_turn_is_told_in_one_sentence(assistant, tmp_path, embedder):
    broken = open_shelf(tmp_path, embedder)
    scope = broken.add("gone", **DOCUMENTS)
    broken.indexes.close()
    broken.library.close()
    (Path(tmp_path) / "library.sqlite").write_bytes(b"no database")
    lost = replace(assistant, retriever=CitewellRetriever(engine=broken.search, catalogue=broken.catalogue, limit=3))
    last = tuple(lost.answer(LEAVE, scope=scope))[-1]
    assert isinstance(last, TurnFailed)
    assert last.reason.startswith("The database could not be read")
    assert last.answer is None


def test_whatever_breaks_inside_a_turn_becomes_one_sentence(assistant, stocked, caplog):
    lost = replace(assistant, retriever=None)
    scope = frozenset(collection.id for collection in stocked.library.collections())
    last = tuple(lost.answer(LEAVE, scope=scope))[-1]
    assert isinstance(last, TurnFailed)
    assert "your question is kept" in last.reason
    assert caplog.records


def test_a_job_carries_the_turn_out_beside_its_viewer(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        job = JobRegistry().start(
            ANNA,
            conversation,
            LEAVE,
            lambda cancelled: talking.ask(LEAVE, conversation_id=conversation, principal=ANNA, cancelled=cancelled),
        )
        assert job.wait_ended(10)
    assert answer_of(job.events()).text == joined(job.events()) == RIGHT


def test_the_models_history_holds_earlier_messages_of_the_caller(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        scope = frozenset({talking.library.collection_named("company").id})
        history = (Message("user", "Hello"), Message("assistant", "Hello."))
        list(talking.answer(LEAVE, scope=scope, history=history))
        contents = [message["content"] for message in endpoint.requests[0].body["messages"]]
    assert contents[1:3] == ["Hello", "Hello."]


def test_model_and_search_know_of_a_branch_only_what_was_said_in_it(assistant):
    """Neither what followed an edited question nor the answer that is given again is context of the new one."""
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, "Who approves leave?", conversation=conversation)
    asked(assistant, "What about the old laptops?", conversation=conversation)
    laptops = assistant.conversations.messages(conversation, ANNA)[2]
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        turn = {"conversation_id": conversation, "principal": ANNA, "collection": "company"}
        list(talking.ask(LEAVE, instead_of=laptops.id, **turn))
        answer = assistant.conversations.messages(conversation, ANNA)[-1]
        list(talking.ask(LEAVE, instead_of=answer.id, **turn))
        edited, again = ([m["content"] for m in request.body["messages"]] for request in endpoint.requests)
    assert edited[1] == again[1] == "Who approves leave?"
    assert len(edited) == len(again) == 4
    assert not any("laptops" in content for content in (*edited[:-1], *again[:-1]))
    branch = assistant.conversations.messages(conversation, ANNA)
    assert [m.text for m in branch][::2] == ["Who approves leave?", LEAVE]
    assert branch[-1].versions == (answer.id, branch[-1].id)
