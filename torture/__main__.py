"""`python -m torture`: bring every fault about at its full count, print what came of each, store it.

What has no run of its own is proven by its tests, see `torture.register`. A whole run takes about an hour and stores `torture/report.md` and `report.json`; one with `--only` or
`--quick` stores nothing unless `--out` says where. The exit code is 1 where something did not hold.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.report import machine_facts, now
from retrieval.sandbox import Limits, Sandbox
from torture.backups import Restoring
from torture.bombs import bombs
from torture.connections import lose_connections
from torture.crowds import crowd, visits
from torture.cut_off import cut_offs
from torture.damage import Damaging
from torture.disk import NoSmallDisk, fill_up
from torture.kills import Killing
from torture.locking import lock_out
from torture.outages import Outage, database_lost, served, vectors_lost
from torture.reading import read_hostile
from torture.register import REGISTER, Fault
from torture.report import DIRECTORY, Report, Row
from torture.stops import stops
from torture.tested import carry_out

log = logging.getLogger("torture")
SEED = 20260403


@dataclass(frozen=True, slots=True)
class Run:
    """Where it works, how often, and from which seed."""

    directory: Path
    seed: int
    is_quick: bool

    def times(self, full: int, *, quick: int) -> int:
        """The count of this run."""
        return quick if self.is_quick else full


def _bombs(run: Run) -> tuple[int, str, tuple[str, ...]]:
    chosen = bombs()[: run.times(len(bombs()), quick=4)]
    readings = []
    with Sandbox(Limits()) as sandbox:
        for bomb in chosen:
            path = run.directory / bomb.name
            path.write_bytes(bomb.make())
            readings.append(read_hostile(sandbox, path))
            log.info("%s", readings[-1])
    outcome = (
        f"{sum(reading.refusal is not None for reading in readings)} refused in one line, the others read; "
        f"slowest {max(reading.seconds for reading in readings):.0f} s, "
        f"child ≤ {max(reading.child_peak_mb for reading in readings):.0f} MB, "
        f"parent + {max(reading.parent_growth_mb for reading in readings):.0f} MB, "
        f"longest pause of the parent {max(reading.longest_pause_ms for reading in readings):.0f} ms"
    )
    return len(chosen), outcome, tuple(problem for reading in readings for problem in reading.problems)


def _kills(run: Run) -> tuple[int, str, tuple[str, ...]]:
    count = run.times(200, quick=2)
    rounds = []
    for round_ in Killing(run.directory, documents=60, seed=run.seed).rounds(count):
        log.info("%s", round_)
        rounds.append(round_)
    acknowledged = [round_.acknowledged for round_ in rounds]
    outcome = (
        f"{sum(not round_.ended for round_ in rounds)} killed at work with {median(acknowledged):.0f} of 60 documents "
        f"acknowledged in the median, {max(acknowledged)} at most"
    )
    return count, outcome, tuple(problem for round_ in rounds for problem in round_.problems)


def _damage(run: Run) -> tuple[int, str, tuple[str, ...]]:
    count = run.times(100, quick=5)
    trials = []
    for trial in Damaging(run.directory, documents=125, seed=run.seed).trials(count):
        log.info("%s", trial)
        trials.append(trial)
    harmless = sum(not trial.rebuilt for trial in trials)
    outcome = f"{count - harmless} detected and built again without embedding, {harmless} harmless"
    return count, outcome, tuple(trial.problem for trial in trials if trial.problem)


def _disk(run: Run) -> tuple[int, str, tuple[str, ...]]:
    rooms_kb = (300, 1500) if run.is_quick else (0, 40, *range(200, 5000, 300))
    try:
        fillings = tuple(fill_up(run.directory, documents=60, rooms_kb=rooms_kb))
    except NoSmallDisk as refused:
        return 0, f"not run: no right to mount a small file system ({refused})", ()
    said = sum(filling.said is not None for filling in fillings)
    outcome = f"{said} ended with one sentence; with room again all came to the same documents"
    return len(fillings), outcome, tuple(problem for filling in fillings for problem in filling.problems)


def _backups(run: Run) -> tuple[int, str, tuple[str, ...]]:
    count = run.times(200, quick=10)
    attempts = []
    for attempt in Restoring(run.directory, documents=30, seed=run.seed).attempts(count):
        log.info("%s", attempt)
        attempts.append(attempt)
    refused = sum(attempt.refused for attempt in attempts)
    outcome = f"{refused} refused with nothing changed, {count - refused} harmless and all of it restored"
    return count, outcome, tuple(attempt.problem for attempt in attempts if attempt.problem)


def _stops(run: Run) -> tuple[int, str, tuple[str, ...]]:
    count, answers = run.times(10, quick=1), run.times(40, quick=8)
    found = []
    for stop in stops(run.directory, answers=answers, count=count):
        log.info("%s", stop)
        found.append(stop)
    slowest = max(stop.seconds for stop in found)
    outcome = f"{sum(stop.kept for stop in found)} of {count * answers} answers kept in part; ended after {slowest:.1f} s at most"
    return count, outcome, tuple(problem for stop in found for problem in stop.problems)


def _vectors(run: Run) -> tuple[int, str, tuple[str, ...]]:
    with served() as (serving, _):
        found = [_logged(vectors_lost(serving, number)) for number in range(run.times(10, quick=1))]
    outcome = (
        f"{sum(outage.asked for outage in found)} questions answered from their sources meanwhile; "
        f"used again {max(outage.back_s for outage in found):.1f} s after it was up, at most"
    )
    return len(found), outcome, _problems(found)


def _database(run: Run) -> tuple[int, str, tuple[str, ...]]:
    with served() as (serving, endpoint):
        found = [
            _logged(database_lost(serving, endpoint, answers=run.times(20, quick=4)))
            for _ in range(run.times(10, quick=1))
        ]
    outcome = (
        f"{sum(outage.asked for outage in found)} answers were being written and all came to their end; "
        f"all as before {max(outage.back_s for outage in found):.1f} s after it was up, at most"
    )
    return len(found), outcome, _problems(found)


def _logged(outage: Outage) -> Outage:
    log.info("%s", outage)
    return outage


def _problems(outages: Sequence[Outage]) -> tuple[str, ...]:
    return tuple(problem for outage in outages for problem in outage.problems)


def _cut_offs(run: Run) -> tuple[int, str, tuple[str, ...]]:
    count, answers = run.times(100, quick=2), run.times(8, quick=4)
    found = []
    for cut_off in cut_offs(run.directory, answers=answers, count=count, seed=run.seed):
        log.info("%s", cut_off)
        found.append(cut_off)
    outcome = f"{sum(cut_off.interrupted for cut_off in found)} of {count * answers} answers shown as interrupted"
    return count, outcome, tuple(problem for cut_off in found for problem in cut_off.problems)


def _locking(run: Run) -> tuple[int, str, tuple[str, ...]]:
    held_s = run.times(8, quick=1)
    locked = lock_out(run.directory, sessions=20, held_s=held_s)
    outcome = f"{locked.whole} answers whole; another writer held the database for {held_s} s of them"
    return 20, outcome, locked.problems


def _crowd(run: Run) -> tuple[int, str, tuple[str, ...]]:
    return crowd(run.directory, is_quick=run.is_quick)


def _visits(run: Run) -> tuple[int, str, tuple[str, ...]]:
    return visits(run.directory, is_quick=run.is_quick)


def _connections(run: Run) -> tuple[int, str, tuple[str, ...]]:
    lost = lose_connections(run.directory, count=run.times(100, quick=3), seed=run.seed)
    return lost.count, "each answer whole in two tabs opened meanwhile, and stored once", lost.problems


FAULTS: dict[str, tuple[str, Callable[[Run], tuple[int, str, tuple[str, ...]]]]] = {
    "bombs": ("hostile files (T10–T13, T21)", _bombs),
    "kills": ("SIGKILL while reading in (F12)", _kills),
    "damage": ("damaged index directories (F16)", _damage),
    "disk": ("full disk, then room again (F14)", _disk),
    "stops": ("SIGTERM while answers are written (F27)", _stops),
    "backups": ("damaged backups (F29)", _backups),
    "vectors": ("Chroma's server killed and started again (F11)", _vectors),
    "database": ("PostgreSQL killed and started again under load (F18)", _database),
    "cut-offs": ("SIGKILL while answers are written (F13)", _cut_offs),
    "locking": ("a long writer beside twenty sessions (F19)", _locking),
    "crowd": ("a hundred people on this machine (F23)", _crowd),
    "visits": ("a thousand visits one after the other (F24)", _visits),
    "connections": ("connections lost in mid-answer (F25)", _connections),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 where everything held."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    began = now()
    if given.again:
        return _again(given.out or DIRECTORY, began)
    whole = not given.quick and not given.only
    rows = tuple(_row(name, given.quick, given.seed) for name in given.only or FAULTS)
    tested = (
        tuple(_tested(fault) for fault in REGISTER if fault.tests and not fault.runs) if whole or given.tests else ()
    )
    report = Report(began, machine_facts(), given.seed, (*rows, *tested))
    print(report.as_markdown())
    if out := given.out or (DIRECTORY if whole else None):
        report.store(out)
        log.info("Stored in %s.", out)
    return 1 if report.problems else 0


def _again(directory: Path, began: datetime) -> int:
    """Bring about once more what did not hold in the stored report, and put it there; 0 where everything holds now."""
    stored = Report.stored(directory)
    named = {fault.id: fault for fault in REGISTER}
    failed = [row.name for row in stored.rows if row.problems]
    rows = [_row(name, False, stored.seed) if name in FAULTS else _tested(named[name]) for name in failed]
    report = stored.with_again(rows, began)
    report.store(directory)
    print(report.as_markdown())
    return 1 if report.problems else 0


def _row(name: str, quick: bool, seed: int) -> Row:
    fault, bring_about = FAULTS[name]
    log.info("%s ...", fault)
    clock = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="citewell-torture-", ignore_cleanup_errors=True) as directory:
        runs, outcome, problems = bring_about(Run(Path(directory), seed, quick))
    return Row(name, fault, runs, outcome, problems, time.monotonic() - clock)


def _tested(fault: Fault) -> Row:
    """What the tests of a fault say that has no run of its own."""
    log.info("%s ...", fault.what)
    clock = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="citewell-torture-") as directory:
        runs, outcome, problems = carry_out(fault.tests, Path(directory))
    return Row(fault.id, f"{fault.what} ({fault.id})", runs, outcome, problems, time.monotonic() - clock)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description="Bring faults about and see what holds.")
    parser.add_argument("--only", nargs="+", choices=tuple(FAULTS), metavar="NAME", help=", ".join(FAULTS))
    parser.add_argument("--quick", action="store_true", help="a few of each: proves the code, not the product")
    parser.add_argument(
        "--tests", action="store_true", help="with --only or --quick: the tests of the other faults, too"
    )
    parser.add_argument("--again", action="store_true", help="what did not hold in the stored report, put into it")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, other instants and other damage")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
