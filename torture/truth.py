"""What a home's database holds, read with nothing but SQLite: the state that the product is judged by."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_DOCUMENTS = "SELECT id, path, text FROM documents ORDER BY path"
_CHUNKS = (
    'SELECT start, "end", text, heading, page, embedding_model, embedding FROM chunks '
    "WHERE document_id = ? ORDER BY position"
)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as SQL has it."""

    start: int
    end: int
    text: str
    heading: str
    page: int | None
    model: str | None
    embedding: bytes | None

    def vector(self) -> NDArray[np.float32]:
        """Its embedding; nothing where it has none."""
        return np.frombuffer(self.embedding or b"", np.float32)

    def is_like(self, other: "StoredChunk") -> bool:
        """The same words at the same place with the same embedding, the last bits of its numbers aside."""
        mine = (self.start, self.end, self.text, self.heading, self.page, self.model)
        theirs = (other.start, other.end, other.text, other.heading, other.page, other.model)
        same_length = len(self.vector()) == len(other.vector())
        return mine == theirs and same_length and bool(np.allclose(self.vector(), other.vector(), atol=1e-4))


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as SQL has it."""

    text: str
    chunks: tuple[StoredChunk, ...]

    def is_like(self, other: "StoredDocument") -> bool:
        """The same text and the same chunks."""
        same = self.text == other.text and len(self.chunks) == len(other.chunks)
        return same and all(mine.is_like(theirs) for mine, theirs in zip(self.chunks, other.chunks, strict=True))

    def flaws(self) -> tuple[str, ...]:
        """Why this document is not whole; nothing where it is."""
        found = [] if self.chunks else ["it has no chunks"]
        for chunk in self.chunks:
            if self.text[chunk.start : chunk.end] != chunk.text:
                found.append(f"the chunk at {chunk.start} is not the document's text")
            if chunk.model is None or not len(chunk.vector()):
                found.append(f"the chunk at {chunk.start} has no embedding")
        return tuple(found)


def stored_documents(database: Path) -> dict[str, StoredDocument]:
    """Every document of a home by its path."""
    with closing(_read_only(database)) as connection:
        return {
            path: StoredDocument(text, tuple(StoredChunk(*row) for row in connection.execute(_CHUNKS, (id_,))))
            for id_, path, text in connection.execute(_DOCUMENTS).fetchall()
        }


def has_any_documents(database: Path) -> bool:
    """Whether there is a database that came as far as having a table of documents."""
    if not database.exists():
        return False
    with closing(_read_only(database)) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone())


def _read_only(database: Path) -> sqlite3.Connection:
    """Reading must not tidy up: an ordinary connection moves the log into the main file when it closes."""
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
