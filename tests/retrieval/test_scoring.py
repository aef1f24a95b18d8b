"""Every chunk that any index found has all its exact scores; a restriction to documents holds in every index."""

import numpy as np
import pytest

from retrieval.scoring import FEEDBACK
from tests.conftest import open_shelf

LEAVE = "Employees have 25 days of annual leave. Unused days expire on 31 March."
CATS = "Cats sleep most of the day and hunt at dusk."
VPN = "Error E-4512 means that the VPN certificate has expired. Renew it in the self-service portal."


@pytest.fixture
def scope(shelf):
    return shelf.add("handbook", leave=LEAVE, cats=CATS, vpn=VPN)


def test_what_one_index_alone_found_has_its_exact_score_in_the_other(shelf, scope, embedder):
    question = "E-4512"
    candidates = shelf.search.passages(question, scope=scope).trace.candidates
    asked = embedder.embed_query(question)
    stored = shelf.library.vectors([c.chunk_id for c in candidates], embedder.name)
    assert len(candidates) == 3
    for candidate in candidates:
        assert candidate.dense == pytest.approx(float(np.dot(stored[candidate.chunk_id], asked)), abs=1e-5)
        assert (candidate.lexical == 0) == ("lexical" not in candidate.found_by)


def test_the_score_adds_up_from_its_parts_once_the_question_has_moved_towards_its_best_chunk(shelf, scope, embedder):
    question = "annual leave days"
    candidates = shelf.search.passages(question, scope=scope).trace.candidates
    stored = shelf.library.vectors([c.chunk_id for c in candidates], embedder.name)
    moved = (1 - FEEDBACK) * embedder.embed_query(question) + FEEDBACK * stored[candidates[0].chunk_id]
    moved /= np.linalg.norm(moved)
    lexical = max(c.parts[0].lexical for c in candidates)
    document = max(c.parts[0].document for c in candidates)
    for candidate in candidates:
        part = candidate.parts[0]
        assert part.moved == pytest.approx(float(np.dot(stored[candidate.chunk_id], moved)), abs=1e-5)
        expected = 0.7 * part.moved + 0.15 * part.lexical / lexical + 0.15 * part.document / document
        assert candidate.score == pytest.approx(expected)


@pytest.mark.parametrize("question", ["annual leave", "E-4512", "how do animals rest"])
def test_a_restriction_to_documents_holds_in_every_index(shelf, scope, question):
    leave = shelf.library.document_at("leave", scope)
    found = shelf.search.passages(question, scope=scope, documents=frozenset({leave}))
    assert {c.document_id for c in found.trace.candidates} <= {leave}
    assert {p.source.path for p in found.passages} == {"leave"}


def test_a_restriction_to_no_document_finds_nothing(shelf, scope):
    assert shelf.search.passages("annual leave", scope=scope, documents=frozenset()).passages == ()


def test_a_document_outside_the_scope_is_not_found_by_naming_it(shelf, scope):
    secret = shelf.add("secret", board="The annual leave of the board is 60 days.")
    board = shelf.library.document_at("board", secret)
    assert shelf.search.passages("annual leave", scope=scope, documents=frozenset({board})).trace.candidates == ()


def test_what_a_reader_may_not_see_leaves_room_for_what_they_may(shelf, scope):
    """Counted before the scope was looked at, foreign chunks would crowd out the reader's own."""
    secret = shelf.add("secret", board="The annual leave of the board is 60 days.")
    both = frozenset({shelf.library.document_at("board", secret), shelf.library.document_at("leave", scope)})
    assert len(shelf.library.chunks_in(both, scope, limit=1)) == 1
    assert len(shelf.library.chunks_in(both, secret, limit=1)) == 1
    assert shelf.library.chunks_in(both, scope | secret, limit=1) is None


def test_a_restriction_to_many_documents_takes_the_wide_road(shelf, scope, monkeypatch):
    monkeypatch.setattr("retrieval.scoring._MOST_COMPARED", 1)
    chosen = frozenset(shelf.library.document_at(name, scope) for name in ("leave", "vpn"))
    found = shelf.search.passages("how many free days", scope=scope, documents=chosen)
    assert {p.source.path for p in found.passages} == {"leave", "vpn"}


def test_collections_searched_together_find_what_one_collection_finds(shelf):
    texts = {
        f"d{n}": f"Rule {n}: the {word} must be checked every {n + 2} weeks."
        for n, word in enumerate(["ab", "cd", "ef", "gh"])
    }
    together = shelf.add("all", **texts)
    apart = frozenset().union(*(shelf.add(f"c{name}", **{name: text}) for name, text in texts.items()))
    question = "how often is the ef checked"
    one = [p.source.path for p in shelf.search.passages(question, scope=together, limit=1).passages]
    many = [p.source.path for p in shelf.search.passages(question, scope=apart, limit=1).passages]
    assert one == many == ["d2"]


def test_without_an_embedding_the_words_score_alone(tmp_path):
    shelf = open_shelf(tmp_path, None)
    scope = shelf.add("handbook", leave=LEAVE, cats=CATS)
    (candidate,) = shelf.search.passages("annual leave", scope=scope).trace.candidates
    assert candidate.dense is None
    shelf.indexes.close()
    shelf.library.close()


def test_what_is_like_the_best_chunk_comes_nearer_than_what_is_not(shelf):
    scope = shelf.add("c", a=LEAVE, b="Annual leave is also called paid vacation.", c=CATS, d=VPN)
    best, second, *_ = shelf.search.passages("How many days of annual leave?", scope=scope).trace.candidates
    assert best.document_id == shelf.library.document_at("a", scope)
    assert second.document_id == shelf.library.document_at("b", scope)
    assert all(c.parts[0].moved > c.parts[0].dense for c in (best, second))


def test_a_word_of_every_other_chunk_counts_in_no_score(shelf, monkeypatch):
    monkeypatch.setattr("retrieval.lexical._FEW", 1)
    scope = shelf.add("c", leave=LEAVE, cats=CATS, vpn="The day is long.")
    (collection,) = scope
    lexical = shelf.indexes.lexical
    hits = {hit.document: hit.score for hit in lexical.search(collection, "annual day", 9)}
    assert hits.keys() == {shelf.library.document_at("leave", scope)}
    candidates = shelf.search.passages("annual day", scope=scope).trace.candidates
    assert {c.document_id: c.lexical for c in candidates if c.lexical} == hits
