"""The embeddings of chunks by their ids, in memory: reading a hundred of them from SQL costs a search a millisecond.

A chunk's embedding never changes and ids only grow, so nothing here is ever wrong: chunks that came since are read
after the last one known, and those that went are asked for no more; they keep their place until the next start.
"""

import threading
from collections.abc import Sequence

import numpy as np

from retrieval.chunk_reader import ChunkReader, Vector
from retrieval.held import looked_up

_ROOM = 120_000
"""So many are kept at most: 190 MB of 384 numbers each. What is beyond is read from SQL."""
_AT_ONCE = 1_000


class RememberedVectors:
    """Safe to share between threads."""

    def __init__(self, reader: ChunkReader, *, model: str, dimension: int, room: int = _ROOM) -> None:
        self._reader = reader
        self._model = model
        self._room = room
        self._growing = threading.Lock()
        # Room that was never written to takes no memory.
        self._ids = np.empty(room, np.int64)
        self._vectors = np.empty((room, dimension), np.float32)
        self._count = 0

    def of(self, chunk_ids: Sequence[int]) -> dict[int, Vector]:
        """The embeddings of those of these chunks that are known."""
        return looked_up(chunk_ids, self._ids[: self._count], self._vectors)

    def grow(self, stopping: threading.Event) -> None:
        """Read what SQL has beyond the last chunk known, as far as there is room; does nothing while that is done."""
        if not self._growing.acquire(blocking=False):
            return
        try:
            while not stopping.is_set() and self._read_more():
                pass
        finally:
            self._growing.release()

    def _read_more(self) -> bool:
        """Whether there may be more."""
        last = int(self._ids[self._count - 1]) if self._count else 0
        wanted = min(_AT_ONCE, self._room - self._count)
        if not wanted:
            return False
        ids, vectors = self._reader.vectors_after(last, self._model, limit=wanted)
        end = self._count + len(ids)
        self._ids[self._count : end] = ids
        self._vectors[self._count : end] = vectors.reshape(len(ids), self._vectors.shape[1])
        self._count = end
        return len(ids) == wanted
