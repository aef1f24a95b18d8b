"""All events as columns in memory, from which every figure is added up: numpy over a million rows takes milliseconds.

It holds no words and no reader's view: who may see what of it is decided by whoever adds up (`Insights`).
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, Integer, cast, func, select

from assistant.schema import events

Column = NDArray[Any]
T = TypeVar("T")
FRESH_S = 30.0
"""For so long what was read is believed to be all."""
_AT_ONCE = 5_000
"""Rows that fit into the processor's cache: ten times as many take twice as long."""
_NONE = -1
_STEP = 100_000
"""Rows that are read before somebody else may have their turn."""
_MOST_KNOWN = 256
"""So many things that were worked out of the same events are remembered."""
_FAR = 2**62
"""An id that no event has."""
_CODED = ("kind", "status", "groups", "collections", "owner", "currency")
"""Columns of few different values: kept as numbers."""
_NUMBERS = {
    "id": np.int64,
    "at_s": np.int64,
    "message_id": np.int64,
    "first_ms": np.int32,
    "total_ms": np.int32,
    "prompt_tokens": np.int32,
    "completion_tokens": np.int32,
    "claims": np.int32,
    "supported": np.int32,
    "is_helpful": np.int8,
    "cost": np.float64,
}
_COLUMNS = (*_CODED, *_NUMBERS)


@dataclass(frozen=True, slots=True)
class Frame:
    """Events in the order of their ids. What is absent is -1.

    `codes[name][number]` is what a number in a coded column stands for.
    """

    columns: dict[str, Column]
    codes: dict[str, tuple[str, ...]]
    _known: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """What the work gives, which is done once for each key; when there are other events, there is another frame."""
        if (known := self._known.get(key)) is not None:
            found: T = known
            return found
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        found = self._known[key] = work()
        return found

    @property
    def size(self) -> int:
        """How many events."""
        return len(self.columns["id"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def sets(self, name: str) -> tuple[frozenset[str], ...]:
        """What each number of `groups` or `collections` stands for: a set of ids."""
        return tuple(frozenset(value.split()) for value in self.codes[name])

    def touching(self, name: str, ids: frozenset[str]) -> NDArray[np.bool_]:
        """The events whose groups, or collections, have one of these ids among them."""
        wanted = np.array([not ids.isdisjoint(one) for one in self.sets(name)], np.bool_)
        found: NDArray[np.bool_] = wanted[self.columns[name]] if len(wanted) else np.zeros(self.size, np.bool_)
        return found


@dataclass(slots=True)
class Frames:
    """Keeps the newest events in memory, as far back as somebody asked for, in step with the database.

    New events are added to them, and after a removal they are read anew.
    """

    engine: Engine
    _frame: Frame | None = None
    _codes: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in _CODED})
    _first: int = 0
    _count: int = 0
    _read_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    is_looking_ahead: threading.Lock = field(default_factory=threading.Lock)
    """Held while somebody's next choices are prepared: one at a time."""

    def since(self, at_s: float | None, *, at_once: bool = False) -> Frame:
        """The events from a time on, older ones perhaps before them; None for all that there are.

        They are at most half a minute old; with `at_once` those of this moment.
        """
        with self._lock:
            first = self._first_since(at_s)
            frame, read_at = self._frame, time.monotonic()
            if frame is None or at_once or read_at - self._read_at >= FRESH_S:
                frame = self._renewed(frame, first)
                self._read_at = read_at
            if first < self._first:
                older = self._read(first, self._first)
                frame, self._first = self._joined((*older, frame.columns)), first
            self._frame = frame
            return frame

    def read_on(self, stopping: threading.Event) -> None:
        """Read what is older too, some at a time, so that whoever looks meanwhile waits for little of it."""
        while not stopping.is_set() and self._reads_further():
            continue

    def _reads_further(self) -> bool:
        """Whether there is more to read."""
        with self._lock:
            if self._frame is None or not self._first:
                return False
            if self._first == _FAR:
                with self.engine.connect() as connection:
                    self._first = 1 + (connection.execute(select(func.max(events.c.id))).scalar() or 0)
            first = max(0, self._first - _STEP)
            older = self._read(first, self._first)
            self._frame, self._first = self._joined((*older, self._frame.columns)), first
            return bool(first)

    def _first_since(self, at_s: float | None) -> int:
        if at_s is None or (self._frame is not None and not self._first):
            return 0
        query = select(func.min(events.c.id)).where(events.c.at_s >= int(at_s))
        with self.engine.connect() as connection:
            first = connection.execute(query).scalar()
        return _FAR if first is None else int(first)

    def _renewed(self, known: Frame | None, first: int) -> Frame:
        """With what is new; all anew where something was removed since, which fewer rows than before show."""
        with self.engine.connect() as connection:
            upto = connection.execute(select(func.max(events.c.id))).scalar() or 0
        count = self._rows_up_to(upto)
        if known is not None and known.size:
            last = int(known["id"][-1])
            if self._rows_up_to(last) == self._count:
                self._count = count
                return known if last >= upto else self._joined((known.columns, *self._read(last + 1, upto + 1)))
        self._first, self._count = first if known is None else min(first, self._first), count
        return self._joined((_EMPTY, *self._read(self._first, upto + 1)))

    def _rows_up_to(self, last: int) -> int:
        """All but the newer ones: SQLite counts those from an index in a moment, and a range of ids from the table."""
        every, newer = select(func.count()).select_from(events), select(func.count()).where(events.c.id > last)
        query = select(every.scalar_subquery() - newer.scalar_subquery())
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _joined(self, parts: Sequence[dict[str, Column]]) -> Frame:
        columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
        return Frame(columns, {name: tuple(codes) for name, codes in self._codes.items()})

    def _read(self, first: int, before: int | None) -> Iterator[dict[str, Column]]:
        """The events from one id on and before another one, some at a time."""
        query = select(*(events.c[name] for name in _CODED), *(_present(name) for name in _NUMBERS))
        query = query.where(events.c.id >= first).order_by(events.c.id)
        if before is not None:
            query = query.where(events.c.id < before)
        statement = str(query.compile(self.engine, compile_kwargs={"literal_binds": True}))
        with self.engine.connect() as connection:
            # The driver's own rows: SQLAlchemy's take twice as long, and nothing in them has to be converted.
            cursor = connection.exec_driver_sql(statement).cursor
            while rows := cursor.fetchmany(_AT_ONCE):
                yield self._columns(tuple(zip(*rows, strict=True)))

    def _columns(self, values: Sequence[Sequence[Any]]) -> dict[str, Column]:
        by_name = dict(zip(_COLUMNS, values, strict=True))
        coded = {name: self._coded(name, by_name[name]) for name in _CODED}
        return coded | {name: np.array(by_name[name], type_) for name, type_ in _NUMBERS.items()}

    def _coded(self, name: str, values: Sequence[str]) -> Column:
        codes = self._codes[name]
        for value in dict.fromkeys(values):
            codes.setdefault(value, len(codes))
        return np.fromiter(map(codes.__getitem__, values), np.int32, len(values))


def _present(name: str) -> ColumnElement[Any]:
    column = events.c[name]
    return (
        func.coalesce(cast(column, Integer) if name == "is_helpful" else column, _NONE) if column.nullable else column
    )


_EMPTY: dict[str, Column] = {name: np.zeros(0, np.int32) for name in _CODED} | {
    name: np.zeros(0, type_) for name, type_ in _NUMBERS.items()
}
