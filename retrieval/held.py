"""The vectors of small collections, held in memory and compared without a graph.

A question to Chroma costs a millisecond however small the collection is, so that twenty of them cost three times as
much as one large. Held vectors are a copy of what SQL has: whatever changes a collection has it forgotten, and the
next search reads it anew.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.chunk_reader import ChunkReader, Vector
from retrieval.values import Scope

_MOST = 20_000
"""A collection of more chunks is left to Chroma."""
_ROOM = 120_000
"""So many vectors are held at most, of all collections together: 190 MB of 384 numbers each."""
_COMPARED = 2_000
"""So many are compared exactly, those that share most signs with the question: of 10,000 chunks of abstracts they hold
99.7 % of the nearest 60, of 5,000 all."""
_SIGNS = 64

_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Held:
    """A collection's embeddings, one row each; ids grow. `signs` has a column for each embedding, 64 signs a number."""

    ids: NDArray[np.int64]
    vectors: Vector
    signs: _Words

    def of(self, chunk_ids: Iterable[int]) -> dict[int, Vector]:
        """The embeddings of those of these chunks that have one."""
        return looked_up(sorted(chunk_ids), self.ids, self.vectors)

    def distances(self, signs: _Words) -> NDArray[np.uint16]:
        """In how many signs each embedding differs from a question's."""
        differing: NDArray[np.uint16] = np.bitwise_count(self.signs ^ signs[:, np.newaxis]).sum(axis=0, dtype=np.uint16)
        return differing


class HeldVectors:
    """Reads small collections in, and forgets them when they change. Safe to share between threads."""

    def __init__(self, reader: ChunkReader, *, model: str, dimension: int, found_large: Callable[[], None]) -> None:
        """`found_large` is called where a collection is too large to be held, and again when it has changed."""
        self._reader = reader
        self._found_large = found_large
        self._model = model
        self._dimension = dimension
        self._lock = threading.Lock()
        self._known: dict[str, Held | None] = {}
        """None is for a collection that is too large to be held."""
        self._changes: Counter[str] = Counter()

    def among(self, scope: Scope) -> dict[str, Held]:
        """What is held of a scope. At most one collection is read in, so that no search waits for many."""
        with self._lock:
            known = {collection: self._known[collection] for collection in sorted(scope) if collection in self._known}
        for collection in sorted(scope - known.keys())[:1]:
            known[collection] = self._read(collection)
        return {collection: held for collection, held in known.items() if held is not None}

    def forget(self, collection_id: str) -> None:
        """A collection has changed or is gone."""
        with self._lock:
            self._changes[collection_id] += 1
            self._known.pop(collection_id, None)

    def _read(self, collection_id: str) -> Held | None:
        with self._lock:
            before = self._changes[collection_id]
            room = _ROOM - sum(len(held.ids) for held in self._known.values() if held is not None)
        found = self._reader.vectors_of(collection_id, self._model, limit=min(_MOST, room))
        held = None if found is None else hold(*found, self._dimension)
        with self._lock:
            if self._changes[collection_id] == before:  # Else it changed while it was read.
                self._known[collection_id] = held
        if found is None:
            self._found_large()
        return held


def looked_up(chunk_ids: Sequence[int], ids: NDArray[np.int64], vectors: Vector) -> dict[int, Vector]:
    """Those of these chunks that are among `ids`, which grow, each with its row of `vectors`."""
    wanted = np.array(chunk_ids, np.int64)
    rows = np.searchsorted(ids, wanted)
    there = rows < len(ids)
    there[there] = ids[rows[there]] == wanted[there]
    return dict(zip(wanted[there].tolist(), vectors[rows[there]], strict=True))


def nearest(collections: Mapping[str, Held], vector: Vector, limit: int) -> dict[int, tuple[str, float]]:
    """Collection and cosine of the chunks nearest to a vector of length 1; a few more where some are alike."""
    if not collections:
        return {}
    signs = _signs(vector)
    distances = {name: held.distances(signs) for name, held in collections.items()}
    farthest = _farthest(np.concatenate(list(distances.values())), max(limit, _COMPARED))
    compared = {name: np.flatnonzero(differing <= farthest) for name, differing in distances.items()}
    cosines = {name: products(collections[name].vectors[rows], vector) for name, rows in compared.items()}
    least = _nth_largest(np.concatenate(list(cosines.values())), limit)
    return {
        int(collections[name].ids[compared[name][at]]): (name, float(cosines[name][at]))
        for name in collections
        for at in np.flatnonzero(cosines[name] >= least)
    }


def products(rows: Vector, vector: Vector) -> Vector:
    """The product of each row with a vector, not by BLAS: its threads spin on for a while and slow the next embedding."""
    found: Vector = np.einsum("ij,j->i", rows, vector)
    return found


def hold(ids: NDArray[np.int64], numbers: NDArray[np.float32], dimension: int) -> Held:
    """A collection of these chunks; their embeddings follow one another in `numbers`."""
    vectors = numbers.reshape(len(ids), dimension)
    return Held(ids, vectors, np.ascontiguousarray(_signs(vectors).T))


def _signs(vectors: NDArray[np.float32]) -> _Words:
    """The signs of each vector's numbers, as bits."""
    bits = np.packbits(vectors > 0, axis=-1)
    missing = -bits.shape[-1] % (_SIGNS // 8)
    return np.pad(bits, [*[(0, 0)] * (vectors.ndim - 1), (0, missing)]).view(np.uint64)


def _farthest(distances: NDArray[np.uint16], count: int) -> int:
    """The distance up to which so many are found."""
    return int(np.searchsorted(np.cumsum(np.bincount(distances)), count))


def _nth_largest(numbers: NDArray[Any], n: int) -> float:
    return float(np.partition(numbers, -n)[-n]) if len(numbers) > n else float("-inf")
