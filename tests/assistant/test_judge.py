"""A judge may say of other words that they mean the same; a figure it never overrules, and nobody waits for the text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.events import CheckedSentence, Comparison, Difference, SentenceChecked, TextDelta
from assistant.judge import is_undecided, read_opinions
from assistant.turn import Assistant
from tests.assistant.scripted_endpoint import Script, ScriptedEndpoint, error, reply
from tests.assistant.turns import LEAVE, RIGHT, answer_of, asked, joined, model_at, replaced_in
from tests.ui.values import passage

REWORDED = "Holidays left over at the end of March vanish [1]."
YES = '{"verdicts": [{"statement": 1, "support": "supported"}]}'
NO = YES.replace("supported", "unsupported")


def judged(assistant: Assistant, *scripts: Script, question: str = LEAVE) -> tuple[tuple, ScriptedEndpoint]:
    with ScriptedEndpoint(scripts) as endpoint:
        return asked(replace(assistant, model=model_at(endpoint.url), has_judge=True), question), endpoint


def supports(events: tuple) -> list[str]:
    return [sentence.support for sentence in answer_of(events).sentences]


def test_a_sentence_in_other_words_is_judged_once_the_text_is_complete(assistant):
    without = asked_without_judge(assistant)
    assert supports(without)[1] in {"partly", "unsupported"}, "the rules alone leave it undecided"
    events, endpoint = judged(assistant, reply(f"{RIGHT} {REWORDED}"), reply(YES))
    assert supports(events) == ["supported", "supported"]
    last_text = max(i for i, event in enumerate(events) if isinstance(event, TextDelta))
    opinions = [i for i, e in enumerate(events) if isinstance(e, SentenceChecked) and e.sentence.is_opinion]
    assert opinions
    assert min(opinions) > last_text
    request = endpoint.requests[1].body
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["verdicts"]
    assert "Holidays left over" in request["messages"][0]["content"]
    assert answer_of(events).model_calls == 2
    assert answer_of(events).usage.prompt_tokens == 14


def asked_without_judge(assistant: Assistant) -> tuple:
    with ScriptedEndpoint([reply(f"{RIGHT} {REWORDED}")]) as endpoint:
        return asked(replace(assistant, model=model_at(endpoint.url)), LEAVE)


def test_what_the_judge_finds_unsupported_stays_so_and_may_take_the_answer_back(assistant):
    events, _ = judged(assistant, reply(REWORDED), reply(NO))
    assert len(replaced_in(events)) == 1
    assert "30 days of paid leave" in joined(events)


@pytest.mark.parametrize(
    "wrong", ["Everybody has 35 days of paid leave a year [1].", "I have booked your leave of 30 days [1]."]
)
def test_no_opinion_is_asked_on_a_wrong_figure_or_a_deed(wrong, assistant):
    events, endpoint = judged(assistant, reply(f"{RIGHT} {wrong}"), reply(YES))
    assert len(endpoint.requests) == 1
    assert supports(events)[1] in {"unsupported", "contradicted"}


def test_an_answer_that_the_rules_settle_costs_no_second_call(assistant):
    _, endpoint = judged(assistant, reply(RIGHT), reply(YES))
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("script", [error(500, "no"), reply("I think so."), reply('{"verdicts": 7}')], ids=range(3))
def test_a_judge_that_fails_or_talks_leaves_the_verdicts_as_they_were(script, assistant):
    before = supports(asked_without_judge(assistant))
    events, _ = judged(assistant, reply(f"{RIGHT} {REWORDED}"), script)
    assert supports(events) == before


def test_an_endpoint_that_knows_no_schema_is_asked_without_one(assistant):
    refusing = error(400, "response_format is not supported", param="response_format")
    events, endpoint = judged(assistant, reply(f"{RIGHT} {REWORDED}"), refusing, reply(f"Sure: {YES}"))
    assert "response_format" not in endpoint.requests[2].body
    assert supports(events) == ["supported", "supported"]


def undecided_sentence(text: str, *differences: Difference) -> CheckedSentence:
    return CheckedSentence(text, 0, len(text), "partly", (1,), Comparison(1, 0, 5, "Leave", differences))


def test_only_wording_is_left_to_an_opinion():
    held = (passage("Leave is 26 days and lapses in March."),)
    assert is_undecided(undecided_sentence("Time off vanishes in spring."), held)
    assert is_undecided(undecided_sentence("Time off of 26 days.", Difference("wording", "Time off", "Leave")), held)
    assert not is_undecided(undecided_sentence("Time off of 27 days."), held)
    for kind in ("number", "date", "name", "negation", "comparison"):
        assert not is_undecided(undecided_sentence("Time off.", Difference(kind, "a", "b")), held)
    assert not is_undecided(undecided_sentence("Time off."), ())
    for support in ("supported", "contradicted", "not_a_claim"):
        assert not is_undecided(replace(undecided_sentence("Time off."), support=support), held)


@pytest.mark.parametrize(
    ("text", "opinions"),
    [
        (YES, {0: "supported"}),
        (f"```json\n{YES}\n```", {0: "supported"}),
        (YES.replace("1", "9"), {}),
        (YES.replace("1", "0"), {}),
        (YES.replace("supported", "contradicted"), {}),
        ("", {}),
        ("{", {}),
        ("{}", {}),
        ("[" * 5_000 + "{}" + "]" * 5_000, {}),
    ],
    ids=range(9),
)
def test_opinions_are_read_from_json_alone(text, opinions):
    assert read_opinions(text, 2) == opinions


@given(st.text(max_size=200), st.integers(0, 5))
def test_whatever_a_judge_writes_only_known_sentences_get_an_opinion(text: str, count: int) -> None:
    opinions = read_opinions(text, count)
    assert all(0 <= index < count for index in opinions)
