"""Many who ask at the same time: they arrive one after the other, ask every so often, and go when time is up.

They do not wait for one another: whoever waited too long for an answer asks the next one at once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

import httpx2

from benchmarks.askers import Asked, Asker, WrongAnswer
from benchmarks.tab import TabFailed

_SEED = 20261127
_NUMBERS = count(1)
"""No question of this process is asked twice."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many people, arriving over so long, each with a question every so often until so long after the beginning."""

    people: int
    arriving_s: float
    every_s: float
    lasting_s: float


@dataclass(slots=True)
class Happened:
    """What came of it; `finished` gives when each answer had come, for whoever counts them by the minute."""

    opened_s: list[float] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def first_s(self) -> list[float]:
        """Of every answer, when its first words were seen."""
        return [asked.first_s for asked in self.asked]

    def ours_s(self) -> list[float]:
        """Of every answer, what of that was not the model's."""
        return [asked.ours_s for asked in self.asked]

    def whole_s(self) -> list[float]:
        """Of every answer, when it was there."""
        return [asked.whole_s for asked in self.asked]


@dataclass(slots=True)
class Crowd:
    """Makes askers by their number, and keeps what happens."""

    make: Callable[[int], Asker]
    happened: Happened = field(default_factory=Happened)
    numbers: Iterator[int] = field(default_factory=lambda: _NUMBERS)

    async def live(self, plan: Plan) -> None:
        """Until everybody has gone."""
        began = perf_counter()
        chance = random.Random(_SEED)
        offsets = [chance.uniform(0, plan.every_s) for _ in range(plan.people)]
        await asyncio.gather(*(self._live(number, plan, began, offset) for number, offset in enumerate(offsets)))

    async def _live(self, number: int, plan: Plan, began: float, offset_s: float) -> None:
        arrives = began + plan.arriving_s * number / plan.people
        await asyncio.sleep(max(0.0, arrives - perf_counter()))
        asker = self.make(number)
        if await self._open(asker):
            due = perf_counter() + offset_s
            while due < began + plan.lasting_s:
                await asyncio.sleep(max(0.0, due - perf_counter()))
                await self._ask(asker)
                due = max(due + plan.every_s, perf_counter())
        await asker.close()

    async def at_once(self, people: int, *, rounds: int = 1) -> None:
        """Everybody comes, then all ask in the same instant; the first round is not counted, it warms up."""
        askers = [self.make(number) for number in range(people)]
        await _one_by_one(askers, self._open)
        for asking in range(rounds + 1):
            await asyncio.sleep(1.0)
            if asking == 1:
                self.happened.asked.clear()
            await asyncio.gather(*(self._ask(asker) for asker in askers))
        await _one_by_one(askers, lambda asker: asker.close())

    async def in_turn(self, people: int) -> None:
        """One comes, asks, and goes; then the next."""
        for number in range(people):
            asker = self.make(number)
            if await self._open(asker):
                await self._ask(asker)
            await asker.close()

    async def saturate(self, people: int, *, lasting_s: float) -> float:
        """Everybody asks again as soon as an answer is there; returns for how many seconds."""
        askers = [self.make(number) for number in range(people)]
        await _one_by_one(askers, self._open)
        began = perf_counter()

        async def without_pause(asker: Asker) -> None:
            while perf_counter() < began + lasting_s:
                await self._ask(asker)

        await asyncio.gather(*map(without_pause, askers))
        lasted_s = perf_counter() - began
        await _one_by_one(askers, lambda asker: asker.close())
        return lasted_s

    async def _open(self, asker: Asker) -> bool:
        try:
            self.happened.opened_s.append(await asker.open())
        except (TabFailed, OSError, TimeoutError) as problem:
            self.happened.problems.append(f"no page: {problem}")
            return False
        return True

    async def _ask(self, asker: Asker) -> None:
        number = next(self.numbers)
        try:
            self.happened.asked.append(await asker.ask(number))
            self.happened.finished.append(perf_counter())
        except (TabFailed, WrongAnswer, OSError, TimeoutError, LookupError, httpx2.HTTPError) as problem:
            self.happened.problems.append(f"question {number}: {type(problem).__name__}: {problem}")


async def _one_by_one(askers: Sequence[Asker], do: Callable[[Asker], Awaitable[object]]) -> None:
    for asker in askers:
        await do(asker)
