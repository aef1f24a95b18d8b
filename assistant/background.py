"""Work beside the page that must end before the home is closed."""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Background:
    """Threads that look at `stopping` between their steps; `close` asks them to end and waits for it."""

    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lasting: list[threading.Thread] = field(default_factory=list)

    def start(self, work: Callable[[], None]) -> None:
        """Run the work in a thread of its own, unless closing has begun."""
        self._threads[:] = [thread for thread in self._threads if thread.is_alive()]
        self._begin(work, self._threads)

    def keep(self, work: Callable[[], None]) -> None:
        """Run work that goes on until the home is closed."""
        self._begin(work, self._lasting)

    def wait(self) -> None:
        """Wait until everything that ends by itself has done so."""
        for thread in tuple(self._threads):
            thread.join()

    def close(self) -> None:
        """Ask every thread to end, and wait until it has."""
        self.stopping.set()
        for thread in (*self._threads, *self._lasting):
            thread.join()

    def _begin(self, work: Callable[[], None], threads: list[threading.Thread]) -> None:
        if self.stopping.is_set():
            return
        # Within the request, if any, whose thread starts it.
        thread = threading.Thread(target=copy_context().run, args=(_logged, work), name=_name(work), daemon=True)
        threads.append(thread)
        thread.start()


def _logged(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.exception("%s failed", _name(work))


def _name(work: Callable[[], None]) -> str:
    return getattr(getattr(work, "func", work), "__name__", "background")
