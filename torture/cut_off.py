"""Kills a process that writes answers, at random instants, and looks at what another one finds of them."""

import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.paced import PAUSE_S, TOKEN_CHARS
from torture.answering import QUESTION
from torture.backups import opened
from torture.writers import ANSWER, IS_WRITING, newest, slow_home, writing

_LONGEST_S = 2.5
_LOST_S = 2.0
"""Text is stored every second; so much may be gone where the machine is slow beside."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """When it was killed after all answers had words, how many were then shown as interrupted, and what was wrong."""

    after_s: float
    interrupted: int
    problems: tuple[str, ...]


def cut_offs(directory: Path, *, answers: int, count: int, seed: int) -> Iterator[CutOff]:
    """Kill that many processes, each while it writes so many answers."""
    chance = random.Random(seed)
    with slow_home(directory) as (home, url):
        for _ in range(count):
            yield _cut_off(home, url, answers, chance.uniform(0, _LONGEST_S))


def _cut_off(home: Path, url: str, answers: int, after_s: float) -> CutOff:
    with writing(home, url, answers) as (process, line):
        if line != IS_WRITING:
            return CutOff(after_s, 0, (f"it did not come to answer: {line!r}",))
        time.sleep(after_s)
        process.kill()
        process.wait()
    with closing(opened(home)):
        pass  # Whoever opens the home finds what was left behind.
    return CutOff(after_s, *_judged(home, answers, after_s))


def _judged(home: Path, answers: int, after_s: float) -> tuple[int, tuple[str, ...]]:
    asked, found = newest(home, "user", answers), newest(home, "assistant", answers)
    interrupted = sum(state == "interrupted" for state, _ in found)
    fewest_chars = (after_s - _LOST_S) / PAUSE_S * TOKEN_CHARS / 2  # The model's pauses are longer than asked for.
    problems = []
    if any(text != QUESTION for _, text in asked) or len(asked) < answers:
        problems.append("a question is gone")
    if interrupted < answers:
        problems.append(f"{answers - interrupted} of {answers} answers are not interrupted: {[s for s, _ in found]}")
    if any(not ANSWER.startswith(text) for _, text in found):
        problems.append("an answer holds what was not written")
    if any(len(text) < fewest_chars for _, text in found):
        problems.append(f"more than {_LOST_S:g} s of text are gone: {[len(text) for _, text in found]}")
    return interrupted, tuple(problems)
