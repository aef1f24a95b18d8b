"""What the catalogue says of one document and of whole collections."""

import pytest

from retrieval.errors import UnknownDocument
from retrieval.library import Failure, FileFacts
from tests.conftest import Shelf


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
