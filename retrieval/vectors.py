"""The adapter of Chroma: nearest vectors of a collection. The only file that imports chromadb.

Vectors come ready-made; Chroma's own embedding functions download code or weights and are never used. Chroma is in
this process, with a directory of its own (`VectorIndex`), or a server that several processes share (`SharedVectorIndex`).
"""

import hashlib
import logging
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import VectorsUnreachable
from retrieval.index_feed import IndexedChunk
from retrieval.seal import Seal, clear
from retrieval.values import Leg
from retrieval.vector_traces import remove_traces

log = logging.getLogger(__name__)
T = TypeVar("T")
_BATCH = 2000
_SAME = 1e-3
_PROOF_DEPTH = 400
"""Asked for few, the graph passes by one in two hundred of the vectors that it holds; asked for 200, by none."""
_SPACE = {"hnsw": {"space": "cosine"}}
_CONNECT_S, _READ_S, _WRITE_S = 0.3, 3.0, 120.0
"""How long a server may take: to be reached, to answer a search, to take vectors up."""
_LISTED = 1000
_OURS = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}")
_UNREACHABLE = "The server of vectors does not answer, so words alone are searched; look after CHROMA_URL."


class ChromaIndex(ABC):
    """One Chroma collection per Citewell collection and embedding model, cosine distance."""

    leg: Leg = "dense"

    def __init__(self, *, model: str, dimension: int) -> None:
        self.model, self.dimension = model, dimension
        self.embedded_by: str | None = model
        self._tag = hashlib.sha256(f"{model}/{dimension}".encode()).hexdigest()[:8]

    @property
    def name(self) -> str:
        """Names the index and the model it belongs to."""
        return f"dense-{self._tag}"

    @property
    @abstractmethod
    def is_reachable(self) -> bool:
        """Whether it answered when it was asked last."""

    @abstractmethod
    def came_back(self) -> bool:
        """Look whether it answers; whether it did not before."""

    @abstractmethod
    def on_trial(self) -> AbstractContextManager[None]:
        """Within it, what is kept on the disk is read for the first time."""

    @abstractmethod
    def scrub(self) -> None:
        """Leave nothing of dropped collections on the disk; raises HomeInUse."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    def add(self, collection_id: str, chunks: Sequence[IndexedChunk]) -> None:
        """Insert or replace the chunks that have an embedding by this index's model."""
        embedded = [chunk for chunk in chunks if chunk.embedding_model == self.embedded_by]
        for start in range(0, len(embedded), _BATCH):
            self._write(collection_id, partial(_upsert, embedded[start : start + _BATCH]))

    def remove(self, collection_id: str, document_ids: Sequence[int]) -> None:
        """Delete the chunks of these documents."""
        for document_id in document_ids:
            self._write(collection_id, partial(_delete, document_id))

    def commit(self, collection_id: str) -> None:  # noqa: B027 - of no kind has it anything to do
        """Nothing to do: Chroma writes through."""

    def search(self, collection_id: str, vector: NDArray[np.float32], limit: int) -> tuple[tuple[int, float], ...]:
        """(chunk id, cosine), best first; raises VectorsUnreachable."""
        return self._nearest(collection_id, vector, limit)

    def _nearest(self, collection_id: str, vector: NDArray[np.float32], limit: int) -> tuple[tuple[int, float], ...]:
        def ask(kept: Any) -> tuple[tuple[int, float], ...]:
            result = kept.query(query_embeddings=[vector], n_results=limit, include=["distances"])
            found = zip(result["ids"][0], result["distances"][0], strict=True)
            return tuple((int(id_), 1.0 - float(distance)) for id_, distance in found)

        return self._read(collection_id, ask, absent=())

    def count(self, collection_id: str) -> int:
        """How many vectors Chroma says it holds."""
        return self._read(collection_id, lambda kept: int(kept.count()), absent=0)

    def finds(self, collection_id: str, chunk: IndexedChunk) -> bool:
        """Whether a chunk's own vector leads back to a vector equal to it."""
        if chunk.embedding is None or chunk.embedding_model != self.embedded_by:
            return True
        nearest = self._nearest(collection_id, chunk.embedding, _PROOF_DEPTH)
        return bool(nearest) and nearest[0][1] > 1 - _SAME

    def empty(self, collection_id: str) -> None:
        """Remove all vectors; nothing is found until they are added again."""
        self.drop(collection_id)

    def held(self) -> frozenset[str]:
        """The collections of which there are vectors, by whatever model."""
        return frozenset(name.rpartition("-")[0] for name in self._names())

    def drop(self, collection_id: str) -> None:
        """Forget a collection, its vectors by other models too."""
        for name in self._names():
            if name.startswith(f"{collection_id}-"):
                self._delete(name)

    def _chroma_name(self, collection_id: str) -> str:
        return f"{collection_id}-{self._tag}"

    @abstractmethod
    def _read(self, collection_id: str, ask: Callable[[Any], T], *, absent: T) -> T:
        """What Chroma's collection answers, `absent` where there may be none."""

    @abstractmethod
    def _write(self, collection_id: str, change: Callable[[Any], object]) -> None:
        """Change Chroma's collection, made if it is new."""

    @abstractmethod
    def _names(self) -> Sequence[str]:
        """The names of all collections in Chroma that are ours."""

    @abstractmethod
    def _delete(self, name: str) -> None:
        """Delete one of them."""


