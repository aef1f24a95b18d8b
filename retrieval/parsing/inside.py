"""Files inside files: how deep one stands, and how much was unpacked on the way, in all.

Both hold for everything that one call of `parse_bytes` opens, however its parts are nested.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from retrieval.errors import ParseError

MOST_LEVELS = 2
"""A file in a ZIP in a ZIP is read; a ZIP in that one is not opened."""

MAX_UNPACKED_BYTES = 600 * 1024 * 1024
"""All that is inflated for one file, its parts' own parts included."""


@dataclass(slots=True)
class _Opened:
    """What one call has opened so far."""

    levels: int = 0
    unpacked_bytes: int = 0


_opened: ContextVar[_Opened | None] = ContextVar("opened", default=None)


@contextmanager
def opening(name: str) -> Iterator[None]:
    """Within it the parts of a file that holds files are read; raises ParseError where it stands too deep."""
    opened = _opened.get()
    token = _opened.set(opened or _Opened())
    current = _opened.get()
    assert current is not None, "just set"
    if current.levels >= MOST_LEVELS:
        _opened.reset(token)
        raise ParseError(f"{name} stands too deep inside other files and was not opened; add it on its own.")
    current.levels += 1
    try:
        yield
    finally:
        current.levels -= 1
        _opened.reset(token)


def count_unpacked(count: int, name: str) -> None:
    """Add to what was unpacked; raises ParseError beyond the limit."""
    opened = _opened.get()
    if opened is None:
        return
    opened.unpacked_bytes += count
    if opened.unpacked_bytes > MAX_UNPACKED_BYTES:
        raise TooMuchUnpacked(
            f"{name} unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB and was not read; add its files on their own."
        )


class TooMuchUnpacked(ParseError):
    """The limit of the whole file is reached: no further part may be opened."""
