"""What the catalogue says of one document and of whole collections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.catalogue import Wanted
from retrieval.embedding import Embedder
from retrieval.errors import UnknownDocument
from retrieval.library import Failure, FileFacts
from tests.conftest import Shelf, document, opened_shelf


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder, database: str) -> Iterator[Shelf]:
    """An empty library, in each kind of database."""
    yield from opened_shelf(tmp_path, embedder, database)


def test_contents_count_documents_passages_and_failures_of_each_collection(shelf: Shelf) -> None:
    (hr,) = shelf.add("HR", leave="Leave is 26 days.", trips="Meals are £30.")
    shelf.library.record_failures(hr, [Failure("scan.pdf", FileFacts("0" * 64), "No text.")])
    empty = shelf.library.create_collection("Empty").id
    contents = shelf.catalogue.contents(frozenset({hr, empty}))
    assert set(contents) == {hr}
    assert (contents[hr].documents, contents[hr].passages, contents[hr].failures) == (2, 2, 1)
    assert contents[hr].changed_at is not None


def test_an_entry_is_found_by_its_id_and_only_in_scope(shelf: Shelf) -> None:
    scope = shelf.add("HR", leave="Leave is 26 days.")
    document = shelf.library.document_at("leave", scope)
    assert shelf.catalogue.entry(document, scope).path == "leave"
    for outside in (frozenset({"other"}), frozenset[str]()):
        with pytest.raises(UnknownDocument):
            shelf.catalogue.entry(document, outside)


def test_failures_are_forgotten_without_touching_documents(shelf: Shelf) -> None:
    (hr,) = scope = shelf.add("HR", leave="Leave is 26 days.")
    shelf.library.record_failures(hr, [Failure("leave", FileFacts("0" * 64), "A newer version has no text.")])
    shelf.library.forget_failures(hr, ["leave", "absent"])
    assert shelf.library.failures(hr) == {}
    assert shelf.library.document_count(scope) == 1


def test_what_became_of_a_document_since_it_was_quoted(shelf: Shelf) -> None:
    """Nothing, read in anew, or deleted; one that was read in anew and then deleted is deleted."""
    (hr,) = scope = shelf.add("HR", stays="Leave is 26 days.", renewed="Meals are £30.", goes="Taxis are £9.")
    stays, renewed, goes = (shelf.library.document_at(path, scope) for path in ("stays", "renewed", "goes"))
    shelf.intake.add_parsed(hr, [("renewed", document("Meals are £35.", title="renewed"))])
    shelf.library.remove(goes)
    fates = shelf.catalogue.fates([stays, renewed, goes, 999], scope)
    assert {one: fate.is_renewed for one, fate in fates.items()} == {renewed: True, goes: False, 999: False}
    assert fates[goes].at is not None
    assert fates[renewed].at is not None
    assert fates[999].at is None
    shelf.library.remove(shelf.library.current_id(renewed))
    assert not shelf.catalogue.fates([renewed], scope)[renewed].is_renewed


def test_what_lies_outside_the_scope_looks_as_if_it_had_never_been(shelf: Shelf) -> None:
    scope = shelf.add("HR", stays="Leave is 26 days.", goes="Taxis are £9.")
    stays, goes = (shelf.library.document_at(path, scope) for path in ("stays", "goes"))
    shelf.library.remove(goes)
    fates = shelf.catalogue.fates([stays, goes, 999], frozenset({"other"}))
    assert fates[stays] == fates[goes] == fates[999]


def test_outlines_are_those_of_the_newest_documents_in_scope(shelf: Shelf) -> None:
    hr = shelf.add("HR", a="Leave is 26 days.", b="Meals are £30.", c="Taxis are £9.")
    shelf.add("IT", vpn="Connect first.")
    assert [outline.title for outline in shelf.catalogue.outlines(hr, of_each=2)] == ["c", "b"]


def test_a_list_may_be_of_more_documents_than_a_statement_has_places_for(shelf: Shelf) -> None:
    scope = shelf.add("HR", leave="Leave is 26 days.", trips="Meals are £30.")
    trips = shelf.library.document_at("trips", scope)
    many = Wanted(only=frozenset({trips, *range(1_000_000, 1_070_000)}))
    listed = shelf.catalogue.page(scope, many)
    assert [entry.path for entry in listed.entries] == ["trips"]
    assert listed.total == 1
