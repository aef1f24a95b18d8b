"""Kills a process that writes answers, at random instants, and looks at what another one finds of them."""

import random
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
from benchmarks.paced import PAUSE_S, TOKEN_CHARS, paced_endpoint
from torture.answering import QUESTION
from torture.backups import opened
from torture.victim import COLLECTION

ROOT = Path(__file__).resolve().parent.parent
_DOCUMENT = "# Leave\n\nUnused days of leave hold until 31 March of the following year. The team lead is to be asked.\n"
_ANSWER = "Unused days of leave hold until 31 March of the following year [1]. " * 200
_LONGEST_S = 2.5
_LOST_S = 2.0
"""Text is stored every second; so much may be gone where the machine is slow beside."""
_NEWEST = "SELECT state, text FROM messages WHERE role = ? ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class CutOff:
    """When it was killed after all answers had words, how many were then shown as interrupted, and what was wrong."""

    after_s: float
    interrupted: int
    problems: tuple[str, ...]


def cut_offs(directory: Path, *, answers: int, count: int, seed: int) -> Iterator[CutOff]:
    """Kill that many processes, each while it writes so many answers."""
    chance = random.Random(seed)
    home = directory / "home"
    (directory / "leave.md").write_text(_DOCUMENT, "utf-8")
    with closing(opened(home)) as citewell:
        citewell.intake.read_paths([directory / "leave.md"], collection=COLLECTION)
    with paced_endpoint() as endpoint:
        endpoint.text = _ANSWER
        for _ in range(count):
            yield _cut_off(home, endpoint.url, answers, chance.uniform(0, _LONGEST_S))


def _cut_off(home: Path, url: str, answers: int, after_s: float) -> CutOff:
    command = [sys.executable, "-m", "torture.answering", str(home), url, str(answers)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    if line != "streaming":
        return CutOff(after_s, 0, (f"it did not come to answer: {line!r}",))
    with closing(opened(home)):
        pass  # Whoever opens the home finds what was left behind.
    return CutOff(after_s, *_judged(home, answers, after_s))


def _judged(home: Path, answers: int, after_s: float) -> tuple[int, tuple[str, ...]]:
    with closing(sqlite3.connect(f"{(home / DATABASE_FILE).as_uri()}?mode=ro", uri=True)) as connection:
        asked = connection.execute(_NEWEST, ("user", answers)).fetchall()
        found = connection.execute(_NEWEST, ("assistant", answers)).fetchall()
    interrupted = sum(state == "interrupted" for state, _ in found)
    fewest_chars = (after_s - _LOST_S) / PAUSE_S * TOKEN_CHARS / 2  # The model's pauses are longer than asked for.
    problems = []
    if any(text != QUESTION for _, text in asked) or len(asked) < answers:
        problems.append("a question is gone")
    if interrupted < answers:
        problems.append(f"{answers - interrupted} of {answers} answers are not interrupted: {[s for s, _ in found]}")
    if any(not _ANSWER.startswith(text) for _, text in found):
        problems.append("an answer holds what was not written")
    if any(len(text) < fewest_chars for _, text in found):
        problems.append(f"more than {_LOST_S:g} s of text are gone: {[len(text) for _, text in found]}")
    return interrupted, tuple(problems)
