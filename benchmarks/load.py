"""What a hundred people at once feel, what a thousand visits leave behind, and how soon a large home is ready again.

People use the page's websocket, programs the API; a scripted model answers, and every answer is compared with what it
sent. The load comes from this process, which shares the machine with the app: what it takes is said beside.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.app import App, is_ok, running_app
from benchmarks.askers import Asker, PersonAsker, ProgramAsker
from benchmarks.bench import Bench
from benchmarks.crowd import Crowd, Happened, Plan
from benchmarks.office import SETTINGS, office_home
from benchmarks.report import Row, Target
from benchmarks.scripted import FIRST_S, ScriptedModel, scripted_model
from benchmarks.timing import latency_of
from benchmarks.weighing import Weight, weigh

CROWD = Plan(people=100, arriving_s=60.0, every_s=30.0, lasting_s=240.0)
QUICK_CROWD = Plan(people=3, arriving_s=1.0, every_s=3.0, lasting_s=5.0)
FORGOTTEN_S = 125.0
"""Streamlit keeps the session of a lost connection for 120 s."""
_QUICK_TTL_S = 1
_READY_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A running app with its scripted model, and the key of a program."""

    app: App
    model: ScriptedModel
    key: str

    @property
    def processes(self) -> Mapping[str, int]:
        """What takes of the processor, by its name."""
        return {"app": self.app.process.pid, "model": self.model.process.pid}

    def person(self, number: int) -> Asker:
        """Somebody in a tab."""
        return PersonAsker(self.app.url, number, self.model)

    def reader(self, _: int) -> Asker:
        """A program that reads events."""
        return ProgramAsker(self.app.url, self.key, self.model, streams=True)

    def caller(self, _: int) -> Asker:
        """A program that waits for the whole answer."""
        return ProgramAsker(self.app.url, self.key, self.model, streams=False)


def measure_crowds(bench: Bench) -> Iterator[Row]:
    """Rows for a crowd and for fifty at once, each through the page and the API."""
    with staged(bench.directory, quick=bench.quick) as stage:
        plan = QUICK_CROWD if bench.quick else CROWD
        yield from crowd_rows("page", stage.processes, stage.person, plan)
        yield from crowd_rows("API, events", stage.processes, stage.reader, plan)
    with staged(bench.directory, quick=bench.quick, is_instant=True) as stage:
        people, rounds = (3, 1) if bench.quick else (50, 5)
        times = {"people": people, "rounds": rounds}
        yield from at_once_rows("page", stage.processes, stage.person, **times)
        yield from at_once_rows("API, whole answers", stage.processes, stage.caller, **times, grows=False)


def measure(bench: Bench) -> Iterator[Row]:
    """Rows for visits one after the other, and for a restart."""
    with staged(bench.directory, quick=bench.quick, is_instant=True) as stage:
        warm_up, visits = (2, 3) if bench.quick else (200, 1_000)
        yield from visits_rows(stage, warm_up=warm_up, visits=visits, forgotten_s=2 if bench.quick else FORGOTTEN_S)
    yield from _restart_rows(bench)


@contextmanager
def staged(directory: Path, *, quick: bool, is_instant: bool = False) -> Iterator[Stage]:
    """An organisation's app, ready to be asked."""
    home = directory / "office-home"
    key = office_home(home, directory / "sample-home", quick=quick)
    pace = {"first_s": 0.0, "pause_s": 0.0} if is_instant else {}
    ttl = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(_QUICK_TTL_S)} if quick else {}
    with (
        scripted_model(**pace) as model,
        running_app(home, sample=True, base_url=model.url, **SETTINGS, **ttl) as app,
    ):
        app.wait_healthy()
        stage = Stage(app, model, key)
        asyncio.run(_warm_up(stage))
        yield stage


async def _warm_up(stage: Stage) -> None:
    """What is imported and read at a first question is there."""
    for make in (stage.person, stage.reader):
        crowd = Crowd(make)
        await crowd.in_turn(3)
        if crowd.happened.problems:
            raise RuntimeError(crowd.happened.problems[0])


def crowd_rows(name: str, processes: Mapping[str, int], make: Callable[[int], Asker], plan: Plan) -> Iterator[Row]:
    """Rows for people who arrive and ask from time to time, and for what these processes took."""
    with watching(processes) as spent:
        happened = _happened(make, lambda crowd: crowd.live(plan))
    who = f"{plan.people} people"
    size = f"{len(happened.asked)} answers, each as the model sent it; {plan.lasting_s:.0f} s; {spent()}"
    yield Row(f"{who}, {name}: errors", len(happened.problems), "", Target(0), _first_problem(happened) or size)
    if happened.asked:
        opened, first = latency_of(happened.opened_s), latency_of(happened.first_s())
        if any(happened.opened_s):
            yield Row(f"{who}, {name}: first page p95", opened.p95, "s", Target(2), f"median {opened.p50:.2f} s")
        ours = latency_of(happened.ours_s())
        note = f"median {first.p50:.2f} s, of which the model's {FIRST_S:g} s"
        yield Row(f"{who}, {name}: submit → first words p95", first.p95, "s", note=note)
        yield Row(f"{who}, {name}: our part of it p95", ours.p95, "s", Target(1), f"median {ours.p50:.2f} s")
        whole = latency_of(happened.whole_s())
        yield Row(f"{who}, {name}: submit → whole answer p95", whole.p95, "s", note=f"median {whole.p50:.2f} s")


