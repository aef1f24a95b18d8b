"""Small collections are compared in memory: exactly, never stale, never another's, within bounds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.database import open_database
from retrieval.held import Held, HeldVectors, hold, nearest
from retrieval.library import FileFacts, Library, NewDocument
from retrieval.values import Chunk
from tests.conftest import document

MODEL = "test-model"
DIMENSION = 24


def unit_rows(count: int, *, seed: int = 0, dimension: int = DIMENSION) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def held_of(rows: np.ndarray, *, first: int = 1) -> Held:
    return hold(np.arange(first, first + len(rows)), rows.reshape(-1), rows.shape[1])


def store(library: Library, collection_id: str, name: str, rows: np.ndarray, model: str = MODEL) -> int:
    chunks = tuple(Chunk(at, at + 1, "x", (), None) for at in range(len(rows)))
    return library.add(
        collection_id, NewDocument(name, FileFacts(name), document("x" * len(rows)), chunks, rows, model)
    )


@pytest.fixture
def library(tmp_path: Path):
    opened = Library(open_database(f"sqlite:///{tmp_path / 'library.sqlite'}"))
    yield opened
    opened.close()


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 70), st.integers(0, 9))
def test_the_nearest_of_all_collections_are_found_with_their_cosines(one, two, limit, seed):
    rows, asked = unit_rows(one + two, seed=seed), unit_rows(1, seed=seed + 100)[0]
    found = nearest({"a": held_of(rows[:one]), "b": held_of(rows[one:], first=one + 1)}, asked, limit)
    cosines = rows @ asked
    best = np.argsort(-cosines)[:limit]
    assert {int(at) + 1 for at in best} == found.keys()
    assert all(place == ("a" if chunk <= one else "b") for chunk, (place, _) in found.items())
    assert all(cosine == pytest.approx(float(cosines[chunk - 1]), abs=1e-6) for chunk, (_, cosine) in found.items())


@pytest.mark.parametrize("dimension", [8, 64, 100, 384])
def test_among_more_than_are_compared_exactly_the_same_vector_is_found_first(dimension):
    rows = unit_rows(5_000, dimension=dimension)
    for at in (0, 2_500, 4_999):
        found = nearest({"a": held_of(rows)}, rows[at], 5)
        assert max(found, key=lambda chunk: found[chunk][1]) == at + 1


def test_nothing_held_finds_nothing():
    assert nearest({}, unit_rows(1)[0], 5) == {}


def test_a_chunk_without_an_embedding_has_none():
    rows = unit_rows(3)
    held = held_of(rows, first=10)
    assert held.of([9, 11, 99]).keys() == {11}
    assert np.array_equal(held.of([12])[12], rows[2])


def test_a_collection_is_held_as_sql_has_it_and_only_by_its_own_model(library):
    ours, theirs = (library.create_collection(name).id for name in ("ours", "theirs"))
    rows = unit_rows(6)
    store(library, ours, "a", rows[:2])
    store(library, ours, "other model", rows[2:4], "another model")
    store(library, theirs, "b", rows[4:])
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None).among(frozenset({ours}))
    assert held.keys() == {ours}
    assert np.array_equal(held[ours].vectors, rows[:2])


def test_an_empty_collection_is_held_too(library):
    empty = library.create_collection("empty").id
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None).among(frozenset({empty}))
    assert nearest(held, unit_rows(1)[0], 5) == {}
    assert held.keys() == {empty}


def test_one_search_reads_in_one_collection(library):
    scope = frozenset(library.create_collection(name).id for name in ("a", "b", "c"))
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None)
    assert [len(held.among(scope)) for _ in range(4)] == [1, 2, 3, 3]


def test_what_has_changed_is_read_anew(library):
    collection = library.create_collection("c").id
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None)
    old = store(library, collection, "a", unit_rows(2))
    assert len(held.among(frozenset({collection}))[collection].ids) == 2
    library.remove(old)
    store(library, collection, "b", unit_rows(3))
    held.forget(collection)
    assert len(held.among(frozenset({collection}))[collection].ids) == 3


class ChangedMeanwhile(Library):
    """Another thread stores and has the collection forgotten while it is read in."""

    meanwhile = staticmethod(lambda: None)

    def vectors_of(self, collection_id, model, *, limit):
        found = super().vectors_of(collection_id, model, limit=limit)
        self.meanwhile()
        return found


def test_what_changes_while_it_is_read_is_not_kept(tmp_path):
    library = ChangedMeanwhile(open_database(f"sqlite:///{tmp_path / 'library.sqlite'}"))
    collection = library.create_collection("c").id
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None)

    def meanwhile() -> None:
        library.meanwhile = lambda: None
        store(library, collection, "late", unit_rows(2))
        held.forget(collection)

    library.meanwhile = meanwhile
    held.among(frozenset({collection}))
    assert len(held.among(frozenset({collection}))[collection].ids) == 2
    library.close()


def test_a_large_collection_and_one_beyond_the_room_are_left_to_the_index(library, monkeypatch):
    small, large, late = (library.create_collection(name).id for name in ("small", "large", "late"))
    for collection, count in ((small, 6), (large, 11), (late, 6)):
        store(library, collection, "a", unit_rows(count))
    monkeypatch.setattr("retrieval.held._MOST", 10)
    monkeypatch.setattr("retrieval.held._ROOM", 10)
    held = HeldVectors(library, model=MODEL, dimension=DIMENSION, found_large=lambda: None)
    for collection in (small, large, late):
        held.among(frozenset({collection}))
    assert held.among(frozenset({small, large, late})).keys() == {small}
    held.forget(small)
    held.forget(late)
    assert held.among(frozenset({late})).keys() == {late}


@pytest.mark.parametrize("most", [0, 20_000], ids=["asked of the index", "held"])
def test_both_roads_find_the_same(shelf, monkeypatch, most):
    monkeypatch.setattr("retrieval.held._MOST", most)
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.", cats="Cats sleep most of the day.")
    assert bool(shelf.indexes.held(scope)) == (most > 0)
    first = shelf.search.passages("how much vacation is there", scope=scope)
    assert [p.source.path for p in first.passages] == ["leave", "cats"]
    assert all("dense" in p.found_by for p in first.passages)
    shelf.add("c", dogs="Vacation for dogs lasts three weeks.")
    later = shelf.search.passages("how much vacation is there", scope=scope)
    assert "dogs" in {p.source.path for p in later.passages if "dense" in p.found_by}


def test_a_removed_document_is_gone_from_memory(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.", cats="Cats sleep most of the day.")
    (collection,) = scope
    assert len(shelf.indexes.held(scope)[collection].ids) == 2
    shelf.library.remove(shelf.library.document_at("leave", scope))
    shelf.indexes.catch_up(collection)
    assert len(shelf.indexes.held(scope)[collection].ids) == 1


def test_a_dropped_collection_is_gone_from_memory(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.")
    (collection,) = scope
    assert len(shelf.indexes.held(scope)[collection].ids) == 1
    shelf.library.delete_collection(collection)
    shelf.indexes.drop(collection)
    assert len(shelf.indexes.held(scope)[collection].ids) == 0
