"""What a search reads back from SQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.embedding import Embedder
from tests.conftest import Shelf, opened_shelf


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder, database: str) -> Iterator[Shelf]:
    """An empty library, in each kind of database."""
    yield from opened_shelf(tmp_path, embedder, database)


def chunk_ids(shelf, scope):
    (document,) = shelf.catalogue.documents(scope)
    return [chunk_id for chunk_id, _ in shelf.library.chunks_of(document.id)]


def test_hits_outside_the_scope_and_unknown_ids_are_left_out(shelf):
    ours = shelf.add("ours", leave="The annual leave is 25 days.")
    theirs = shelf.add("theirs", board="The board's annual leave is 60 days.")
    asked = [*chunk_ids(shelf, ours), *chunk_ids(shelf, theirs), 999_999]
    assert {hit.source.path for hit in shelf.library.hits(asked, ours).values()} == {"leave"}
    assert {hit.source.path for hit in shelf.library.hits(asked, ours | theirs).values()} == {"leave", "board"}
    assert shelf.library.hits(asked, frozenset()) == {}


def test_more_ids_than_fit_into_one_statement_are_all_read(shelf, embedder):
    scope = shelf.add("ours", leave="The annual leave is 25 days.")
    ids = chunk_ids(shelf, scope)
    many = [*range(100_000, 101_200), *ids]
    assert shelf.library.hits(many, scope).keys() == set(ids)
    assert shelf.library.owners(many).keys() == set(ids)
    assert shelf.library.vectors(many, embedder.name).keys() == set(ids)


def test_text_between_counts_code_points(shelf):
    scope = shelf.add("ours", leave="🦊é annual leave")
    (document,) = shelf.catalogue.documents(scope)
    assert shelf.library.text_between(document.id, 1, 9) == "é annual"


def test_an_old_link_leads_to_the_document_that_was_read_in_anew(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.")
    (first,) = shelf.catalogue.documents(scope)
    shelf.add("c", leave="Employees have 26 days of annual leave.")
    shelf.add("c", leave="Employees have 27 days of annual leave.")
    (last,) = shelf.catalogue.documents(scope)
    assert first.id != last.id
    assert shelf.library.current_id(first.id) == last.id
    assert shelf.library.current_id(last.id) == last.id
    shelf.library.remove(last.id)
    assert shelf.library.current_id(first.id) == last.id
