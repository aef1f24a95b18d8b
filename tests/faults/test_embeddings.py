"""F20, F21: another embedding gets an index of its own beside the old one; a broken vector never reaches the store."""

from pathlib import Path

import pytest
from langchain_core.embeddings import Embeddings

from retrieval.embedding import LangChainEmbedder
from retrieval.errors import EmbeddingError
from tests.conftest import open_shelf
from torture.words import WordVectors


class Broken(Embeddings):
    """A provider that answers questions, and documents with rubbish."""

    def __init__(self, bad: list[float]) -> None:
        self._bad = bad

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0, 0.0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0, 0.0] if number else self._bad for number, _ in enumerate(texts)]


@pytest.mark.parametrize("bad", [[float("nan"), 0, 0], [float("inf"), 0, 0], [0, 0, 0], [1.0, 0.0]], ids=str)
def test_a_vector_that_is_no_vector_is_refused_before_anything_is_stored(bad: list[float], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The annual leave is 25 days.")
    shelf = open_shelf(tmp_path, LangChainEmbedder(Broken(bad), name="broken"))
    with pytest.raises(EmbeddingError, match="check its model"):
        shelf.intake.read_paths([tmp_path / "a.txt"], collection="c")
    (collection,) = shelf.library.collections()
    assert shelf.library.chunk_count(collection.id) == 0
    assert shelf.indexes.lexical.count(collection.id) == 0
    assert shelf.indexes.dense is not None
    assert shelf.indexes.dense.count(collection.id) == 0
    shelf.indexes.close()
    shelf.library.close()


@pytest.mark.parametrize("dimension", [64, 32], ids=["same dimension", "other dimension"])
def test_another_model_builds_its_index_beside_the_old_one_and_answers_by_words_meanwhile(
    dimension: int, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("The annual leave is 25 days.")
    first = open_shelf(tmp_path, WordVectors("one", 64))
    first.intake.read_paths([tmp_path / "a.txt"], collection="c")
    (collection,) = first.library.collections()
    first.indexes.close()
    first.library.close()

    second = open_shelf(tmp_path, WordVectors("other", dimension))
    assert second.indexes.dense is not None
    assert second.indexes.prove(collection.id) == ()
    assert second.indexes.dense.count(collection.id) == 0
    (by_words,) = second.search.passages("annual leave", scope=frozenset({collection.id})).passages
    assert by_words.found_by == {"lexical"}
    assert second.intake.embed_missing(collection.id) == 1
    (by_both,) = second.search.passages("annual leave", scope=frozenset({collection.id})).passages
    assert by_both.found_by == {"lexical", "dense"}
    second.indexes.close()
    second.library.close()
