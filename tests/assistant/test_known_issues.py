"""Open problems that the support desk knows of, matched to tickets, and what customers are told of them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from assistant.access import LOCAL_USER
from assistant.errors import AssistantError
from assistant.triage.known import Issue, IssueNotFound, IssueRefused, KnownIssues, told_to_customers
from retrieval.database import open_database
from retrieval.embedding import Embedder

ROUTER = Issue(
    "Stations offline after a router was exchanged",
    "A station shows as offline, with E24 on the display, after the customer's router or network was replaced. "
    "The base does not find the network any more.",
    "We are working on a firmware that finds a new network by itself.",
)
FROST = Issue(
    "Wind speed zero in frost",
    "In frost the wind speed is shown as zero although it blows, because the cups are iced over. The display shows E11.",
)
TWICE = Issue("Invoices sent twice", "Customers get the same invoice twice, or are charged twice for the same order.")
LATE = Issue("Alarm mails come late", "Customers report that alarms by e-mail arrive hours late or not at all.")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def known(engine: Engine, embedder: Embedder) -> KnownIssues:
    return KnownIssues(engine, embedder)


def tickets() -> list[str]:
    """The sample company's, resolved and new."""
    rows: list[dict[str, str]] = []
    for name in ("resolved", "new"):
        with Path(f"examples/tickets/{name}.csv").open(encoding="utf-8") as file:
            rows += csv.DictReader(file)
    return [f"{row['subject']}\n\n{row['text']}" for row in rows]


def titles(known: KnownIssues, words: str) -> list[str]:
    return [each.issue.title for each in known.about(words, LOCAL_USER)]


def test_tickets_of_the_sample_are_found_for_what_they_are_about_and_for_nothing_else(known: KnownIssues) -> None:
    for issue in (ROUTER, FROST, TWICE, LATE):
        known.record(issue, LOCAL_USER)
    found = {words.partition("\n")[0]: titles(known, words) for words in tickets()}
    assert {subject: about for subject, about in found.items() if about} == {
        "Offline since new router": [ROUTER.title],
        "Station offline, please help": [ROUTER.title],
        "Offline since the router was exchanged": [ROUTER.title],
        "Offline after router swap": [ROUTER.title],
        "Wind zero in frost": [FROST.title],
        "Wind shows zero in the frost": [FROST.title],
    }


def test_what_was_solved_is_no_longer_found_until_it_is_open_again(known: KnownIssues) -> None:
    issue_id, words = known.record(FROST, LOCAL_USER), "Wind zero in frost, the cups are iced over"
    assert titles(known, words) == [FROST.title]
    known.change(issue_id, Issue(FROST.title, FROST.happens, is_solved=True), LOCAL_USER)
    assert titles(known, words) == []
    known.change(issue_id, FROST, LOCAL_USER)
    assert titles(known, words) == [FROST.title]


def test_after_a_change_of_its_words_it_is_found_by_the_new_ones(known: KnownIssues) -> None:
    issue_id = known.record(FROST, LOCAL_USER)
    assert titles(known, FROST.happens) == [FROST.title]
    known.change(issue_id, ROUTER, LOCAL_USER)
    assert titles(known, FROST.happens) == []
    assert titles(known, ROUTER.happens) == [ROUTER.title]
    assert known.get(issue_id, LOCAL_USER).issue == ROUTER


def test_open_ones_are_listed_first_then_the_last_that_was_changed(known: KnownIssues) -> None:
    for issue in (ROUTER, Issue(FROST.title, FROST.happens, is_solved=True), TWICE):
        known.record(issue, LOCAL_USER)
    assert [each.issue.title for each in known.list(LOCAL_USER)] == [TWICE.title, ROUTER.title, FROST.title]


def test_customers_are_told_what_is_written_for_them(known: KnownIssues) -> None:
    for issue in (ROUTER, FROST):
        known.record(issue, LOCAL_USER)
    assert told_to_customers(known.list(LOCAL_USER)) == ROUTER.advice
    assert told_to_customers(()) == ""


@pytest.mark.parametrize("issue", [Issue("", "x"), Issue("x", " "), Issue("x" * 201, "x"), Issue("x", "x" * 4_001)])
def test_one_without_a_title_or_what_happens_or_too_long_a_one_is_refused(known: KnownIssues, issue: Issue) -> None:
    with pytest.raises(IssueRefused):
        known.record(issue, LOCAL_USER)
    assert known.list(LOCAL_USER) == ()


def test_one_that_is_not_there_is_not_found(known: KnownIssues) -> None:
    for attempt in (lambda: known.get(7, LOCAL_USER), lambda: known.change(7, FROST, LOCAL_USER)):
        with pytest.raises(IssueNotFound) as refused:
            attempt()
        assert isinstance(refused.value, AssistantError)


def test_without_an_embedding_none_is_found(engine: Engine) -> None:
    known = KnownIssues(engine, None)
    known.record(FROST, LOCAL_USER)
    assert known.about(FROST.happens, LOCAL_USER) == ()