class VectorIndex(ChromaIndex):
    """Chroma in this process, with a directory that nobody else opens."""

    is_reachable = True

    def __init__(self, directory: Path, *, model: str, dimension: int) -> None:
        """Opens or creates the directory; one that Chroma cannot open is emptied, for SQL can fill it again."""
        super().__init__(model=model, dimension=dimension)
        self._directory = directory
        self._open: dict[str, Any] = {}
        self.seal = Seal(directory)
        self._client = self._connect()

    def came_back(self) -> bool:
        """It is always there."""
        return False

    def on_trial(self) -> AbstractContextManager[None]:
        """If the process ends within it, the next one opens new files."""
        return self.seal.on_trial()

    def scrub(self) -> None:
        """Leave nothing of dropped collections in Chroma's files; raises HomeInUse."""
        remove_traces(self._newest())

    def close(self) -> None:
        """Let go of the directory."""
        self._open.clear()
        self._client.close()
        self.seal.close()

    def _read(self, collection_id: str, ask: Callable[[Any], T], *, absent: T) -> T:  # noqa: ARG002 - it is made
        return ask(self._collection(collection_id))

    def _write(self, collection_id: str, change: Callable[[Any], object]) -> None:
        change(self._collection(collection_id))

    def _names(self) -> Sequence[str]:
        return [collection.name for collection in self._client.list_collections()]

    def _delete(self, name: str) -> None:
        self._open.pop(name, None)
        self._client.delete_collection(name)

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

    def _collection(self, collection_id: str) -> Any:
        name = self._chroma_name(collection_id)
        if name not in self._open:
            made = self._client.get_or_create_collection(name, embedding_function=None, configuration=_SPACE)
            self._open[name] = made
        return self._open[name]


class SharedVectorIndex(ChromaIndex):
    """A Chroma server's. It need not be there: whoever asks it meanwhile is told so at once.

    A failure to reach it is remembered until `came_back` has reached it again, so that questions do not wait for it one
    after the other. The server belongs to one installation.
    """

    def __init__(self, url: str, *, model: str, dimension: int) -> None:
        super().__init__(model=model, dimension=dimension)
        self._reading, self._writing = _Server(url, _READ_S), _Server(url, _WRITE_S)
        self._is_reachable = False

    @property
    def is_reachable(self) -> bool:
        """Whether it answered when it was asked last; False until somebody has looked."""
        return self._is_reachable

    def came_back(self) -> bool:
        """Look whether it answers; whether it did not before."""
        before = self._is_reachable
        with suppress(VectorsUnreachable):
            self._asked(self._reading.heartbeat)
            self._is_reachable = True
        return self._is_reachable and not before

    def search(self, collection_id: str, vector: NDArray[np.float32], limit: int) -> tuple[tuple[int, float], ...]:
        """(chunk id, cosine), best first; raises VectorsUnreachable, also where the server answers with an error."""
        try:
            return self._nearest(collection_id, vector, limit)
        except VectorsUnreachable:
            raise
        except Exception as error:  # Chroma's client knows no narrower class for what it does not know.
            log.warning("The server of vectors failed (%s).", type(error).__name__)
            raise VectorsUnreachable(_UNREACHABLE) from error

    def on_trial(self) -> AbstractContextManager[None]:
        """Its files are not read by this process."""
        return nullcontext()

    def scrub(self) -> None:
        """Its files are out of reach: `chroma vacuum` does it where they are."""

    def close(self) -> None:
        """Let go of the connections."""
        self._reading.close()
        self._writing.close()

    def _read(self, collection_id: str, ask: Callable[[Any], T], *, absent: T) -> T:
        return self._there(lambda: self._reading.ask(self._chroma_name(collection_id), ask, absent=absent))

    def _write(self, collection_id: str, change: Callable[[Any], object]) -> None:
        self._there(lambda: self._writing.change(self._chroma_name(collection_id), change))

    def _names(self) -> Sequence[str]:
        return self._there(lambda: [name for name in self._writing.names() if _OURS.fullmatch(name)])

    def _delete(self, name: str) -> None:
        self._there(lambda: self._writing.delete(name))

    def _there(self, ask: Callable[[], T]) -> T:
        """What is answered; raises VectorsUnreachable, at once where it was not reached before."""
        if not self._is_reachable:
            raise VectorsUnreachable(_UNREACHABLE)
        return self._asked(ask)

    def _asked(self, ask: Callable[[], T]) -> T:
        import httpx

        try:
            return ask()
        except httpx.TransportError as error:
            if self._is_reachable:
                log.warning("The server of vectors does not answer (%s).", type(error).__name__)
            self._is_reachable = False
            raise VectorsUnreachable(_UNREACHABLE) from error


