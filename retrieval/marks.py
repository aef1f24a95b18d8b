"""How far an index has come with following SQL, and who may bring it further at a time.

An index that is this process's own has a small file and a lock in memory; one that several processes share has rows
and a lock in the database.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from sqlalchemy import ColumnElement, Engine, delete, insert, select, text

from retrieval.schema import index_marks


class Mark(NamedTuple):
    """The ids of the last document and the last removal that an index has taken up."""

    document: int
    removal: int


NOTHING = Mark(0, 0)


class Marks(Protocol):
    """How far one index has come, by collection."""

    def get(self, collection_id: str) -> Mark:
        """The last mark, NOTHING where there is none."""

    def set(self, collection_id: str, mark: Mark) -> None:
        """It has come so far, and may be asked."""

    def begin_anew(self, collection_id: str) -> None:
        """It is filled anew from now on, and not to be asked until `set`; if that is cut off, it is begun again."""

    def forget(self, collection_id: str) -> None:
        """The collection is gone."""

    def is_whole(self, collection_id: str) -> bool:
        """Whether it may be asked: not while it is filled anew."""

    def look(self) -> None:
        """Learn what other processes have set."""


class FileMarks:
    """The marks of an index that nobody else writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._filling: set[str] = set()

    def get(self, collection_id: str) -> Mark:
        """The last mark, NOTHING where there is none."""
        return self._read().get(collection_id, NOTHING)

    def set(self, collection_id: str, mark: Mark) -> None:
        """It has come so far, and may be asked."""
        self._write(self._read() | {collection_id: mark})
        self._filling.discard(collection_id)

    def begin_anew(self, collection_id: str) -> None:
        """It is filled anew from now on, and not to be asked until `set`."""
        self._filling.add(collection_id)
        self._write(self._read() | {collection_id: NOTHING})

    def forget(self, collection_id: str) -> None:
        """The collection is gone."""
        self._write({key: mark for key, mark in self._read().items() if key != collection_id})

    def is_whole(self, collection_id: str) -> bool:
        """Whether it may be asked."""
        return collection_id not in self._filling

    def look(self) -> None:
        """Nobody else sets them."""

    def _write(self, marks: dict[str, Mark]) -> None:
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(marks), encoding="utf-8")
        os.replace(temporary, self._path)

    def _read(self) -> dict[str, Mark]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return {key: Mark(int(document), int(removal)) for key, (document, removal) in kept.items()}
        except (OSError, ValueError):
            return {}


class SharedMarks:
    """The marks of an index that several processes share. Whether it may be asked is known as of the last look."""

    def __init__(self, engine: Engine, index_name: str) -> None:
        self._engine = engine
        self._index_name = index_name
        self._filling: frozenset[str] = frozenset()

    def get(self, collection_id: str) -> Mark:
        """The last mark, NOTHING where there is none."""
        query = select(index_marks.c.document, index_marks.c.removal).where(self._row(collection_id))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return NOTHING if row is None else Mark(row.document, row.removal)

    def set(self, collection_id: str, mark: Mark) -> None:
        """It has come so far, and may be asked."""
        self._keep(collection_id, mark, is_filling=False)

    def begin_anew(self, collection_id: str) -> None:
        """It is filled anew from now on, and not to be asked until `set`."""
        self._keep(collection_id, NOTHING, is_filling=True)

    def forget(self, collection_id: str) -> None:
        """The collection is gone, and with it what older indexes knew of it."""
        with self._engine.begin() as connection:
            connection.execute(delete(index_marks).where(index_marks.c.collection_id == collection_id))
        self.look()

    def is_whole(self, collection_id: str) -> bool:
        """Whether it may be asked."""
        return collection_id not in self._filling

    def look(self) -> None:
        """Learn what other processes have set."""
        query = select(index_marks.c.collection_id).where(
            index_marks.c.index_name == self._index_name, index_marks.c.is_filling
        )
        with self._engine.connect() as connection:
            self._filling = frozenset(connection.execute(query).scalars())

    def _keep(self, collection_id: str, mark: Mark, *, is_filling: bool) -> None:
        row = {"index_name": self._index_name, "collection_id": collection_id, **mark._asdict()}
        with self._engine.begin() as connection:
            connection.execute(delete(index_marks).where(self._row(collection_id)))
            connection.execute(insert(index_marks).values(**row, is_filling=is_filling))
        self.look()

    def _row(self, collection_id: str) -> ColumnElement[bool]:
        return (index_marks.c.index_name == self._index_name) & (index_marks.c.collection_id == collection_id)


class Turns(Protocol):
    """Lets one at a time bring an index further."""

    def taken(self, collection_id: str) -> AbstractContextManager[object]:
        """Within it nobody else writes this collection's index."""


class OwnTurns:
    """Among the threads of this process, for all collections together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def taken(self, collection_id: str) -> AbstractContextManager[object]:  # noqa: ARG002 - one for all collections
        """Within it nobody else writes the index."""
        return self._lock


class SharedTurns:
    """Among all processes on a PostgreSQL database, by its advisory locks; one that ends lets go by itself.

    Whoever waits does so for as long as it takes: filling an index anew may take minutes.
    """

    def __init__(self, engine: Engine, index_name: str) -> None:
        self._engine = engine
        self._index_name = index_name

    @contextmanager
    def taken(self, collection_id: str) -> Iterator[None]:
        """Within it nobody else writes this collection's index."""
        digest = hashlib.sha256(f"{self._index_name}/{collection_id}".encode()).digest()
        key = {"key": int.from_bytes(digest[:8], "big", signed=True)}
        with self._engine.connect() as connection:
            with connection.begin():  # The lock outlives it; only the limit on waiting for locks does not hold here.
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
            try:
                yield
            finally:
                with connection.begin():
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
