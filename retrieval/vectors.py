"""The adapter of Chroma: nearest vectors of a collection. The only file that imports chromadb.

Vectors come ready-made; Chroma's own embedding functions download code or weights and are never used.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.index_feed import IndexedChunk
from retrieval.seal import Seal, clear
from retrieval.values import Leg
from retrieval.vector_traces import remove_traces

log = logging.getLogger(__name__)
_BATCH = 2000
_SAME = 1e-3
_PROOF_DEPTH = 400
"""Asked for few, the graph passes by one in two hundred of the vectors that it holds; asked for 200, by none."""


class VectorIndex:
    """One Chroma collection per Citewell collection and embedding model, cosine distance."""

    leg: Leg = "dense"

    def __init__(self, directory: Path, *, model: str, dimension: int) -> None:
        """Opens or creates the directory; one that Chroma cannot open is emptied, for SQL can fill it again."""
        self.model, self.dimension = model, dimension
        self.embedded_by: str | None = model
        self._directory = directory
        self._tag = hashlib.sha256(f"{model}/{dimension}".encode()).hexdigest()[:8]
        self._open: dict[str, Any] = {}
        self.seal = Seal(directory)
        self._client = self._connect()

    @property
    def name(self) -> str:
        """Names the index and the model it belongs to."""
        return f"dense-{self._tag}"

    def add(self, collection_id: str, chunks: Sequence[IndexedChunk]) -> None:
        """Insert or replace the chunks that have an embedding by this index's model."""
        embedded = [chunk for chunk in chunks if chunk.embedding_model == self.embedded_by]
        for start in range(0, len(embedded), _BATCH):
            batch = embedded[start : start + _BATCH]
            self._collection(collection_id).upsert(
                ids=[str(chunk.id) for chunk in batch],
                embeddings=np.stack([chunk.embedding for chunk in batch if chunk.embedding is not None]),
                metadatas=[{"document": chunk.document_id} for chunk in batch],
            )

    def remove(self, collection_id: str, document_ids: Sequence[int]) -> None:
        """Delete the chunks of these documents."""
        for document_id in document_ids:
            self._collection(collection_id).delete(where={"document": int(document_id)})

    def commit(self, collection_id: str) -> None:
        """Nothing to do: Chroma writes through."""

    def search(self, collection_id: str, vector: NDArray[np.float32], limit: int) -> tuple[tuple[int, float], ...]:
        """(chunk id, cosine), best first."""
        result = self._collection(collection_id).query(
            query_embeddings=[vector], n_results=limit, include=["distances"]
        )
        return tuple(
            (int(id_), 1.0 - float(distance))
            for id_, distance in zip(result["ids"][0], result["distances"][0], strict=True)
        )

    def count(self, collection_id: str) -> int:
        """How many vectors Chroma says it holds."""
        return int(self._collection(collection_id).count())

    def finds(self, collection_id: str, chunk: IndexedChunk) -> bool:
        """Whether a chunk's own vector leads back to a vector equal to it."""
        if chunk.embedding is None or chunk.embedding_model != self.embedded_by:
            return True
        nearest = self.search(collection_id, chunk.embedding, _PROOF_DEPTH)
        return bool(nearest) and nearest[0][1] > 1 - _SAME

    def empty(self, collection_id: str) -> None:
        """Remove all vectors; nothing is found until they are added again."""
        self.drop(collection_id)

    def held(self) -> frozenset[str]:
        """The collections of which there are vectors, by whatever model."""
        return frozenset(collection.name.rpartition("-")[0] for collection in self._client.list_collections())

    def drop(self, collection_id: str) -> None:
        """Forget a collection, its vectors by other models too."""
        self._open.pop(collection_id, None)
        for collection in self._client.list_collections():
            if collection.name.startswith(f"{collection_id}-"):
                self._client.delete_collection(collection.name)

    def scrub(self) -> None:
        """Leave nothing of dropped collections in Chroma's files; raises HomeInUse."""
        remove_traces(self._newest())

    def close(self) -> None:
        """Let go of the directory."""
        self._open.clear()
        self._client.close()
        self.seal.close()

    def _newest(self) -> Path:
        numbers = sorted(int(path.name) for path in self._directory.glob("[0-9]*"))
        return self._directory / str(numbers[-1] if numbers else 0)

    def _connect(self) -> Any:
        newest = self._newest()
        if not self.seal.breaks():
            try:
                return _client(newest)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - a panic of Chroma's Rust part is no Exception
                log.warning("Chroma's directory cannot be opened; a new one is filled from the database.")
        clear(self._directory)
        # Under another name: within a process Chroma never opens a path again that failed once.
        return _client(self._directory / str(int(newest.name) + 1))

    def _chroma_name(self, collection_id: str) -> str:
        return f"{collection_id}-{self._tag}"

    def _collection(self, collection_id: str) -> Any:
        if collection_id not in self._open:
            self._open[collection_id] = self._client.get_or_create_collection(
                self._chroma_name(collection_id),
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine"}},
            )
        return self._open[collection_id]


def _client(directory: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    directory.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(path=str(directory), settings=Settings(anonymized_telemetry=False))
    client.list_collections()
    return client
