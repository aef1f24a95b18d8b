"""A turn whose model, window, process or database fails ends in one sentence and keeps what there is."""

import socket
from dataclasses import replace
from pathlib import Path

from assistant.circuit import GuardedModel
from assistant.events import (
    AnswerFinished,
    ModelWaiting,
    TextDelta,
    TurnFailed,
)
from assistant.llm import OpenAIModel
from retrieval.retriever import CitewellRetriever
from tests.assistant.scripted_endpoint import HANG, HEAD, RESET, ScriptedEndpoint, chunk, error, reply
from tests.assistant.turns import (
    ANNA,
    DOCUMENTS,
    LEAVE,
    QUICK,
    RIGHT,
    answer_of,
    asked,
    joined,
    model_at,
    proof_holds,
    with_script,
)
from tests.conftest import open_shelf


def closed_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


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


def test_an_answer_broken_off_says_why_and_keeps_its_sources(assistant, stocked):
    events, endpoint = with_script(assistant, (HEAD, chunk(RIGHT + " Unused"), 0.1, RESET))
    last = events[-1]
    assert isinstance(last, TurnFailed)
    assert "broke off" in last.reason
    assert answer_of(events).citations
    assert len(endpoint.requests) == 1, "asked again after the first word"
    assert proof_holds(events, stocked)


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
