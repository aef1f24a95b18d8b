"""What models have said of tickets, while this process runs: asked in threads of their own, so that no page waits."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial

from assistant.background import Background
from assistant.triage.asking import Added

MOST_KEPT = 500
_MOST_AT_ONCE = 4


@dataclass(slots=True)
class AskedTickets:
    """Remembers what was said, by whatever makes one question another. Safe to share between threads.

    An ordinary object of a module: any visitor may clear what Streamlit caches.
    """

    _said: OrderedDict[Hashable, Added] = field(default_factory=OrderedDict)
    _waiting: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, key: Hashable) -> Added | None:
        """What was said, None while nothing was."""
        with self._lock:
            return self._said.get(key)

    def ask(self, key: Hashable, ask: Callable[[], Added], background: Background) -> None:
        """Ask beside everything else, unless it was asked already or too much is being asked."""
        with self._lock:
            if key in self._said or key in self._waiting or len(self._waiting) >= _MOST_AT_ONCE:
                return
            self._waiting.add(key)
        background.start(partial(self._keep, key, ask))

    def forget(self, key: Hashable) -> None:
        """Ask anew next time."""
        with self._lock:
            self._said.pop(key, None)

    def _keep(self, key: Hashable, ask: Callable[[], Added]) -> None:
        said = Added(problem="The model could not be asked about this ticket; the log says why.")
        try:
            said = ask()
        finally:
            with self._lock:
                self._waiting.discard(key)
                self._said[key] = said
                while len(self._said) > MOST_KEPT:
                    self._said.popitem(last=False)


ASKED = AskedTickets()
