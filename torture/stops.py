"""Stops a process that writes many answers, as a service manager does, and looks at what is kept of them."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torture.writers import IS_WRITING, newest, slow_home, writing

DRAINED_S = 20.0
_END_S = 60.0


@dataclass(frozen=True, slots=True)
class Stop:
    """How long it took to end, with which code, how many answers were kept in part, and what was wrong."""

    seconds: float
    kept: int
    problems: tuple[str, ...]


def stops(directory: Path, *, answers: int, count: int) -> Iterator[Stop]:
    """Stop that many processes, each while it writes so many answers."""
    with slow_home(directory) as (home, url):
        for _ in range(count):
            yield _stopped(home, url, answers)


def _stopped(home: Path, url: str, answers: int) -> Stop:
    with writing(home, url, answers) as (process, line):
        if line != IS_WRITING:
            return Stop(0.0, 0, (f"it did not come to answer: {line!r}",))
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        try:
            code = process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return Stop(_END_S, 0, ("it did not end",))
        seconds = time.monotonic() - told
    return Stop(seconds, *_judged(home, answers, code, seconds))


def _judged(home: Path, answers: int, code: int, seconds: float) -> tuple[int, tuple[str, ...]]:
    found = newest(home, "assistant", answers)
    kept = sum(state == "stopped" and bool(text) for state, text in found)
    problems = []
    if code:
        problems.append(f"it ended with {code}")
    if seconds > DRAINED_S:
        problems.append(f"it took {seconds:.1f} s to end")
    if kept < answers:
        problems.append(f"{answers - kept} of {answers} answers were not kept as stopped: {[s for s, _ in found]}")
    return kept, tuple(problems)
