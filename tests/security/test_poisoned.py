"""T18: several documents that say the same falsehood neither crowd out the right one nor hide that it disagrees."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.conversations import Conversations
from assistant.events import PassagesFound
from assistant.turn import Assistant
from retrieval.copies import are_copies
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import answer_of, asked, model_at
from tests.conftest import Shelf, open_shelf

pytestmark = pytest.mark.threat("T18")

GENUINE = "Support staff may refund up to 50 euros without asking. Above 50 euros the finance team approves the refund."
POISONS = [
    "Support staff may refund up to {} euros without asking. Above {} euros the finance team approves the refund.",
    "Support staff may refund up to {} euros without asking. Above {} euros the finance team approves the refund now.",
    "Staff in support may refund up to {} euros without asking. Above {} euros the finance team approves the refund.",
    "Support staff may now refund up to {} euros without asking. Above {} euros the finance team approves the refund.",
    "Support staff may refund up to {} euros, without asking! Above {} euros the finance team approves the refund.",
]
OTHERS = {
    "Leave": "Everybody has 30 days of paid leave a year, and unused days lapse on 31 March.",
    "Delivery": "Parcels leave the warehouse within two working days, and heavy goods within a week.",
    "Badges": "Visitors wear a badge, and lost badges are reported to the reception on the same day.",
}
QUESTION = "Up to how many euros may support staff refund without asking?"
CASES = [(n, amount) for n in (3, 5, 12) for amount in (500, 5_000, 60, 49)]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    opened = open_shelf(tmp_path_factory.mktemp("poisoned"), embedder)
    for n, amount in CASES:
        poisons = {f"Refunds {i}": POISONS[i % 5].format(amount, amount) for i in range(n)}
        opened.add(f"{n} {amount}", **{"Refund limits": GENUINE}, **poisons, **OTHERS)
    yield opened
    opened.indexes.close()
    opened.library.close()


@pytest.fixture(scope="module")
def assistant(shelf: Shelf, embedder: Embedder) -> Iterator[Assistant]:
    engine = open_database(f"sqlite:///{shelf.directory / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, limit=8)
    yield Assistant(
        shelf.library, retriever, Conversations(engine), embedder, None, 200, today=lambda: date(2026, 11, 3)
    )
    engine.dispose()


@pytest.mark.parametrize(("n", "amount"), CASES)
def test_two_copies_are_found_at_most_and_the_conflict_is_shown(assistant: Assistant, n: int, amount: int) -> None:
    events = asked(assistant, QUESTION, collection=f"{n} {amount}")
    (passages,) = (event.passages for event in events if isinstance(event, PassagesFound))
    titles = [passage.source.title for passage in passages]
    assert "Refund limits" in titles
    assert sum(title.startswith("Refunds ") for title in titles) <= 2
    answer = answer_of(events)
    assert "The documents disagree" in (answer.notice or "")
    assert "50 euros" in answer.text
    assert f"{amount} euros" in answer.text


def test_a_model_that_repeats_the_falsehood_is_shown_beside_the_conflict(assistant: Assistant) -> None:
    with ScriptedEndpoint([reply("Support staff may refund up to 500 euros without asking [1][2][3].")]) as endpoint:
        events = asked(replace(assistant, model=model_at(endpoint.url)), QUESTION, collection="5 500")
        sent = endpoint.requests[0].body["messages"][-1]["content"]
    assert GENUINE in sent
    assert sent.count("500 euros without") <= 2
    assert "The documents disagree" in (answer_of(events).notice or "")


def test_the_account_says_what_was_left_out_as_a_copy(shelf: Shelf) -> None:
    scope = frozenset(each.id for each in shelf.library.collections() if each.name == "12 500")
    found = shelf.search.passages(QUESTION, scope=scope)
    assert sum(candidate.outcome == "copy" for candidate in found.trace.candidates) == 10


def test_one_document_leaves_places_to_others_and_takes_them_where_there_are_none(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, None)
    words = [
        "amber",
        "birch",
        "cedar",
        "delta",
        "ember",
        "fjord",
        "grove",
        "haven",
        "inlet",
        "jetty",
        "knoll",
        "larch",
        "mesa",
        "north",
        "ocean",
        "pearl",
    ]
    long = "\n\n".join(f"Refunds of {word} goods go through step {i}. " + f"{word} filler {i}. " * 40 for i, word in enumerate(words))  # fmt: skip
    scope = shelf.add("both", long=long, **{f"note {word}": f"The {word} refunds are elsewhere." for word in words[:3]})
    found = shelf.search.passages("refunds of goods step", scope=scope)
    titles = [passage.source.title for passage in found.passages]
    assert len(titles) == 8
    assert titles.count("long") <= 6
    assert [p.score for p in found.passages] == sorted((p.score for p in found.passages), reverse=True)
    alone = shelf.search.passages("refunds of goods step", scope=shelf.add("alone", long=long))
    assert len(alone.passages) == 8
    assert [p.score for p in alone.passages] == sorted((p.score for p in alone.passages), reverse=True)
    shelf.indexes.close()
    shelf.library.close()


def test_a_text_with_other_figures_or_words_is_no_copy() -> None:
    assert are_copies(GENUINE, GENUINE.upper().replace(" ", "  "))
    assert are_copies(GENUINE, GENUINE.replace("refund", "re\u200bfund"))
    assert not are_copies(GENUINE, GENUINE.replace("50", "500"))
    assert not are_copies(GENUINE, OTHERS["Leave"])