class _Server:
    """A Chroma server as one kind of work asks it. Safe to share between threads; nothing is asked before it has to be."""

    def __init__(self, url: str, answers_within_s: float) -> None:
        self._url, self._answers_within_s = url, answers_within_s
        self._open: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._api: Any = None

    def heartbeat(self) -> None:
        self._connected().heartbeat()

    def ask(self, name: str, ask: Callable[[Any], T], *, absent: T) -> T:
        """What a collection answers; `absent` where there is none, for one that only reads makes none."""
        from chromadb.errors import NotFoundError

        try:
            return self._again_where_replaced(name, ask, self._connected().get_collection)
        except NotFoundError:
            return absent

    def change(self, name: str, change: Callable[[Any], object]) -> None:
        """Change a collection, made if it is new."""
        api = self._connected()
        self._again_where_replaced(name, change, lambda name: api.get_or_create_collection(name, configuration=_SPACE))

    def names(self) -> Iterator[str]:
        api, offset = self._connected(), 0
        while page := api.list_collections(limit=_LISTED, offset=offset):
            yield from (model.name for model in page)
            offset += len(page)

    def delete(self, name: str) -> None:
        from chromadb.errors import NotFoundError

        self._open.pop(name, None)
        with suppress(NotFoundError):  # Another process was first.
            self._connected().delete_collection(name)

    def close(self) -> None:
        api, self._api = self._api, None
        if api is not None:
            api._session.close()

    def _again_where_replaced(self, name: str, ask: Callable[[Any], T], get: Callable[[str], Any]) -> T:
        """Ask the collection; where another process has replaced it since it was opened, the new one."""
        from chromadb.errors import NotFoundError

        if (known := self._open.get(name)) is not None:
            with suppress(NotFoundError):
                return ask(known)
        self._open[name] = opened = self._collection(get(name))
        return ask(opened)

    def _collection(self, model: Any) -> Any:
        from chromadb.api.models.Collection import Collection

        return Collection(client=self._connected(), model=model, embedding_function=None)

    def _connected(self) -> Any:
        with self._lock:
            if self._api is None:
                self._api = _api(self._url, self._answers_within_s)
            return self._api


def _api(url: str, answers_within_s: float) -> Any:
    """Chroma's own client over HTTP, with time limits: its `HttpClient` has none, and asks the server when it is made."""
    import httpx
    from chromadb.api import ServerAPI
    from chromadb.config import Settings, System

    port = urlsplit(url).port or (443 if url.lower().startswith("https:") else 80)
    settings = Settings(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=url.rstrip("/"),
        chroma_server_http_port=port,
        anonymized_telemetry=False,
    )
    api: Any = System(settings).instance(ServerAPI)  # type: ignore[type-abstract]
    api._session.timeout = httpx.Timeout(answers_within_s, connect=_CONNECT_S)
    return api


def _delete(document_id: int, collection: Any) -> None:
    collection.delete(where={"document": int(document_id)})


def _upsert(chunks: Sequence[IndexedChunk], collection: Any) -> None:
    collection.upsert(
        ids=[str(chunk.id) for chunk in chunks],
        embeddings=np.stack([chunk.embedding for chunk in chunks if chunk.embedding is not None]),
        metadatas=[{"document": chunk.document_id} for chunk in chunks],
    )


def _client(directory: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    directory.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(path=str(directory), settings=Settings(anonymized_telemetry=False))
    client.list_collections()
    return client
