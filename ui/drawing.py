"""How many chat pages are drawn at the same time: one more than there are cores, the others wait their turn.

Python runs one thread at a time. Where dozens draw at once each waits for all others at every step, above all at
Streamlit's one lock around its settings, and all of them take several times as long. One more, for each waits for the
database now and then.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from retrieval.cores import usable_cores

_TURNS = threading.BoundedSemaphore(usable_cores() + 1)
"""Whoever waits for something else while having one stands back, or everybody would wait for it."""


@contextmanager
def drawing() -> Iterator[None]:
    """Wait for one's turn, and have it while the page is drawn."""
    with _TURNS:
        yield


@contextmanager
def standing_back() -> Iterator[None]:
    """Let others draw while this page waits for something."""
    _TURNS.release()
    try:
        yield
    finally:
        _TURNS.acquire()