def at_once_rows(
    name: str,
    processes: Mapping[str, int],
    make: Callable[[int], Asker],
    *,
    people: int,
    rounds: int,
    grows: bool = True,
) -> Iterator[Row]:
    """Rows for questions in the same instant, which a model answers at once; where no answer is seen growing, for its
    end alone.
    """
    with watching(processes) as spent:
        happened = _happened(make, lambda crowd: crowd.at_once(people, rounds=rounds))
    what = f"{people} questions in one instant, instant model, {name}"
    note = f"{rounds} rounds; {spent()}"
    yield Row(f"{what}: errors", len(happened.problems), "", Target(0), _first_problem(happened) or note)
    if happened.asked:
        first, whole = latency_of(happened.first_s()), latency_of(happened.whole_s())
        if grows:
            yield Row(f"{what}: submit → first words p95", first.p95, "s", Target(1.2), f"median {first.p50:.2f} s")
        target = None if grows else Target(1.2)
        yield Row(f"{what}: submit → whole answer p95", whole.p95, "s", target, f"median {whole.p50:.2f} s")


def visits_rows(stage: Stage, *, warm_up: int, visits: int, forgotten_s: float) -> Iterator[Row]:
    """Rows for visits one after the other: what they leave in memory once Streamlit has forgotten them."""
    before = _at_rest(stage, warm_up, forgotten_s)
    happened = _happened(stage.person, lambda crowd: crowd.in_turn(visits))
    after = _at_rest(stage, 0, forgotten_s)
    yield Row(
        f"{visits} visits one after the other: errors", len(happened.problems), "", Target(0), _first_problem(happened)
    )
    grown = (after.memory_bytes - before.memory_bytes) / 1e6
    note = (
        f"from {before.memory_bytes / 1e6:.0f} MB after {warm_up} visits; looked at {forgotten_s:.0f} s after the last; "
        f"threads {before.threads} → {after.threads}, files {before.files} → {after.files}"
    )
    yield Row(f"{visits} visits, each with a question: memory left", grown, "MB", Target(20), note)


def _at_rest(stage: Stage, visits: int, forgotten_s: float) -> Weight:
    """The app once the sessions of these visits are over; the last page makes Streamlit collect what is garbage."""
    _happened(stage.person, lambda crowd: crowd.in_turn(visits))
    time.sleep(forgotten_s)
    for _ in range(2):
        _happened(stage.person, lambda crowd: crowd.in_turn(1))
    return weigh(stage.app.process.pid)


def _restart_rows(bench: Bench) -> Iterator[Row]:
    chunks = 400 if bench.quick else 100_000
    with bench.synthetic(chunks) as (citewell, _):
        home = citewell.home.path
    ready = [_ready_s(home) for _ in range(1 if bench.quick else 4)]
    counted = ready if bench.quick else ready[1:]
    each = ", ".join(f"{seconds:.1f}" for seconds in counted)
    yield Row(f"restart → /readyz 200, {chunks:,} chunks", median(counted), "s", Target(15), f"each {each}")


def _ready_s(home: Path) -> float:
    with scripted_model() as model, running_app(home, sample=False, base_url=model.url) as app:
        while not is_ok(f"{app.url}/readyz"):
            if time.perf_counter() - app.began > _READY_WITHIN_S or app.process.poll() is not None:
                raise RuntimeError("the app did not become ready")
            time.sleep(0.05)
        return time.perf_counter() - app.began


def _happened(make: Callable[[int], Asker], do: Callable[[Crowd], Coroutine[Any, Any, object]]) -> Happened:
    crowd = Crowd(make)
    asyncio.run(do(crowd))
    return crowd.happened


def _first_problem(happened: Happened) -> str:
    return happened.problems[0].replace("|", "/")[:200] if happened.problems else ""


@contextmanager
def watching(processes: Mapping[str, int]) -> Iterator[Callable[[], str]]:
    """Gives, afterwards, what these processes, by their names, and the generator took of the processor meanwhile."""

    def taken() -> dict[str, float]:
        own = psutil.Process(os.getpid()).cpu_times()
        others = {name: weigh(pid).processor_s for name, pid in processes.items()}
        return {**others, "load itself": own.user + own.system}

    began, before = time.perf_counter(), taken()

    def spent() -> str:
        seconds = time.perf_counter() - began
        each = (f"{name} {after - before[name]:.{0 if name == 'app' else 1}f} s" for name, after in taken().items())
        return f"processor in {seconds:.0f} s: {', '.join(each)}"

    yield spent
