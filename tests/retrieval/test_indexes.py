"""One contract for both indexes, then what keeps them in step with SQL."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.context import IndexedText
from retrieval.index_feed import IndexedChunk
from retrieval.indexes import ChunkIndex
from retrieval.lexical import LexicalIndex
from retrieval.vectors import VectorIndex
from tests.conftest import open_shelf

WORDS = ("alpha bravo", "charlie delta", "echo foxtrot", "golf hotel")
MODEL = "test-model"


def chunk(number: int, *, document: int | None = None) -> IndexedChunk:
    vector = np.zeros(8, np.float32)
    vector[number % 8] = 1
    return IndexedChunk(number, document or number, IndexedText("", "", WORDS[number % 4]), vector, MODEL)


def lexical(directory: Path) -> ChunkIndex:
    return LexicalIndex(directory)


def dense(directory: Path) -> ChunkIndex:
    return VectorIndex(directory, model=MODEL, dimension=8)


both = pytest.mark.parametrize("make", [lexical, dense], ids=["lexical", "dense"])


@both
class TestEveryIndex:
    def test_finds_what_was_added_and_committed(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        index.add("c", [chunk(1), chunk(2)])
        index.commit("c")
        assert index.count("c") == 2
        assert index.finds("c", chunk(1))
        index.close()

    def test_adding_twice_is_the_same_as_once(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        for _ in range(2):
            index.add("c", [chunk(1), chunk(2)])
            index.commit("c")
        assert index.count("c") == 2
        index.close()

    def test_removing_a_document_removes_all_its_chunks_and_no_other(
        self, make: Callable[[Path], ChunkIndex], tmp_path: Path
    ):
        index = make(tmp_path)
        index.add("c", [chunk(1, document=7), chunk(2, document=7), chunk(3, document=8)])
        index.commit("c")
        index.remove("c", [7])
        index.commit("c")
        assert index.count("c") == 1
        assert index.finds("c", chunk(3, document=8))
        assert not index.finds("c", chunk(1, document=7))
        index.close()

    def test_keeps_collections_apart(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        index.add("one", [chunk(1)])
        index.commit("one")
        assert index.count("two") == 0
        assert not index.finds("two", chunk(1))
        index.close()

    def test_forgets_a_dropped_collection(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        index.add("c", [chunk(1)])
        index.commit("c")
        index.drop("c")
        assert index.count("c") == 0
        index.close()

    def test_opens_again_with_what_it_had(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        index.add("c", [chunk(1)])
        index.commit("c")
        index.close()
        again = make(tmp_path)
        assert again.finds("c", chunk(1))
        again.close()

    def test_opens_empty_where_its_files_are_garbage(self, make: Callable[[Path], ChunkIndex], tmp_path: Path):
        index = make(tmp_path)
        index.add("c", [chunk(1)])
        index.commit("c")
        index.close()
        for file in tmp_path.rglob("*"):
            if file.is_file():
                file.write_bytes(random.Random(1).randbytes(64))
        again = make(tmp_path)
        assert again.count("c") == 0
        again.close()


def test_an_update_replaces_the_document_in_every_index(shelf):
    scope = shelf.add("c", policy="The annual leave is 25 days.")
    shelf.add("c", policy="The annual leave is 27 days.")
    (passage,) = shelf.search.passages("annual leave", scope=scope).passages
    assert passage.text == "The annual leave is 27 days."
    (collection,) = scope
    assert shelf.indexes.prove(collection) == ()


def test_a_removed_document_is_gone_from_search_and_from_the_indexes(shelf):
    scope = shelf.add("c", policy="The annual leave is 25 days.", other="Cats sleep all day.")
    (collection,) = scope
    shelf.library.remove(shelf.library.document_at("policy", scope))
    assert all(p.source.path != "policy" for p in shelf.search.passages("annual leave", scope=scope).passages)
    shelf.indexes.catch_up(collection)
    assert shelf.indexes.lexical.count(collection) == 1
    assert shelf.indexes.prove(collection) == ()


@pytest.mark.parametrize("leg", ["lexical", "dense"])
def test_an_index_that_lost_its_files_is_built_again_from_sql_without_embedding(tmp_path, embedder, leg):
    first = open_shelf(tmp_path, embedder)
    (collection,) = first.add("c", a="The annual leave is 25 days.", b="Cats sleep all day.")
    first.indexes.close()
    first.library.close()
    for file in (tmp_path / leg).rglob("*"):
        if file.is_file():
            file.unlink()
    second = open_shelf(tmp_path, embedder)
    assert second.indexes.prove(collection) == (leg,)
    (best, *_) = second.search.passages("how much annual leave", scope=frozenset({collection})).passages
    assert best.text == "The annual leave is 25 days."
    second.indexes.close()
    second.library.close()


def test_an_index_that_holds_other_chunks_than_sql_fails_its_proof(shelf):
    (collection,) = shelf.add("c", a="The annual leave is 25 days.")
    shelf.indexes.lexical.add(collection, [chunk(999, document=999)])
    shelf.indexes.lexical.commit(collection)
    assert shelf.indexes.prove(collection) == ("lexical",)
    assert shelf.indexes.lexical.count(collection) == 1


GERMAN = (
    "Die Mitarbeiterinnen und Mitarbeiter haben im Jahr dreißig Urlaubstage. Der Antrag wird beim Vorgesetzten "
    "gestellt und spätestens zwei Wochen vorher genehmigt."
)


def test_a_collection_is_stemmed_by_the_language_that_most_of_it_is_in(shelf, tmp_path):
    folder = tmp_path / "deutsch"
    folder.mkdir()
    (folder / "urlaub.md").write_text(f"# Urlaub\n\n{GERMAN}\n")
    shelf.intake.read_paths([folder], collection="deutsch")
    scope = frozenset({shelf.library.collection_named("deutsch").id})
    assert shelf.indexes.lexical.stems("Urlaubstagen", scope) == shelf.indexes.lexical.stems("Urlaubstage", scope)
    (collection_id,) = scope
    assert shelf.indexes.lexical.search(collection_id, "Anträge genehmigen", 5)
    english = shelf.add("english", leave="Employees have 25 days of annual leave in each calendar year.")
    assert shelf.indexes.lexical.stems("holidays", english) == shelf.indexes.lexical.stems("holiday", english)


def test_words_answer_while_the_vectors_are_filled_anew(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.", cats="Cats sleep most of the day.")
    (collection_id,) = scope
    shelf.indexes.dense.drop(collection_id)
    later = []
    assert shelf.indexes.prove(collection_id, beside=later.append) == ("dense",)
    during = shelf.search.passages("How many days of annual leave?", scope=scope)
    assert during.passages[0].source.title == "leave"
    assert during.passages[0].found_by == {"lexical"}
    for work in later:
        work()
    after = shelf.search.passages("How many days of annual leave?", scope=scope)
    assert after.passages[0].found_by == {"lexical", "dense"}
    assert shelf.indexes.prove(collection_id) == ()


def test_words_answer_while_they_are_themselves_indexed_again(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.")
    (collection_id,) = scope
    shelf.indexes.lexical.empty(collection_id)
    assert shelf.indexes.lexical.search(collection_id, "annual leave", 3)
    shelf.indexes.rebuild(collection_id)
    assert len(shelf.indexes.lexical.search(collection_id, "annual leave", 3)) == 1
    assert shelf.indexes.prove(collection_id) == ()


def test_a_change_of_stemmer_that_is_cut_off_is_finished_at_the_next_start(shelf):
    """What was indexed with other stems must not pass for the new: its count and its chunks look right."""
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.")
    (collection_id,) = scope
    lexical, follower = shelf.indexes.lexical, shelf.indexes._lexical

    def restem(stemmer: str, *, cut_off: bool) -> None:
        lexical.stem_as(collection_id, stemmer)
        if cut_off:
            raise KeyboardInterrupt
        lexical.empty(collection_id)

    follower.refill(collection_id, lambda _: restem("none", cut_off=False))
    with pytest.raises(KeyboardInterrupt):
        follower.refill(collection_id, lambda _: restem("english", cut_off=True))
    assert lexical.search(collection_id, "employed", 3) == ()
    assert shelf.indexes.prove(collection_id) == ("lexical",)
    assert lexical.search(collection_id, "employees", 3)
    assert shelf.indexes.prove(collection_id) == ()


def test_words_of_several_collections_are_ranked_together(shelf):
    one = shelf.add("one", a="Annual leave is 25 days.", b="Leave the office at six.")
    two = shelf.add("two", c="Annual leave, annual leave.", d="Cats sleep.")
    lexical = shelf.indexes.lexical
    apart = [(c, hit) for c in one | two for hit in lexical.search(c, "annual leave", 9)]
    best = sorted(apart, key=lambda found: -found[1].score)
    for limit in (1, 2, 3, 9):
        together = lexical.search_together(one | two, "annual leave", limit)
        assert sorted((c, hit) for c, hits in together.items() for hit in hits) == sorted(best[:limit])
    assert lexical.search_together(one | two, "!?", 3) == {}


def test_many_collections_are_written_with_the_threads_of_a_few(tmp_path):
    index, before = LexicalIndex(tmp_path), _threads()
    names = [f"c{number}" for number in range(12)]
    for _ in range(2):
        for number, name in enumerate(names):
            index.add(name, [chunk(number)])
            index.commit(name)
    assert _threads() - before < 100  # all twelve would have two hundred
    assert [index.count(name) for name in names] == [1] * len(names)
    index.close()


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))
