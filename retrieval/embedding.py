"""Text to vectors, by the local model or by any provider LangChain knows.

Every vector that leaves here is finite, not zero and of length 1: an index cannot recover from one that
is not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.errors import EmbeddingError
from retrieval.minilm import MiniLM

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

LOCAL = "local"

_PROBE = "How long is a vector?"


class Embedder(Protocol):
    """What the index and the search ask of an embedding. Implementations may be shared between threads."""

    @property
    def name(self) -> str:
        """Which model this is; vectors of different names are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 per text, in order: (n, dimension). EmbeddingError where that fails."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One vector of length 1: (dimension,). EmbeddingError where that fails."""
        ...


class LocalEmbedder:
    """all-MiniLM-L6-v2 on this machine; its graph is cached in `cache_dir`. WeightsError without weights."""

    def __init__(self, cache_dir: Path, *, threads: int | None = None) -> None:
        self._model = MiniLM(cache_dir, threads=threads)
        self.name = self._model.name
        self.dimension = self._model.dimension

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Embedder."""
        return unit_rows(self._model.embed(texts), count=len(texts), dimension=self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See Embedder."""
        (vector,) = unit_rows([self._model.embed_quickly(text)], count=1, dimension=self.dimension)
        return np.asarray(vector)


class LangChainEmbedder:
    """Any LangChain `Embeddings`. Its dimension is found by embedding one short question."""

    def __init__(self, embeddings: "Embeddings", *, name: str) -> None:
        self._embeddings = embeddings
        self.name = name
        self.dimension = len(self._ask_query(_PROBE))

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Embedder."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        try:
            vectors = self._embeddings.embed_documents(list(texts))
        except Exception as error:  # every provider has its own errors
            raise _provider_failed(self.name, error) from error
        return unit_rows(vectors, count=len(texts), dimension=self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See Embedder."""
        (vector,) = unit_rows([self._ask_query(text)], count=1, dimension=self.dimension)
        return np.asarray(vector)

    def _ask_query(self, text: str) -> list[float]:
        try:
            return self._embeddings.embed_query(text)
        except Exception as error:  # every provider has its own errors
            raise _provider_failed(self.name, error) from error


def load_embedder(name: str, cache_dir: Path) -> Embedder:
    """The embedder of that name: "local", or "provider:model" as LangChain names them.

    Raises WeightsError where the local weights are absent or wrong, EmbeddingError where a provider is
    unknown, not installed or does not answer.
    """
    if name == LOCAL:
        return LocalEmbedder(cache_dir)
    from langchain.embeddings import init_embeddings

    try:
        embeddings = init_embeddings(name)
    except ImportError as error:
        raise EmbeddingError(f"The embedding {name} needs another package: {error}.") from error
    except Exception as error:  # a wrong name or a provider's own settings error
        raise EmbeddingError(
            f'The embedding "{name}" cannot be set up ({_first_line(error)}); '
            'use "local" or "provider:model", such as openai:text-embedding-3-small.'
        ) from error
    return LangChainEmbedder(embeddings, name=name)


def as_langchain(embedder: Embedder) -> "Embeddings":
    """The embedder as LangChain's `Embeddings`, for use in anyone's chain or vector store."""
    from langchain_core.embeddings import Embeddings

    class CitewellEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[float(x) for x in row] for row in embedder.embed_documents(texts)]

        def embed_query(self, text: str) -> list[float]:
            return [float(x) for x in embedder.embed_query(text)]

    return CitewellEmbeddings()


def unit_rows(vectors: ArrayLike, *, count: int, dimension: int) -> NDArray[np.float32]:
    """The vectors as rows of length 1; EmbeddingError unless they are that many, that long and usable."""
    try:
        rows = np.asarray(vectors, np.float64)
    except (TypeError, ValueError) as error:
        raise EmbeddingError("The embedding returned vectors of different lengths; check its model.") from error
    if rows.shape != (count, dimension):
        raise EmbeddingError(
            f"The embedding returned {rows.shape} numbers instead of {(count, dimension)}; check its model."
        )
    lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise EmbeddingError("The embedding returned a vector that is zero or not finite; check its model.")
    return (rows / lengths).astype(np.float32)


def _provider_failed(name: str, error: Exception) -> EmbeddingError:
    return EmbeddingError(f"The embedding {name} did not answer ({_first_line(error)}); check its key and address.")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
