"""Loses the page's connection in mid-answer, at random instants, and opens the conversation in two tabs at once."""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.home import DATABASE_FILE
from benchmarks.askers import plain
from benchmarks.load import Stage, staged
from benchmarks.office import person
from benchmarks.scripted import answer, first_words, question
from benchmarks.tab import Tab, TabFailed, words_of

_AT_ONCE = 10
_LONGEST_S = 2.0
_COUNT = "SELECT count(*) FROM messages WHERE role = ? AND text = ? AND state = 'done'"


@dataclass(frozen=True, slots=True)
class Lost:
    """How many connections were lost in mid-answer, and what was wrong afterwards."""

    count: int
    problems: tuple[str, ...]


def lose_connections(directory: Path, *, count: int, seed: int) -> Lost:
    """Lose that many, some at the same time."""
    with staged(directory, quick=True) as stage:
        problems = asyncio.run(_lose(stage, count, random.Random(seed)))
    return Lost(count, (*problems, *_doubled(directory / "office-home", count)))


async def _lose(stage: Stage, count: int, chance: random.Random) -> list[str]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, after_s: float) -> list[str]:
        async with room:
            return await _lost(stage.app.url, number, after_s)

    lost = [one(number, chance.uniform(0, _LONGEST_S)) for number in _numbers(count)]
    return [problem for problems in await asyncio.gather(*lost) for problem in problems]


async def _lost(url: str, number: int, after_s: float) -> list[str]:
    """What two tabs do not show after the first one was lost."""
    first = Tab(url, person(number))
    try:
        await first.open()
        await first.begin(question(number), first_words(number))
        await asyncio.sleep(after_s)
        query = first.query
        await first.drop()
        tabs = [Tab(url, person(number), query=query) for _ in range(2)]
        await asyncio.gather(*(tab.open() for tab in tabs))
        shown = [plain(words_of(tab.seen.answer or {})) for tab in tabs]
        await asyncio.gather(*(tab.close() for tab in tabs))
    except TabFailed as failed:
        return [f"question {number}: {failed}"]
    return [f"question {number} shows {words[:80]!r}" for words in shown if words != plain(answer(number))]


def _doubled(home: Path, count: int) -> list[str]:
    """Questions or answers that are not stored exactly once."""
    with closing(sqlite3.connect(f"{(home / DATABASE_FILE).as_uri()}?mode=ro", uri=True)) as connection:
        found = [
            (number, role, connection.execute(_COUNT, (role, text)).fetchone()[0])
            for number in _numbers(count)
            for role, text in (("user", question(number)), ("assistant", answer(number)))
        ]
    return [f"{role} {number} is stored {times} times" for number, role, times in found if times != 1]


def _numbers(count: int) -> range:
    """Beyond those that a warm-up asks."""
    return range(1_000_000, 1_000_000 + count)
