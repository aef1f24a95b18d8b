"""Every embedder keeps one contract, and no vector that an index cannot bear gets through."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.vectorstores import InMemoryVectorStore

from retrieval.embedding import Embedder, LangChainEmbedder, LocalEmbedder, as_langchain, load_embedder
from retrieval.errors import EmbeddingError


class Fixed(Embeddings):
    """A provider that answers with what it was told to."""

    def __init__(self, answer: Callable[[int], list[list[float]]]) -> None:
        self._answer = answer

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._answer(len(texts))

    def embed_query(self, text: str) -> list[float]:
        return [3.0, 4.0]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder("local", tmp_path_factory.mktemp("cache"))


@pytest.fixture(params=["local", "langchain"])
def embedder(request: pytest.FixtureRequest, local: Embedder) -> Embedder:
    if request.param == "local":
        return local
    return LangChainEmbedder(DeterministicFakeEmbedding(size=24), name="fake:24")


def test_documents_and_questions_share_one_space_of_unit_vectors(embedder: Embedder) -> None:
    texts = ("holiday", "the annual leave policy", "")
    rows = embedder.embed_documents(texts)
    assert (rows.shape, str(rows.dtype)) == ((3, embedder.dimension), "float32")
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    query = embedder.embed_query("holiday")
    assert (query.shape, str(query.dtype)) == ((embedder.dimension,), "float32")
    assert query @ rows[0] > 0.998


def test_no_documents_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_documents(()).shape == (0, embedder.dimension)


def test_names_tell_the_models_apart(local: Embedder) -> None:
    assert isinstance(local, LocalEmbedder)
    assert (local.name, local.dimension) == ("all-MiniLM-L6-v2", 384)
    fake = LangChainEmbedder(DeterministicFakeEmbedding(size=8), name="fake:8")
    assert (fake.name, fake.dimension) == ("fake:8", 8)


def test_a_providers_vectors_are_brought_to_length_one() -> None:
    embedder = LangChainEmbedder(Fixed(lambda n: [[3.0, 4.0]] * n), name="fixed")
    assert np.allclose(embedder.embed_documents(["a"]), [[0.6, 0.8]])
    assert np.allclose(embedder.embed_query("a"), [0.6, 0.8])


@pytest.mark.parametrize(
    "row",
    [[float("nan"), 1.0], [float("inf"), 1.0], [-float("inf"), 1.0], [0.0, 0.0], [1.0], [1.0, 2.0, 3.0]],
)
def test_unusable_vectors_are_refused(row: list[float]) -> None:
    """Not a number, infinite, zero or of another length, even as one among good ones."""
    embedder = LangChainEmbedder(Fixed(lambda n: [[1.0, 0.0]] * (n - 1) + [row]), name="broken")
    with pytest.raises(EmbeddingError):
        embedder.embed_documents(["a", "b"])


def test_too_few_vectors_are_refused() -> None:
    embedder = LangChainEmbedder(Fixed(lambda n: [[1.0, 0.0]] * (n - 1)), name="lazy")
    with pytest.raises(EmbeddingError, match="instead of"):
        embedder.embed_documents(["a", "b"])


def test_a_providers_failure_is_told_in_one_sentence_with_its_reason() -> None:
    def fail(n: int) -> list[list[float]]:
        raise RuntimeError("Incorrect API key provided.\nsecond line")

    with pytest.raises(EmbeddingError) as caught:
        LangChainEmbedder(Fixed(fail), name="openai:x").embed_documents(["a"])
    assert caught.value.hint.startswith("The embedding openai:x did not answer (Incorrect API key provided)")
    assert "second line" not in caught.value.hint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nonsense", "provider:model"),
        ("nobody:model", "provider:model"),
        ("openai:", "provider:model"),
        ("cohere:embed-english-v3.0", "pip install langchain-cohere"),
    ],
)
def test_a_name_that_cannot_be_loaded_says_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(EmbeddingError) as caught:
        load_embedder(name, tmp_path)
    assert said in caught.value.hint
    assert "\n" not in caught.value.hint


def test_a_langchain_user_can_search_with_our_embedding(local: Embedder) -> None:
    store = InMemoryVectorStore.from_texts(
        ["Bread needs yeast and flour.", "Forgotten passwords are changed on the login page."],
        as_langchain(local),
    )
    (found,) = store.similarity_search("reset my password", k=1)
    assert found.page_content.startswith("Forgotten")
