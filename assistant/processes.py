"""The processes that work on one database: each says every two seconds that it lives.

One that was not seen for fifteen seconds is gone, and its row with it; what it left open is then nobody's, and every
other process may see to that (`assistant/sweeping.py`). Time is told by the database's clock alone. Only a process
that has itself been seen without a gap for as long judges others, so that a database that was away makes nobody dead;
one that was taken for dead and is not comes back with its next beat.

A home in a file has a lock that says as much and more: whoever holds it is alone, so it has no row and beats for nobody.
"""

import logging
import os
import secrets
import socket
import threading
import time
from typing import Any, Literal

from sqlalchemy import Engine, ScalarSelect, delete, extract, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from assistant.schema import processes
from assistant.version import version_of_citewell
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
Kind = Literal["app", "worker"]
_BEAT_S = 2.0
_GONE_AFTER_S = 15.0
_GAP_S = _GONE_AFTER_S / 2
"""So long without a beat of its own, and a process begins anew to watch the others."""
_ID_BYTES = 8
_NOW = extract("epoch", func.now())


class Processes:
    """This process among those that work on the database. Safe to share between threads."""

    def __init__(
        self, engine: Engine, *, is_alone: bool, beat_s: float = _BEAT_S, gone_after_s: float = _GONE_AFTER_S
    ) -> None:
        """`is_alone`: a lock keeps all others away."""
        self.id = secrets.token_hex(_ID_BYTES)
        self.is_alone = is_alone
        self.kind: Kind = "app"
        self._engine = engine
        self._beat_s = beat_s
        self._gone_after_s = gone_after_s
        self._gap_s = min(_GAP_S, gone_after_s / 2)
        self._leaving = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen_since = self._seen_at = time.monotonic()

    @property
    def carries_out(self) -> bool:
        """Whether jobs are for this process: it is a worker, or there is nobody else."""
        return self.is_alone or self.kind == "worker"

    def join(self, kind: Kind) -> None:
        """Be seen from now on, until `leave`."""
        self.kind = kind
        if not self.is_alone:
            self._enter()
            self._thread = threading.Thread(target=self._keep_beating, name="beating", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Be seen no more; what this process left open is then nobody's."""
        self._leaving.set()
        if self._thread is None:
            return
        self._thread.join()
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(processes).where(processes.c.id == self.id))
        except (SQLAlchemyError, RetrievalError):  # As if it had been killed: the others will see it.
            log.warning("the database could not be told that this process ends", exc_info=True)

    def beat(self) -> None:
        """Say that this process lives; where it was taken for dead, come back."""
        now = time.monotonic()
        with self._engine.begin() as connection:
            changed = connection.execute(update(processes).where(processes.c.id == self.id).values(seen_s=_NOW))
        if not changed.rowcount:
            self._enter()
            self._seen_since = now
        if now - self._seen_at > self._gap_s:
            self._seen_since = now
        self._seen_at = now

    def forget_gone(self) -> int:
        """Remove those that were not seen for too long, where this process may tell; returns how many."""
        if self.is_alone or time.monotonic() - self._seen_since < self._gone_after_s:
            return 0
        if time.monotonic() - self._seen_at > self._gap_s:
            return 0
        is_gone = processes.c.seen_s < _NOW - self._gone_after_s
        with self._engine.begin() as connection:
            count = connection.execute(delete(processes).where(is_gone, processes.c.id != self.id)).rowcount
        if count:
            log.warning("%d processes were not seen for %d seconds and count as gone", count, self._gone_after_s)
        return count

    def leads(self) -> bool:
        """Whether this process does what one alone must do: the worker that has lived longest."""
        if self.is_alone:
            return True
        if self.kind != "worker":
            return False
        is_living = (processes.c.kind == "worker") & (processes.c.seen_s >= _NOW - self._gone_after_s)
        oldest = select(processes.c.id).where(is_living).order_by(processes.c.started_s, processes.c.id).limit(1)
        with self._engine.connect() as connection:
            return bool(connection.execute(oldest).scalar() == self.id)

    def living(self) -> dict[Kind, int]:
        """How many processes of each kind were seen lately."""
        if self.is_alone:
            return {"app": 1, "worker": 0}
        is_living = processes.c.seen_s >= _NOW - self._gone_after_s
        count = select(processes.c.kind, func.count()).where(is_living).group_by(processes.c.kind)
        found: dict[Kind, int] = {"app": 0, "worker": 0}
        with self._engine.connect() as connection:
            return found | {row[0]: row[1] for row in connection.execute(count)}

    def takers(self) -> int:
        """How many processes take jobs."""
        return 1 if self.is_alone else self.living()["worker"]

    def _enter(self) -> None:
        row = {
            "id": self.id,
            "kind": self.kind,
            "host": socket.gethostname()[:255],
            "pid": os.getpid(),
            "version": version_of_citewell(),
            "started_s": _NOW,
            "seen_s": _NOW,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(processes).values(**row))

    def _keep_beating(self) -> None:
        has_failed = False
        while not self._leaving.wait(self._beat_s):
            try:
                self.beat()
                has_failed = False
            except (SQLAlchemyError, RetrievalError):
                if not has_failed:
                    log.warning("the database could not be told that this process lives", exc_info=True)
                has_failed = True


def known_ids() -> ScalarSelect[Any]:
    """The ids of the processes that are not gone, for use within a statement."""
    return select(processes.c.id).scalar_subquery()
