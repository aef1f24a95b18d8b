"""`python -m benchmarks.soak --minutes 60`: people ask for as long as is wanted, and each minute has a line.

It says what the app weighs, how long answers took, what went wrong, and how many threads and files are open: what
grows there from hour to hour is a leak. Stored as `soak.json` and `soak.md` with `--out`. The exit code is 1 where
anything went wrong.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.crowd import Crowd, Plan
from benchmarks.load import Stage, staged
from benchmarks.report import Report, Row, Target, library_versions, machine_facts, now
from benchmarks.timing import latency_of
from benchmarks.weighing import Weight, weigh

_MINUTE_S = 60.0
_ARRIVING_S = 60.0
_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute saw; `first_p95_s` is None where no answer came."""

    number: int
    answers: int
    problems: tuple[str, ...]
    first_p95_s: float | None
    processor_s: float
    weight: Weight

    def __str__(self) -> str:
        p95 = "–" if self.first_p95_s is None else f"{self.first_p95_s:.2f} s"
        return (
            f"{self.number:5} min  {self.weight.memory_bytes / 1e6:6.0f} MB  {self.answers:4} answers  "
            f"first words p95 {p95}  {len(self.problems)} errors  processor {self.processor_s:.0f} s  "
            f"{self.weight.threads} threads  {self.weight.files} files"
        )


async def soak(stage: Stage, plan: Plan, *, minute_s: float = _MINUTE_S) -> tuple[Minute, ...]:
    """Print a line each minute while the plan is carried out; returns them."""
    crowd, minutes = Crowd(stage.person), []
    living = asyncio.create_task(crowd.live(plan))
    seen_answers = seen_problems = 0
    before = weigh(stage.app.process.pid)
    while not living.done():
        await asyncio.wait({living}, timeout=minute_s)
        asked, problems = crowd.happened.asked[seen_answers:], crowd.happened.problems[seen_problems:]
        seen_answers, seen_problems = seen_answers + len(asked), seen_problems + len(problems)
        weight = weigh(stage.app.process.pid)
        p95 = latency_of([one.first_s for one in asked]).p95 if asked else None
        spent_s = weight.processor_s - before.processor_s
        minutes.append(Minute(len(minutes) + 1, len(asked), tuple(problems), p95, spent_s, weight))
        before = weight
        print(minutes[-1], *problems[:3], sep="\n      ", flush=True)
    await living
    return tuple(minutes)


def rows_of(minutes: Sequence[Minute], people: int) -> Iterator[Row]:
    """What a soak comes to: the second half beside the first, since what is read in once is there by then."""
    first, second = minutes[: len(minutes) // 2] or minutes, minutes[len(minutes) // 2 :]
    answers = sum(minute.answers for minute in minutes)
    problems = [problem for minute in minutes for problem in minute.problems]
    note = problems[0].replace("|", "/") if problems else f"{answers} answers, each as the model sent it"
    yield Row(f"{people} people, {len(minutes)} min: errors", len(problems), "", Target(0), note)
    highest = [max(minute.weight.memory_bytes for minute in half) / 1e6 for half in (first, second)]
    yield Row(
        "memory of the second half beyond the first's", highest[1] - highest[0], "MB", note=f"{highest[1]:.0f} MB"
    )
    slowest = [minute.first_p95_s for minute in minutes if minute.first_p95_s is not None]
    if slowest:
        yield Row("submit → first words p95 of the slowest minute", max(slowest), "s")
    for what, counts in (
        ("threads", [m.weight.threads for m in minutes]),
        ("open files", [m.weight.files for m in minutes]),
    ):
        yield Row(f"{what} at the end", counts[-1], "", note=f"at most {max(counts)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Ask for hours and see what grows.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--every-s", type=float, default=_EVERY_S, help="between two questions of a person")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the table")
    given = parser.parse_args(arguments)
    began, clock = now(), perf_counter()
    lasting_s = given.minutes * _MINUTE_S
    plan = Plan(given.people, min(_ARRIVING_S, lasting_s / 2), given.every_s, lasting_s)
    with (
        tempfile.TemporaryDirectory(prefix="citewell-soak-", ignore_cleanup_errors=True) as directory,
        staged(Path(directory), quick=False) as stage,
    ):
        minutes = asyncio.run(soak(stage, plan))
    rows = tuple(rows_of(minutes, given.people))
    command = f"python -m benchmarks.soak --minutes {given.minutes:g} --people {given.people}"
    report = Report(command, began, perf_counter() - clock, False, machine_facts(), library_versions(), rows)
    print(report.as_markdown())
    if given.out:
        report.store(given.out, "soak")
    return 1 if any(minute.problems for minute in minutes) else 0


if __name__ == "__main__":
    sys.exit(main())
