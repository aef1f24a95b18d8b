"""Reads hostile files as the product does, and watches what that does to the reader's parent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from retrieval.errors import ParseError
from retrieval.sandbox import Sandbox

_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file: its text's length, or the sentence of its refusal."""

    name: str
    seconds: float
    characters: int | None
    refusal: str | None
    child_peak_mb: float
    parent_growth_mb: float
    longest_pause_ms: float

    @property
    def problems(self) -> tuple[str, ...]:
        """What should not have happened, each in a few words."""
        hint = self.refusal or ""
        broken = [
            (self.child_peak_mb > 512, f"the child took {self.child_peak_mb:.0f} MB"),
            (self.parent_growth_mb > 100, f"the parent grew by {self.parent_growth_mb:.0f} MB"),
            (self.seconds > 35, f"it took {self.seconds:.0f} s"),
            ("\n" in hint or len(hint) > 400, "its refusal is not one clear line"),
        ]
        return tuple(f"{self.name}: {what}" for is_broken, what in broken if is_broken)


def read_hostile(sandbox: Sandbox, path: Path) -> Reading:
    """Read one file and measure."""
    characters, refusal = None, None
    started = time.perf_counter()
    with _watched() as seen:
        try:
            characters = len(sandbox.parse(path).text)
        except ParseError as error:
            refusal = error.hint
    seconds = time.perf_counter() - started
    return Reading(path.name, seconds, characters, refusal, seen.child_peak_mb, seen.growth_mb, 1000 * seen.pause_s)


@dataclass(slots=True)
class _Seen:
    child_peak_mb: float = 0.0
    growth_mb: float = 0.0
    pause_s: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _watched() -> Iterator[_Seen]:
    """A ticker that should wake every 10 ms, and another that looks at the memory of parent and child."""
    seen = _Seen()
    threads = [threading.Thread(target=_tick, args=(seen,)), threading.Thread(target=_weigh, args=(seen,))]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.over.set()
        for thread in threads:
            thread.join()


def _tick(seen: _Seen) -> None:
    before = time.perf_counter()
    while not seen.over.wait(_TICK_S):
        now = time.perf_counter()
        seen.pause_s = max(seen.pause_s, now - before - _TICK_S)
        before = now


def _weigh(seen: _Seen) -> None:
    parent = psutil.Process()
    before = parent.memory_info().rss
    while not seen.over.wait(0.03):
        seen.growth_mb = max(seen.growth_mb, (parent.memory_info().rss - before) / 2**20)
        for child in parent.children():
            try:
                if "retrieval.sandbox" in child.cmdline():
                    seen.child_peak_mb = max(seen.child_peak_mb, child.memory_info().rss / 2**20)
            except psutil.Error:
                continue
