"""Kills a process that writes answers, at random instants, and looks at what another one finds of them."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from torture.answering import QUESTION
from torture.backups import opened
from torture.writers import ANSWER, IS_WRITING, newest, slow_home, stored_chars, writing

_LONGEST_S = 2.5
_LOST_S = 1.0
"""Of what readers had received so much may be gone."""

Reading = tuple[float, dict[int, int]]
"""When, in seconds, and how many characters of each answer had been received by then."""


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
        told, _ = process.communicate()
    with closing(opened(home)):
        pass  # Whoever opens the home finds what was left behind.
    return CutOff(after_s, *_judged(home, answers, _readings(told)))


def _readings(told: str) -> list[Reading]:
    """What the process told of itself; the last line may be cut off."""
    whole = told[: told.rfind("\n") + 1].splitlines()
    parsed = [json.loads(line) for line in whole]
    return [(at, {int(message_id): chars for message_id, chars in received.items()}) for at, received in parsed]


def _received_before(readings: list[Reading], seconds: float) -> dict[int, int]:
    """What had been received that long before the last reading; nothing where it does not reach back so far."""
    return next((received for at, received in reversed(readings) if at <= readings[-1][0] - seconds), {})


def _judged(home: Path, answers: int, readings: list[Reading]) -> tuple[int, tuple[str, ...]]:
    asked, found = newest(home, "user", answers), newest(home, "assistant", answers)
    interrupted = sum(state == "interrupted" for state, _ in found)
    stored = stored_chars(home)
    lost = [
        chars - stored.get(message_id, 0) for message_id, chars in _received_before(readings, seconds=_LOST_S).items()
    ]
    problems = []
    if any(text != QUESTION for _, text in asked) or len(asked) < answers:
        problems.append("a question is gone")
    if interrupted < answers:
        problems.append(f"{answers - interrupted} of {answers} answers are not interrupted: {[s for s, _ in found]}")
    if any(not ANSWER.startswith(text) for _, text in found):
        problems.append("an answer holds what was not written")
    if max(lost, default=0) > 0:
        problems.append(f"of what was received {_LOST_S:g} s before, characters are gone: {lost}")
    return interrupted, tuple(problems)
