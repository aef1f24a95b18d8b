"""What a hundred people at once feel of the server mode, all of it on this machine: two replicas and two workers over
PostgreSQL and Chroma's server, with the people and their model beside them.

`python -m benchmarks.server_mode`. People go to a replica and stay there, as nginx's cookie has them do. What
PostgreSQL's own processes take that come and go with connections is counted as far as they live at the end.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from assistant.access import LOCAL_USER
from assistant.bootstrap import open_citewell
from assistant.groups import Grant
from assistant.settings import Settings
from benchmarks.askers import Asker, PersonAsker
from benchmarks.crowd import Crowd
from benchmarks.load import CROWD, QUICK_CROWD, at_once_rows, crowd_rows
from benchmarks.office import SETTINGS
from benchmarks.report import Report, Row, library_versions, machine_facts, now
from benchmarks.scripted import ScriptedModel, scripted_model
from torture.stack.whole import Stack, stack

_READ_WITHIN_S = 300.0


def measure(*, quick: bool) -> Iterator[Row]:
    """Rows for a crowd, and for fifty who ask in one instant."""
    with served() as (processes, person):
        yield from crowd_rows("page, two replicas", processes, person, QUICK_CROWD if quick else CROWD)
    with served(is_instant=True) as (processes, person):
        people, rounds = (3, 1) if quick else (50, 5)
        yield from at_once_rows("page, two replicas", processes, person, people=people, rounds=rounds)


@contextmanager
def served(*, is_instant: bool = False) -> Iterator[tuple[Mapping[str, int], Callable[[int], Asker]]]:
    """All of it with the sample company, which everybody may read; its processes, and somebody by their number."""
    pace = {"first_s": 0.0, "pause_s": 0.0} if is_instant else {}
    with scripted_model(**pace) as model, stack(settings={**SETTINGS, "OPENAI_BASE_URL": model.url}) as running:
        _open_to_everybody(running)
        urls = [f"http://127.0.0.1:{port}" for port in running.replica_ports]

        def person(number: int) -> Asker:
            return PersonAsker(urls[number % len(urls)], number, model)

        warm = Crowd(person)
        asyncio.run(warm.in_turn(3 * len(urls)))
        if warm.happened.problems:
            raise RuntimeError(warm.happened.problems[0])
        yield _processes(running, model), person


def _processes(running: Stack, model: ScriptedModel) -> Mapping[str, int]:
    pids = {part.name: part.pid for part in running.parts if part.pid is not None}
    return {**pids, "model": model.process.pid}


def _open_to_everybody(running: Stack) -> None:
    """Wait until the sample company is read, and let everybody who signed in read it."""
    settings = Settings.read(
        home=running.home("granter"),
        database_url=running.database_url,
        chroma_url=running.chroma_url,
        files=running.files,
    )
    citewell = open_citewell(settings)
    try:
        began = perf_counter()
        while citewell.jobs.open() or not citewell.library.collections():
            if perf_counter() - began > _READ_WITHIN_S:
                raise RuntimeError("the sample company was not read in time")
            time.sleep(1)
        (everyone,) = (group.id for group in citewell.groups.list(LOCAL_USER) if group.is_everyone)
        for collection in citewell.library.collections():
            citewell.groups.grant(collection.id, (Grant(everyone, None, may_edit=False),), LOCAL_USER)
    finally:
        citewell.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and store where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server_mode", description="A crowd on the server mode.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: proves the code, not the product")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the table, as server-mode.json and .md")
    given = parser.parse_args(arguments)
    began, clock = now(), perf_counter()
    rows = tuple(measure(quick=given.quick))
    command = "python -m benchmarks.server_mode"
    report = Report(command, began, perf_counter() - clock, given.quick, machine_facts(), library_versions(), rows)
    print(report.as_markdown())
    if given.out:
        report.store(given.out, "server-mode")
    return 0


if __name__ == "__main__":
    sys.exit(main())
