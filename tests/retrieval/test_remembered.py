"""Embeddings of chunks by id: what SQL has, up to the room there is, whatever is added or removed meanwhile."""

import threading

import numpy as np
import pytest

from retrieval.database import open_database
from retrieval.library import Library
from retrieval.remembered import RememberedVectors
from tests.retrieval.test_held import DIMENSION, MODEL, store, unit_rows


@pytest.fixture
def library(tmp_path):
    library = Library(open_database(f"sqlite:///{tmp_path / 'library.sqlite'}"))
    yield library
    library.close()


def remembered(library: Library, room: int = 100) -> RememberedVectors:
    vectors = RememberedVectors(library, model=MODEL, dimension=DIMENSION, room=room)
    vectors.grow(threading.Event())
    return vectors


def test_every_chunk_of_every_collection_is_known_with_its_embedding(library):
    rows = unit_rows(7)
    for name, part in (("a", rows[:3]), ("b", rows[3:])):
        store(library, library.create_collection(name).id, "document", part)
    found = remembered(library).of([7, 1, 4])
    assert found.keys() == {7, 1, 4}
    assert all(np.array_equal(found[chunk], rows[chunk - 1]) for chunk in found)


def test_what_comes_later_is_read_and_what_went_stays_harmless(library):
    collection = library.create_collection("c").id
    old = store(library, collection, "old", unit_rows(2))
    vectors = remembered(library)
    library.remove(old)
    store(library, collection, "new", unit_rows(3))
    assert vectors.of([3, 4, 5]) == {}
    vectors.grow(threading.Event())
    assert vectors.of([3, 4, 5, 6]).keys() == {3, 4, 5}


def test_beyond_the_room_nothing_is_kept(library):
    store(library, library.create_collection("c").id, "document", unit_rows(9))
    vectors = remembered(library, room=4)
    vectors.grow(threading.Event())
    assert vectors.of(range(1, 10)).keys() == {1, 2, 3, 4}


def test_as_many_as_are_read_at_once_end_like_any_other_number(library, monkeypatch):
    monkeypatch.setattr("retrieval.remembered._AT_ONCE", 2)
    store(library, library.create_collection("c").id, "document", unit_rows(4))
    assert remembered(library).of(range(1, 5)).keys() == {1, 2, 3, 4}


def test_closing_ends_the_reading(library):
    store(library, library.create_collection("c").id, "document", unit_rows(2))
    vectors, stopping = RememberedVectors(library, model=MODEL, dimension=DIMENSION), threading.Event()
    stopping.set()
    vectors.grow(stopping)
    assert vectors.of([1, 2]) == {}


def test_a_search_of_a_large_collection_ends_with_its_embeddings_at_hand(shelf, monkeypatch):
    monkeypatch.setattr("retrieval.held._MOST", 0)
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.", cats="Cats sleep most of the day.")
    first = shelf.search.passages("how much vacation is there", scope=scope)
    assert shelf.indexes.remembered([1, 2]).keys() == {1, 2}
    again = shelf.search.passages("how much vacation is there", scope=scope)
    assert [p.score for p in again.passages] == [p.score for p in first.passages]
