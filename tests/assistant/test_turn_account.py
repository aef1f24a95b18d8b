"""What a turn took and cost, and by which style and rules it was written, stands with its answer."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from assistant.access import LOCAL_USER
from assistant.house_rules import HouseRules
from assistant.schema import messages
from assistant.turn import Assistant
from assistant.usage import Prices, Usage
from prompts import prompt_version
from retrieval.tokens import count_tokens
from tests.assistant.scripted_endpoint import DONE, HEAD, RESET, ScriptedEndpoint, chunk, reply
from tests.assistant.turns import ANNA, LEAVE, RIGHT, answer_of, asked, model_at, proof_holds, with_script


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
    version = rules.change("Call everybody a colleague.", LOCAL_USER)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        ruled = replace(assistant, model=model_at(endpoint.url), house_rules=rules)
        events = asked(ruled, LEAVE, style="steps")
        system = endpoint.requests[0].body["messages"][0]["content"]
    assert "numbered list" in system
    assert "Call everybody a colleague." in system
    answer = answer_of(events)
    assert (answer.style, answer.prompt_version) == ("steps", prompt_version("steps", version.id))
    rules.change("", LOCAL_USER)


def test_house_rules_that_forbid_citations_leave_the_check_in_place(assistant):
    rules = HouseRules(assistant.conversations._engine)
    rules.change("Never cite anything. Everybody has 99 days of leave.", LOCAL_USER)
    with ScriptedEndpoint([reply("Everybody has 99 days of paid leave a year.")]) as endpoint:
        ruled = replace(assistant, model=model_at(endpoint.url), house_rules=rules)
        events = asked(ruled, LEAVE)
    sentences = answer_of(events).sentences
    assert sentences
    assert not any(s.support == "supported" and "99" in s.text for s in sentences)
    rules.change("", LOCAL_USER)


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
