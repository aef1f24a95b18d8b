"""An embedding without a model: a vector of the words a text holds. Quick, exact, and it counts what it is asked."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import unit_rows


class WordVectors:
    """An `Embedder` whose every word has a random direction of its own; texts of like words are near."""

    def __init__(self, name: str = "word-vectors", dimension: int = 64, *, embeds: bool = True) -> None:
        """One that does not embed knows questions alone and raises for documents."""
        self.name = name
        self.dimension = dimension
        self.embedded = 0
        self._embeds = embeds

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Embedder."""
        if not self._embeds:
            raise AssertionError(f"{len(texts)} texts were to be embedded again")
        self.embedded += len(texts)
        return unit_rows([self._sum(text) for text in texts], count=len(texts), dimension=self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See Embedder."""
        (vector,) = unit_rows([self._sum(text)], count=1, dimension=self.dimension)
        return np.asarray(vector)

    def _sum(self, text: str) -> NDArray[np.float64]:
        words = re.findall(r"\w+", text.lower()) or ["nothing"]
        return np.asarray(np.sum([self._direction(word) for word in words], axis=0))

    def _direction(self, word: str) -> NDArray[np.float64]:
        seed = hashlib.sha256(f"{self.name} {word}".encode()).digest()[:8]
        return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self.dimension)
