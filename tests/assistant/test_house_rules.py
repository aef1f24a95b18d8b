"""House rules hold from the next question on, keep their history, and reach the model with their version."""

from collections.abc import Iterator

import pytest

from assistant.access import LOCAL_USER
from assistant.house_rules import HouseRules, RulesRefused
from prompts import MOST_RULES_CHARS
from retrieval.database import open_database


@pytest.fixture
def rules(database: str) -> Iterator[HouseRules]:
    engine = open_database(database)
    yield HouseRules(engine)
    engine.dispose()


def test_there_are_none_until_some_are_written(rules):
    assert rules.current() is None
    assert rules.history() == ()


def test_the_newest_are_in_force_and_the_earlier_ones_are_kept(rules):
    first, second = rules.change("  Say “colleague”.\n", LOCAL_USER), rules.change("Name the form.", LOCAL_USER)
    assert first.text == "Say “colleague”."
    assert rules.current() == second
    assert rules.history() == (second, first)


def test_an_earlier_version_comes_back_as_a_new_one(rules):
    first = rules.change("Say “colleague”.", LOCAL_USER)
    rules.change("Name the form.", LOCAL_USER)
    restored = rules.restore(first.id, LOCAL_USER)
    assert (restored.text, restored.id > first.id) == (first.text, True)
    assert rules.current() == restored
    assert len(rules.history()) == 3


def test_an_empty_text_takes_them_away_and_they_can_be_brought_back(rules):
    first = rules.change("Say “colleague”.", LOCAL_USER)
    rules.change(" \n", LOCAL_USER)
    assert rules.current() is None
    rules.restore(first.id, LOCAL_USER)
    assert rules.current() is not None


@pytest.mark.parametrize("number", [0, 7, -1])
def test_a_version_that_is_none_is_refused(number, rules):
    rules.change("Say “colleague”.", LOCAL_USER)
    with pytest.raises(RulesRefused, match="citewell rules history"):
        rules.restore(number, LOCAL_USER)


def test_rules_longer_than_the_limit_are_refused_and_change_nothing(rules):
    with pytest.raises(RulesRefused, match="4,001 characters"):
        rules.change("x" * (MOST_RULES_CHARS + 1), LOCAL_USER)
    assert rules.current() is None
    assert rules.change("x" * MOST_RULES_CHARS, LOCAL_USER).text
