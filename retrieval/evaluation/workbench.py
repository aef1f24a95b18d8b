"""A temporary library with its indexes, and embeddings remembered between runs by their content."""

import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.catalogue import Catalogue
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.search import Search
from retrieval.values import ParsedDocument, Scope
from retrieval.vectors import VectorIndex

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how many of how many are done."""
_HASHES_PER_QUERY = 500
_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Workbench:
    """A searchable corpus: every hit's document is one of `paths`, by document id."""

    search: Search
    library: Library
    scope: Scope
    paths: Mapping[int, str]
    chunk_documents: Mapping[int, str]


def unseen(_doing: str, _done: int, _total: int) -> None:
    """Shows no progress."""


def ask_each(
    questions: Mapping[str, _Question],
    ask: Callable[[_Question], _Answer],
    on_progress: OnProgress,
    doing: str = "questions asked",
) -> tuple[dict[str, _Answer], dict[str, float]]:
    """The answers by question, and p50 and p95 of the milliseconds each took. The first is asked once before."""
    for question in list(questions.values())[:1]:
        ask(question)
    answers, taken = {}, []
    for name, question in _counted(questions.items(), len(questions), doing, on_progress):
        started = time.perf_counter()
        answers[name] = ask(question)
        taken.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(taken, [50, 95])
    return answers, {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def _counted(items: Iterable[_Item], total: int, doing: str, on_progress: OnProgress) -> Iterator[_Item]:
    for done, item in enumerate(items):
        on_progress(doing, done, total)
        yield item
    on_progress(doing, total, total)


@contextmanager
def workbench(
    corpus: Mapping[str, ParsedDocument], embedder: Embedder, on_progress: OnProgress = unseen
) -> Iterator[Workbench]:
    """Index a corpus in a temporary directory, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="citewell-eval-") as folder:
        directory = Path(folder)
        engine = open_database(f"sqlite:///{directory / 'eval.sqlite'}")
        library = Library(engine)
        dense = VectorIndex(directory / "dense", model=embedder.name, dimension=embedder.dimension)
        indexes = Indexes(LexicalIndex(directory / "lexical"), dense, library, directory)
        try:
            collection = library.create_collection("eval").id
            Intake(library, indexes, embedder).add_parsed(
                collection, _counted(corpus.items(), len(corpus), "documents embedded and indexed", on_progress)
            )
            scope = frozenset({collection})
            paths = {
                document.id: document.path for document in Catalogue(engine).documents(scope) if document.id is not None
            }
            owners = {chunk: paths[document] for chunk, document in library.chunk_owners(collection).items()}
            yield Workbench(Search(library, indexes, embedder), library, scope, paths, owners)
        finally:
            indexes.close()
            engine.dispose()


class RememberingEmbedder:
    """An embedder that keeps document embeddings in a file, by model and content."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._file = file
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS embeddings (key TEXT PRIMARY KEY, vector BLOB NOT NULL)")

    @property
    def name(self) -> str:
        """The model's name."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """The model's dimension."""
        return self._embedder.dimension

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Computed each time: latency is measured through here."""
        return self._embedder.embed_query(text)

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Remembered where they are known, computed and kept where not."""
        keys = [self._key(text) for text in texts]
        known = self._load(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            computed = dict(zip(new, self._embedder.embed_documents(list(new.values())), strict=True))
            self._save(computed)
            known |= computed
        return np.stack([known[key] for key in keys]) if keys else np.empty((0, self.dimension), np.float32)

    def remembered(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The embeddings of those texts that are known; nothing is computed."""
        keys = {text: self._key(text) for text in texts}
        known = self._load(list(keys.values()))
        return {text: known[key] for text, key in keys.items() if key in known}

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self.name}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def _load(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        found: dict[str, NDArray[np.float32]] = {}
        with closing(self._connect()) as connection:
            for start in range(0, len(keys), _HASHES_PER_QUERY):
                batch = keys[start : start + _HASHES_PER_QUERY]
                query = f"SELECT key, vector FROM embeddings WHERE key IN ({','.join('?' * len(batch))})"  # noqa: S608
                for key, blob in connection.execute(query, batch):
                    found[key] = np.frombuffer(blob, np.float32)
        return found

    def _save(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in vectors.items()]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=60)
