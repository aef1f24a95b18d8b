"""Lets a parser say that it goes forward: a file may take long as long as its pages keep coming.

A parser calls `page_done()` after each page, slide, sheet or a few hundred rows; nothing else is asked of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[], None] | None] = ContextVar("page_listener", default=None)


def page_done() -> None:
    """Tell whoever listens that one more page is read; costs nothing where nobody does."""
    if listener := _listener.get():
        listener()


@contextmanager
def heard_by(listener: Callable[[], None]) -> Iterator[None]:
    """Within it, `listener` is called at each `page_done()` of this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
