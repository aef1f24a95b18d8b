"""Stops a process that writes many answers, as a service manager does, and looks at what is kept of them."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.home import DATABASE_FILE
from assistant.settings import environment
from benchmarks.paced import paced_endpoint
from torture.backups import opened
from torture.victim import COLLECTION

ROOT = Path(__file__).resolve().parent.parent
DRAINED_S = 20.0
_END_S = 60.0
_DOCUMENT = "# Leave\n\nUnused days of leave hold until 31 March of the following year. The team lead is to be asked.\n"
_ANSWER = "Unused days of leave hold until 31 March of the following year [1]. " * 200
_STATES = "SELECT state, text FROM messages WHERE role = 'assistant' ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Stop:
    """How long it took to end, with which code, how many answers were kept in part, and what was wrong."""

    seconds: float
    kept: int
    problems: tuple[str, ...]


def stops(directory: Path, *, answers: int, count: int) -> Iterator[Stop]:
    """Stop that many processes, each while it writes so many answers."""
    home = directory / "home"
    (directory / "leave.md").write_text(_DOCUMENT, "utf-8")
    with closing(opened(home)) as citewell:
        citewell.intake.read_paths([directory / "leave.md"], collection=COLLECTION)
    with paced_endpoint() as endpoint:
        endpoint.text = _ANSWER
        for _ in range(count):
            yield _stopped(home, endpoint.url, answers)


def _stopped(home: Path, url: str, answers: int) -> Stop:
    command = [sys.executable, "-m", "torture.answering", str(home), url, str(answers)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if line != "streaming":
            process.kill()
            return Stop(0.0, 0, (f"it did not come to answer: {line!r}",))
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        try:
            code = process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return Stop(_END_S, 0, ("it did not end",))
        seconds = time.monotonic() - told
    return Stop(seconds, *_judged(home, answers, code, seconds))


def _judged(home: Path, answers: int, code: int, seconds: float) -> tuple[int, tuple[str, ...]]:
    with closing(sqlite3.connect(f"{(home / DATABASE_FILE).as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute(_STATES, (answers,)).fetchall()
    kept = sum(state == "stopped" and bool(text) for state, text in found)
    problems = []
    if code:
        problems.append(f"it ended with {code}")
    if seconds > DRAINED_S:
        problems.append(f"it took {seconds:.1f} s to end")
    if kept < answers:
        problems.append(f"{answers - kept} of {answers} answers were not kept as stopped: {[s for s, _ in found]}")
    return kept, tuple(problems)
