"""Whether an open home can answer questions at this moment, and if not, why: in words that anybody may read."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from assistant.bootstrap import Citewell
from retrieval.errors import RetrievalError

NO_WORKER = "no worker takes jobs"
_LEAST_FREE_BYTES = 16 << 20
"""With less room no question can be relied on to be stored."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is not ready, and what works less well than it could. Names of parts, and nothing of what is in them."""

    not_ready: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether questions may be sent here."""
        return not self.not_ready


def readiness_of(citewell: Citewell) -> Readiness:
    """Looks at everything that a question needs."""
    return Readiness(tuple(_not_ready(citewell)), tuple(_degraded(citewell)))


def _not_ready(citewell: Citewell) -> Iterator[str]:
    if citewell.background.stopping.is_set():
        yield "closing"
    try:
        citewell.library.every_collection()
    except (RetrievalError, SQLAlchemyError):
        yield "database"
    if shutil.disk_usage(citewell.home.path).free < _LEAST_FREE_BYTES:
        yield "disk"


def _degraded(citewell: Citewell) -> Iterator[str]:
    try:
        if not citewell.processes.takers():
            yield NO_WORKER
        every = frozenset(citewell.library.every_collection())
    except (RetrievalError, SQLAlchemyError):
        return
    if citewell.embedder is None:
        yield "embedding"
    elif citewell.indexes.dense_scope(every) != every:
        yield "vectors"
