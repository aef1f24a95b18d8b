"""Writes down what happened: whoever tells of it waits for nothing, and one thread stores it.

The queue is bounded: where a database cannot keep up, an event is let go of and the log says so, but no answer waits.
What was told before `close` is stored by then; a killed process loses the last moment's.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from assistant.access import LOCAL_USER
from assistant.choices import Chosen
from assistant.insights.choices import WORDS_KEPT
from assistant.insights.happened import Happened, Place
from assistant.schema import document_use, events, memberships, people
from retrieval.errors import RetrievalError
from retrieval.outage import through_outage
from retrieval.putting import put
from retrieval.schema import collections

log = logging.getLogger(__name__)
PRIVATE = "-"
"""Stands for files of a conversation among the collections of an event: nobody but its owner may read them."""
MOST_WAITING = 10_000
MOST_WORDS_CHARS = 1_000
_AT_ONCE = 500
_WITHOUT_SIGN_IN = {LOCAL_USER.issuer, "demo", ""}
"""Who has no row among people."""
_CLOSE_S = 10.0
_Told = tuple[int, Happened]
_Used = tuple[Place, str, int]


class Recorder:
    """Takes events and stores them in their order. `now` is a clock in seconds since 1970."""

    def __init__(self, engine: Engine, chosen: Chosen, *, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._chosen = chosen
        self._now = now
        self._queue: queue.Queue[_Told | None] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lost = 0

    def record(self, happened: Happened) -> None:
        """Have an event stored soon. Never waits and never raises for the database's sake."""
        try:
            self._queue.put_nowait((int(self._now()), happened))
        except queue.Full:
            self._lost += 1
            if self._lost == 1 or self._lost % 1_000 == 0:
                log.warning("%d events could not be recorded: the database does not keep up", self._lost)
            return
        if self._thread is None:
            self._begin()

    def flush(self) -> None:
        """Wait until all that was told is stored."""
        if self._thread is not None:
            self._queue.join()

    def close(self) -> None:
        """Store all that was told, and end."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(_CLOSE_S)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        while True:
            batch, is_last = self._next()
            try:
                if batch:
                    through_outage(self._store)(batch)
            except (SQLAlchemyError, RetrievalError):
                log.warning("%d events could not be recorded", len(batch), exc_info=True)
            except Exception:  # One odd event must not end the thread that all others wait for.
                log.exception("%d events could not be recorded", len(batch))
            for _ in range(len(batch) + is_last):
                self._queue.task_done()
            if is_last:
                return

    def _next(self) -> tuple[list[_Told], bool]:
        """What waits, once something does, and whether it is the last."""
        batch: list[_Told] = []
        told = self._queue.get()
        while told is not None:
            batch.append(told)
            if len(batch) == _AT_ONCE:
                return batch, False
            try:
                told = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _store(self, batch: Sequence[_Told]) -> None:
        keeps_words = self._chosen.get(WORDS_KEPT) is not False
        with self._engine.begin() as connection:
            shared = frozenset(_shared(connection, {id_ for _, one in batch for id_ in _named(one)}))
            groups = {owner: _groups(connection, owner) for owner in {one.owner for _, one in batch}}
            for at_s, one in batch:
                if (theirs := groups[one.owner]) is None:
                    continue
                row = _row(at_s, one, shared, theirs, keeps_words=keeps_words)
                if one.kind == "feedback":
                    row["collections"] = _of_turn(connection, one.message_id)
                connection.execute(insert(events).values(**row))
                _count(connection, at_s, one, shared)


def expire(engine: Engine, before_s: float) -> int:
    """Remove the events before a time, in seconds since 1970; returns how many."""
    with engine.begin() as connection:
        return connection.execute(delete(events).where(events.c.at_s < before_s)).rowcount


def _named(one: Happened) -> Iterable[str]:
    return (*one.collections, *one.scope, *(collection for collection, _ in one.found))


def _shared(connection: Connection, ids: set[str]) -> Iterable[str]:
    """Those of these collections that are not the files of a conversation."""
    query = select(collections.c.id).where(collections.c.id.in_(ids), collections.c.conversation_id.is_(None))
    return connection.execute(query).scalars()


def _groups(connection: Connection, owner: str) -> str | None:
    """The groups of a person, as they are kept; None for somebody who was erased meanwhile."""
    if owner.partition("|")[0] in _WITHOUT_SIGN_IN:
        return ""
    person = people.c.issuer + "|" + people.c.subject == owner
    query = select(people.c.id, memberships.c.group_id).outerjoin(memberships).where(person)
    rows = connection.execute(query).all()
    return _ids(row.group_id for row in rows if row.group_id is not None) if rows else None


def _ids(ids: Iterable[Any]) -> str:
    return " ".join(sorted(map(str, ids)))


def _row(at_s: int, one: Happened, shared: frozenset[str], groups: str, *, keeps_words: bool) -> dict[str, Any]:
    is_private = bool((one.collections | one.scope) - shared)
    words = one.words.strip()[:MOST_WORDS_CHARS] if keeps_words and one.message_id is None and not is_private else ""
    return {
        "at_s": at_s,
        "kind": one.kind,
        "status": one.status,
        "owner": one.owner,
        "groups": groups,
        "collections": _ids((one.collections & shared) | ({PRIVATE} if is_private else frozenset())),
        "message_id": one.message_id,
        "words": words or None,
        "first_ms": _whole(one.first_ms),
        "total_ms": _whole(one.total_ms),
        "prompt_tokens": one.usage.prompt_tokens,
        "completion_tokens": one.usage.completion_tokens,
        "cost": one.usage.cost,
        "currency": one.usage.currency,
        **{name: getattr(one, name) for name in ("claims", "supported", "partly", "contradicted", "is_helpful")},
        "found": len(one.found),
        "cited": len(one.cited),
        "detail": dict(one.detail) if one.detail else None,
    }


def _whole(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds)


def _of_turn(connection: Connection, message_id: int | None) -> str:
    """The collections that the answer with this id was about."""
    query = select(events.c.collections).where(events.c.message_id == message_id, events.c.kind == "turn")
    return str(connection.execute(query.order_by(events.c.id.desc()).limit(1)).scalar() or "")


def _count(connection: Connection, at_s: int, one: Happened, shared: frozenset[str]) -> None:
    for name, places in (("found", one.found), ("cited", one.cited)):
        for place in places:
            if place[0] in shared:
                _count_one(connection, at_s, name, place)


def _count_one(connection: Connection, at_s: int, name: str, place: Place) -> None:
    column, at = document_use.c[name], document_use.c[f"{name}_at_s"]
    row = {"collection_id": place[0], "path": place[1], "found": 0, "cited": 0, name: 1, at.name: at_s}
    put(connection, document_use, row, {column: column + 1, at: at_s})
