"""Whether an answer is to end: because this process was asked to, or another one that the database tells of."""

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0


class StopAsked:
    """Asks `here` each time, and `elsewhere`, which costs a statement, once a second."""

    def __init__(self, here: Callable[[], bool], elsewhere: Callable[[], bool]) -> None:
        self._here = here
        self._elsewhere = elsewhere
        self._was_asked = False
        self._next = time.monotonic() + _LOOK_EVERY_S

    def __call__(self) -> bool:
        """Whether somebody asked."""
        return self._was_asked or self._here() or self._look()

    def _look(self) -> bool:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK_EVERY_S
            try:
                self._was_asked = self._elsewhere()
            except (SQLAlchemyError, RetrievalError):  # The answer goes on while the database is away.
                log.warning("the database could not be asked whether an answer is to end", exc_info=True)
        return self._was_asked
