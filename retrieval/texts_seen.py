"""The embeddings of short texts that were embedded lately, by a hash of each: no text is kept.

The sentences of a popular page are weighed for every answer from it, and embedding them is most of an answer's work.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Embedder

_ROOM = 8_192
"""So many are kept at most: 12 MB of 384 numbers each."""
_HASH_BYTES = 16
Vector = NDArray[np.float32]


class TextsSeen:
    """What one embedder gave. Safe to share between threads."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], embedder: Embedder) -> Vector:
        """One row per text, in the order given, as `embed_documents` gives them; only what is new is embedded."""
        keys = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest() for text in texts]
        known = self._look_up(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            vectors = dict(zip(new, embedder.embed_documents(tuple(new.values())), strict=True))
            self._keep(vectors)
            known |= vectors
        rows = [known[key] for key in keys]
        return np.stack(rows) if rows else np.empty((0, embedder.dimension), np.float32)

    def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._lock:
            found = {key: vector for key in keys if (vector := self._known.get(key)) is not None}
            for key in found:
                self._known.move_to_end(key)
            return found

    def _keep(self, vectors: dict[bytes, Vector]) -> None:
        with self._lock:
            # Copied: a row of its batch would keep all of it.
            self._known |= {key: vector.copy() for key, vector in vectors.items()}
            while len(self._known) > self._room:
                self._known.popitem(last=False)


_SEEN: WeakKeyDictionary[Embedder, TextsSeen] = WeakKeyDictionary()
_LOCK = threading.Lock()


def embed_seen(texts: Sequence[str], embedder: Embedder) -> Vector:
    """One row per text; texts that this embedder embedded lately cost nothing."""
    with _LOCK:
        seen = _SEEN.setdefault(embedder, TextsSeen())
    return seen.embed(texts, embedder)
