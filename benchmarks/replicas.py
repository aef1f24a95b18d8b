"""How much more two replicas serve than one, when each has a core to itself.

`python -m benchmarks.replicas` starts replicas on this machine, each with a home of its own, so it says what the program
costs and nothing of a database that they share. With `--url ADDRESS --pid PID …` it drives those that run: name nginx
once, and the process of every replica. It starts their model itself, at `--model-port`; their
settings are those of `benchmarks.office`.

People ask without a pause, so that every replica has all the work that it can do. A machine with as many cores as
replicas has none left for the load, the model and the database, which then take from a replica's core. So two figures
are given: answers a second as they were, and answers a second of the replicas' own processor time, which says what they
would serve if each had a core to itself, as long as nothing but the processor is waited for. How busy they were says
whether that holds: far below 100 % of their cores something else was waited for, and the second figure flatters.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.app import running_app
from benchmarks.askers import PersonAsker
from benchmarks.crowd import Crowd
from benchmarks.office import SETTINGS, office_home
from benchmarks.report import Report, Row, Target, library_versions, machine_facts, now
from benchmarks.scripted import ScriptedModel, scripted_model
from benchmarks.weighing import weigh

_LASTING_S = 60.0
_PEOPLE = 12
"""So many people for each replica ask without a pause."""
_NICE = ("nice", "-n", "10")


@dataclass(frozen=True, slots=True)
class Served:
    """What a number of replicas did with all the work that they could do."""

    replicas: int
    answers: int
    seconds: float
    processor_s: float
    problems: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def rate_of_cores(self) -> float:
        """Answers a second, if each replica had a core to itself and waited for nothing else."""
        return self.replicas * self.answers / self.processor_s

    @property
    def busy(self) -> float:
        """The share of their cores that the replicas took."""
        return self.processor_s / (self.seconds * self.replicas)


def serve(
    urls: Sequence[str], pids: Sequence[int], model: ScriptedModel, *, people: int, lasting_s: float, first: int = 0
) -> Served:
    """Have people ask without a pause, in turn at each of these addresses; `first` is the number of the first of them."""
    crowd = Crowd(lambda number: PersonAsker(urls[number % len(urls)], first + number, model))
    asyncio.run(crowd.in_turn(2 * len(urls)))  # What a first question reads in is there.
    crowd.happened.asked.clear()
    before = sum(weigh(pid).processor_s for pid in pids)
    seconds = asyncio.run(crowd.saturate(people, lasting_s=lasting_s))
    processor_s = sum(weigh(pid).processor_s for pid in pids) - before
    return Served(len(pids), len(crowd.happened.asked), seconds, processor_s, tuple(crowd.happened.problems))


def own_replicas(directory: Path, counts: Sequence[int], *, quick: bool) -> Iterator[Served]:
    """Start so many replicas, each on a core of its own, once for every count."""
    for count in counts:
        with ExitStack() as stack:
            model = stack.enter_context(scripted_model(first_s=0, pause_s=0, prefix=_NICE))
            apps = []
            for number in range(count):
                home = directory / f"home-{number}"
                office_home(home, directory / "sample-home", quick=quick)
                on_core = ("taskset", "-c", str(number))
                running = running_app(home, sample=True, base_url=model.url, prefix=on_core, **SETTINGS)
                apps.append(stack.enter_context(running))
            for app in apps:
                app.wait_healthy()
            pids = [app.process.pid for app in apps]
            people, lasting_s = (2 * count, 3.0) if quick else (_PEOPLE * count, _LASTING_S)
            yield serve([app.url for app in apps], pids, model, people=people, lasting_s=lasting_s)


def rows_of(served: Sequence[Served]) -> Iterator[Row]:
    """A row for each number of replicas, and how much more the last serve than the first."""
    for one in served:
        what = f"{one.replicas} {'replica' if one.replicas == 1 else 'replicas'}"
        note = f"{one.answers} answers in {one.seconds:.0f} s, {one.busy:.0%} of their cores"
        yield Row(f"{what}, asked without a pause: answers", one.rate, "a second", note=note)
        yield Row(f"{what}: answers for a second of each one's core", one.rate_of_cores, "a second")
        yield Row(f"{what}: errors", len(one.problems), "", Target(0), one.problems[0] if one.problems else "")
    if len(served) > 1 and served[0].answers:
        first, last = served[0], served[-1]
        what = f"{last.replicas} replicas ÷ {first.replicas}"
        yield Row(
            f"{what}, as measured", last.rate / first.rate, "×", note="load, model and database on the same cores"
        )
        target = Target(0.9 * last.replicas / first.replicas, at_least=True)
        yield Row(f"{what}, a core each", last.rate_of_cores / first.rate_of_cores, "×", target, "of processor time")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 where every answer came as it was sent."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replicas", description="Load replicas as far as they go."
    )
    parser.add_argument("--url", help="of replicas that run already, or of what stands before them")
    parser.add_argument("--pid", type=int, nargs="+", default=[], help="the processes of those replicas")
    parser.add_argument("--model-port", type=int, default=0, help="where their model is to listen")
    parser.add_argument("--people", type=int, default=_PEOPLE, help="for each replica")
    parser.add_argument("--seconds", type=float, default=_LASTING_S)
    parser.add_argument("--quick", action="store_true", help="a few seconds: proves the code, not the product")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the table, as replicas.json and .md")
    given = parser.parse_args(arguments)
    if bool(given.url) != bool(given.pid):
        parser.error("--url and --pid belong together")
    began, clock = now(), perf_counter()
    if given.url:
        with scripted_model(first_s=0, pause_s=0, port=given.model_port, prefix=_NICE) as model:
            people = given.people * len(given.pid)
            served = (serve([given.url], given.pid, model, people=people, lasting_s=given.seconds),)
    else:
        with tempfile.TemporaryDirectory(prefix="citewell-replicas-", ignore_cleanup_errors=True) as directory:
            served = tuple(own_replicas(Path(directory), (1, 2), quick=given.quick))
    command = f"python -m benchmarks.replicas {'--url …' if given.url else ''}".strip()
    rows = tuple(rows_of(served))
    report = Report(command, began, perf_counter() - clock, given.quick, machine_facts(), library_versions(), rows)
    print(report.as_markdown())
    if given.out:
        report.store(given.out, "replicas")
    return 1 if any(one.problems for one in served) else 0


if __name__ == "__main__":
    sys.exit(main())
