"""What a model adds to a ticket: asked for JSON of a schema, within the limits, and never waited for by a page."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal
from assistant.background import Background
from assistant.bootstrap import Citewell
from assistant.errors import ModelError
from assistant.limits import LIMITS, MONTHLY_BUDGET
from assistant.triage.asked import MOST_KEPT, AskedTickets
from assistant.triage.asking import Added, Missing, add, schema_of
from assistant.triage.values import Ticket
from assistant.usage import Prices
from tests.assistant.people import boss, opened
from tests.assistant.scripted_endpoint import HANG, HEAD, Script, ScriptedEndpoint, error, reply
from tests.assistant.turns import model_at

TICKET = Ticket("The display shows E11 and the wind is zero.", "Wind zero", "N-1")
LABELS = ("Wind", "Station offline")
SAID = {
    "summary": "The wind is zero and the display shows E11.",
    "category": "Wind",
    "missing": [{"name": "serial number", "question": "What is the serial number?"}],
    "note": "Nothing was tried so far.",
}


@pytest.fixture
def citewell(fresh_home: Path) -> Iterator[Citewell]:
    with closing(opened(fresh_home)) as made:
        yield made


def added(
    citewell: Citewell, *scripts: Script, who: Principal = LOCAL_USER, labels: tuple[str, ...] = LABELS
) -> tuple[Added, ScriptedEndpoint]:
    with ScriptedEndpoint(scripts) as endpoint:
        prices = Prices(1.0, 1.0, "EUR")
        assistant = replace(citewell.assistant, model=model_at(endpoint.url), prices=prices)
        return add(TICKET, labels, assistant=assistant, principal=who), endpoint


def test_the_endpoint_is_asked_for_json_in_which_the_category_is_one_of_those_that_are_known(
    citewell: Citewell,
) -> None:
    said, endpoint = added(citewell, reply(json.dumps(SAID)))
    assert said == Added(
        SAID["summary"], "Wind", (Missing("serial number", "What is the serial number?"),), SAID["note"], "scripted"
    )
    form = endpoint.requests[0].body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"]["category"] == {"type": "string", "enum": ["Wind", "Station offline", "none"]}
    assert form["schema"]["required"] == ["summary", "category", "missing", "note"]
    assert form["schema"]["additionalProperties"] is False


def test_an_endpoint_that_takes_no_schema_is_asked_without_one(citewell: Citewell) -> None:
    refused = error(400, "response_format is not supported", param="response_format")
    said, endpoint = added(citewell, refused, reply(f"Here it is: {json.dumps(SAID)}"))
    assert said.category == "Wind"
    assert "response_format" not in endpoint.requests[-1].body


def test_once_a_classifier_has_chosen_no_category_is_asked_for(citewell: Citewell) -> None:
    said, endpoint = added(citewell, reply(json.dumps(SAID | {"category": "none"})), labels=())
    assert said.category is None
    assert said.summary == SAID["summary"]
    schema = endpoint.requests[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["category"]["enum"] == ["none"]
    assert schema == schema_of(())


@pytest.mark.parametrize(
    "script",
    [
        reply("No."),
        reply('{"summary": "x"'),
        reply(json.dumps(SAID), finish="length"),
        error(500, "broken"),
        error(401, "no key"),
        (HEAD, HANG),
    ],
    ids=["words", "half an object", "cut off", "broken", "no key", "silent"],
)
def test_whatever_fails_is_told_in_a_sentence_and_nothing_is_made_up(citewell: Citewell, script: Script) -> None:
    said, _ = added(citewell, script)
    assert said.problem
    assert replace(said, problem=None) == Added()


def test_what_it_took_counts_as_for_any_other_call_and_beyond_the_budget_it_is_not_asked(citewell: Citewell) -> None:
    who = boss(citewell)
    added(citewell, reply(json.dumps(SAID)), who=who)
    (tokens,) = [each for each in citewell.limits.standing(who) if each.limit == "tokens_a_day"]
    assert tokens.used == 8
    assert citewell.limits.is_budget_spent() is False
    citewell.chosen.set(MONTHLY_BUDGET, 0.0)
    said, endpoint = added(citewell, reply(json.dumps(SAID)), who=who)
    assert endpoint.requests == []
    assert "used up" in (said.problem or "")


def test_beyond_the_tokens_of_a_day_it_is_not_asked(citewell: Citewell) -> None:
    who = boss(citewell)
    citewell.chosen.set(LIMITS["tokens_a_day"], 5)
    added(citewell, reply(json.dumps(SAID)), who=who)
    said, endpoint = added(citewell, reply(json.dumps(SAID)), who=who)
    assert endpoint.requests == []
    assert "of today" in (said.problem or "")


def test_without_a_model_nothing_is_added(citewell: Citewell) -> None:
    assert add(TICKET, LABELS, assistant=citewell.assistant, principal=LOCAL_USER) == Added()


# Beside the page.


def test_a_ticket_is_asked_about_once_however_often_it_is_looked_at() -> None:
    tickets, background, go = AskedTickets(), Background(), threading.Event()
    calls: list[int] = []

    def ask() -> Added:
        calls.append(1)
        go.wait(10)
        return Added("Once.")

    for _ in range(3):
        tickets.ask("a", ask, background)
    assert tickets.said("a") is None
    go.set()
    background.wait()
    tickets.ask("a", ask, background)
    background.close()
    assert tickets.said("a") == Added("Once.")
    assert len(calls) == 1
    tickets.forget("a")
    assert tickets.said("a") is None


def test_what_breaks_is_told_and_not_asked_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    tickets, background = AskedTickets(), Background()

    def ask() -> Added:
        raise ModelError("no")

    tickets.ask("a", ask, background)
    background.close()
    said = tickets.said("a")
    assert said is not None
    assert said.problem
    assert "failed" in caplog.text


def test_only_so_many_are_asked_at_once_and_remembered() -> None:
    tickets, background, go = AskedTickets(), Background(), threading.Event()
    asked: list[int] = []

    def ask(n: int) -> Added:
        asked.append(n)
        go.wait(10)
        return Added(str(n))

    for n in range(9):
        tickets.ask(n, lambda n=n: ask(n), background)  # type: ignore[misc]
    go.set()
    background.wait()
    assert len(asked) == 4
    for n in range(100, 100 + MOST_KEPT):
        tickets.ask(n, lambda n=n: Added(str(n)), background)  # type: ignore[misc]
        background.wait()
    background.close()
    assert tickets.said(asked[0]) is None
    assert tickets.said(100) == Added("100")
