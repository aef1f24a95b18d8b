"""How an answer was found, in words: for an answer, a refusal, and documents that are gone."""

import json
from dataclasses import replace

import pytest

from assistant.conversations import StoredMessage, Work
from assistant.events import Usage
from assistant.rewrite import Rewrite
from retrieval.chunk_reader import Hit
from retrieval.evidence import Evidence, Signals
from retrieval.parts import Part
from retrieval.queries import Query
from retrieval.trace import Candidate, Outcome, Parts, SearchTrace
from retrieval.values import Chunk, Source
from tests.ui.values import answer, message, passage
from ui.account_view import MOST_ROWS, account_data

LEGS = frozenset({"dense", "lexical"})


def hit(chunk_id: int, title: str = "Leave policy") -> Hit:
    return Hit(chunk_id, Source(1, "c", "hr/leave.pdf", title), 0, Chunk(0, 9, "26 days.", (title, "Holiday"), 2), (0,))


def candidate(chunk_id: int, outcome: Outcome, number: int | None, *parts: Parts) -> Candidate:
    return Candidate(chunk_id, 1, 0.5, parts or (Parts(0.61, 3.25, None),), LEGS, outcome, number)  # type: ignore[arg-type]


def told(*candidates: Candidate, **changes: object) -> StoredMessage:
    """An answer with these candidates behind it."""
    trace = SearchTrace((Query("How many days?", 1.0, found={"dense": 60, "lexical": 4}),), 2, candidates)
    given = message(answer("26 days.", usage=Usage(10, 3, "tiny"), evidence=Evidence(0.83, "answerable")))
    return replace(given, work=Work((passage(),), replace(trace, **changes), given.work and given.work.answer))


def test_it_tells_what_was_asked_found_decided_and_how_long_it_took() -> None:
    signals = Signals(0.62, 0.05, 0.85, 0.0)
    data = account_data(told(candidate(1, "shown", 1), signals=signals, timings_ms={"dense": 8.2}), {1: hit(1)})
    assert data["searched"].startswith("Searched 2 collections, by meaning and by words.")
    assert data["queries"] == [
        {
            "name": "Your question",
            "text": "How many days?",
            "facts": "found 60 by meaning and 4 by words",
        }
    ]
    assert "83%" in data["decision"]["text"]
    assert ("Share of the question’s words in the best piece, rare words counting more", "85%") in data["decision"][
        "signals"
    ]
    assert dict(data["facts"]) == {
        "Took": "search by meaning 8 ms, 1.2 s in all",
        "Written by": "tiny · 10 tokens in, 3 out",
    }


def test_each_candidate_stands_with_its_place_its_figures_and_what_became_of_it() -> None:
    found = (
        candidate(1, "shown", 1),
        candidate(2, "joined", 1),
        candidate(3, "below", None),
        candidate(4, "gone", None),
    )
    data = account_data(told(*found), {n: hit(n) for n in (1, 2, 3)})
    first, *rest = data["rows"]
    assert first == {
        "rank": 1,
        "title": "Leave policy",
        "where": "Holiday · page 2",
        "dense": "0.61",
        "words": "3.2",
        "document": "–",
        "score": "0.500",
        "passage": 1,
        "outcome": "Passage 1",
    }
    assert [row["outcome"] for row in rest] == [
        "Stands beside it, joined to passage 1",
        "Ranked below the passages shown",
        "Was being deleted",
    ]
    assert [row["passage"] for row in rest] == [None, None, None]


def test_a_document_deleted_since_is_named_where_the_answer_kept_it_and_said_to_be_gone() -> None:
    data = account_data(told(candidate(1, "shown", 1), candidate(2, "below", None)), {})
    assert [(row["title"], row["where"]) for row in data["rows"]] == [
        ("Leave policy", "No longer there"),
        ("No longer there", ""),
    ]


@pytest.mark.parametrize(("by", "name"), [("model", "In the model’s words"), ("reader", "In your own words")])
def test_a_follow_up_shows_its_texts_with_their_shares_and_figures_in_their_order(by: str, name: str) -> None:
    queries = (Query("And there?", 0.25), Query("a\nAnd there?", 0.25, "with_previous"), Query("b", 0.5, "rewritten"))
    parts = (Parts(0.1, 0.0, 2.0), Parts(0.2, None, 1.0), Parts(0.3, 4.0, 0.0))
    given = told(candidate(1, "shown", 1, *parts), queries=queries)
    assert given.work is not None
    data = account_data(replace(given, work=replace(given.work, rewrite=Rewrite("b", by))), {1: hit(1)})  # type: ignore[arg-type]
    assert [(query["name"], query["facts"]) for query in data["queries"]] == [
        ("Your question", "counts 25%"),
        ("With the question before it", "counts 25%"),
        (name, "counts 50%"),
    ]
    assert data["rows"][0]["dense"] == "0.10 · 0.20 · 0.30"
    assert data["rows"][0]["words"] == "0.0 · – · 4.0"
    assert "added by their shares" in data["scoring"]
    assert "It was judged by “And there?”." in data["decision"]["text"]


def test_each_part_of_a_question_says_whether_anything_bears_on_it() -> None:
    parts = (Part("How many days?", 0.9, 1.0, True), Part("Is Spain allowed?", 0.1, 0.2, False))
    told_parts = account_data(told(candidate(1, "shown", 1), parts=parts), {})["decision"]["parts"]
    assert [(part["text"], part["facts"]) for part in told_parts] == [
        ("How many days?", "something found bears on it · likelihood 90%"),
        ("Is Spain allowed?", "nothing found bears on it · likelihood 10%"),
    ]


def test_a_refusal_says_that_the_likelihood_was_too_low() -> None:
    given = message(
        answer(
            "The documents do not say.", status="unanswerable", usage=Usage(), evidence=Evidence(0.12, "unanswerable")
        )
    )
    data = account_data(given, {})
    assert "12%. That was too little, so nothing was written." in data["decision"]["text"]
    assert "from 50% upwards" in data["decision"]["text"]


def test_a_search_that_could_not_search_is_told_without_figures() -> None:
    data = account_data(told(queries=(), collections=0), {})
    assert data["searched"] == "Nothing was searched: there are no documents yet."
    assert data["rows"] == []


def test_only_the_best_rows_are_drawn_and_the_rest_is_counted() -> None:
    data = account_data(told(*(candidate(n, "below", None) for n in range(MOST_ROWS + 2))), {})
    assert len(data["rows"]) == MOST_ROWS
    assert data["more"] == "And 2 pieces ranked lower."


def test_notes_stand_first_and_no_text_of_others_hides_what_it_is() -> None:
    given = told(candidate(1, "shown", 1), notes=("The reranker did not answer.",))
    data = account_data(given, {1: hit(1, title="invoice\u202efdp.exe")})
    assert data["notes"] == ["The reranker did not answer."]
    assert "\u202e" not in json.dumps(data, ensure_ascii=False)
