"""Several processes on one database: who lives, who is gone, and what becomes of what they left open."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from assistant.access import LOCAL_USER, Principal
from assistant.conversations import Conversations
from assistant.errors import AnswerUnderWay, LimitReached
from assistant.job_table import ALONE, BY_COLLECTION, JobTable
from assistant.limits import Limits
from assistant.processes import Processes
from assistant.schema import jobs, processes
from assistant.stop_asked import StopAsked
from assistant.sweeping import Sweeping
from retrieval.database import open_database
from tests.postgres import Cluster

BEAT_S, GONE_AFTER_S = 0.2, 2.0
WAIT_S = 30


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Opens the same database as often as it is called: once for each process."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'citewell.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url("processes")
    opened: list[Engine] = []

    def open_another() -> Engine:
        opened.append(open_database(url))
        return opened[-1]

    yield open_another
    for engine in opened:
        engine.dispose()


class Crew:
    """A process as far as the database knows it."""

    def __init__(self, engine: Engine, kind: str = "app") -> None:
        self.engine = engine
        self.processes = Processes(engine, is_alone=False, beat_s=BEAT_S, gone_after_s=GONE_AFTER_S)
        self.processes.join(kind)
        self.conversations = Conversations(engine, self.processes.id)
        self.jobs = JobTable(engine, self.processes.id)
        self.limits = Limits(engine, {"answers_at_once": 2}, process_id=self.processes.id)
        self.sweeping = Sweeping(self.processes, self.conversations, self.jobs, self.limits)

    def fall_silent(self) -> None:
        """As if it had been killed: its row stays, and it says nothing any more."""
        self.processes._leaving.set()
        self.processes._thread.join()

    def ids(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.execute(select(processes.c.id)).scalars())


@pytest.fixture
def crew(engines: Callable[[], Engine]) -> Iterator[tuple[Crew, Crew]]:
    """Two of them."""
    both = Crew(engines()), Crew(engines(), "worker")
    yield both
    for one in both:
        one.processes.leave()


def until(condition: Callable[[], bool]) -> None:
    since = time.monotonic()
    while not condition():
        assert time.monotonic() - since < WAIT_S, "it did not come about in time"
        time.sleep(0.05)


def test_a_process_is_there_until_it_leaves(crew: tuple[Crew, Crew]) -> None:
    app, worker = crew
    assert app.processes.living() == {"app": 1, "worker": 1}
    assert app.processes.takers() == 1
    worker.processes.leave()
    assert app.processes.living() == {"app": 1, "worker": 0}
    assert app.processes.takers() == 0


def test_whoever_says_nothing_for_long_is_gone_and_whoever_does_is_not(crew: tuple[Crew, Crew]) -> None:
    app, worker = crew
    worker.fall_silent()
    until(lambda: app.processes.forget_gone() == 1)
    assert app.ids() == {app.processes.id}


def test_after_an_outage_nobody_is_taken_for_dead(crew: tuple[Crew, Crew]) -> None:
    """All were silent for as long: whoever is back first waits until the others had their time."""
    app, worker = crew
    for one in crew:
        one.fall_silent()
    time.sleep(2 * GONE_AFTER_S)
    app.processes.beat()
    assert app.processes.forget_gone() == 0
    worker.processes.beat()
    assert app.ids() == {app.processes.id, worker.processes.id}


def test_one_that_was_taken_for_dead_comes_back(crew: tuple[Crew, Crew]) -> None:
    app, worker = crew
    worker.fall_silent()
    until(lambda: app.processes.forget_gone() == 1)
    worker.processes.beat()
    assert app.ids() == {app.processes.id, worker.processes.id}


def test_the_worker_that_has_lived_longest_leads_and_its_heir_follows(
    engines: Callable[[], Engine], crew: tuple[Crew, Crew]
) -> None:
    app, first = crew
    time.sleep(1.1)  # The database tells time in seconds.
    second = Crew(engines(), "worker")
    try:
        assert (app.processes.leads(), first.processes.leads(), second.processes.leads()) == (False, True, False)
        first.fall_silent()
        until(second.processes.leads)
    finally:
        second.processes.leave()


def test_a_home_in_a_file_has_one_process_that_leads_takes_jobs_and_writes_nothing_of_it(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'citewell.sqlite'}")
    alone = Processes(engine, is_alone=True)
    alone.join("app")
    assert alone.leads()
    assert alone.carries_out
    assert (alone.takers(), alone.living(), alone.forget_gone()) == (1, {"app": 1, "worker": 0}, 0)
    with engine.connect() as connection:
        assert connection.execute(select(processes)).all() == []
    engine.dispose()


# What is left open.


def test_an_answer_of_a_living_process_goes_on_and_that_of_one_that_is_gone_is_interrupted(
    crew: tuple[Crew, Crew],
) -> None:
    app, other = crew
    threads = []
    for one in crew:
        conversation = one.conversations.create(LOCAL_USER)
        answer = one.conversations.begin(conversation, LOCAL_USER, "q")
        one.conversations.save(answer, state="streaming", text="half an ans")
        threads.append(conversation)
    app.sweeping.sweep()
    assert [app.conversations.newest(one, LOCAL_USER).state for one in threads] == ["streaming", "streaming"]
    other.fall_silent()
    until(lambda: not app.sweeping.sweep() and app.conversations.newest(threads[1], LOCAL_USER).state == "interrupted")
    left = app.conversations.messages(threads[1], LOCAL_USER)[-1]
    assert left.text == "half an ans"
    assert left.reason
    assert app.conversations.newest(threads[0], LOCAL_USER).state == "streaming"


def test_a_job_of_a_living_process_goes_on_and_that_of_one_that_is_gone_waits_again(crew: tuple[Crew, Crew]) -> None:
    app, worker = crew
    job_id = app.jobs.add("a", {}, owner="")
    assert worker.jobs.claim(["a"], ALONE).id == job_id
    app.sweeping.sweep()
    assert app.jobs.get(job_id).state == "running"
    worker.fall_silent()
    until(lambda: not app.sweeping.sweep() and app.jobs.get(job_id).state == "waiting")


def test_who_was_taken_for_dead_changes_nothing_of_a_job_that_is_anothers_by_now(crew: tuple[Crew, Crew]) -> None:
    app, worker = crew
    job_id = app.jobs.add("a", {}, owner="")
    worker.jobs.claim(["a"], ALONE)
    worker.fall_silent()
    until(lambda: not app.sweeping.sweep() and app.jobs.claim(["a"], ALONE) is not None)
    assert worker.jobs.is_to_end(job_id)
    worker.jobs.finish(job_id, {"by": "worker"})
    worker.jobs.put_back(job_id)
    assert app.jobs.get(job_id).state == "running"
    assert not app.jobs.is_to_end(job_id)
    app.jobs.finish(job_id, {"by": "app"})
    assert app.jobs.get(job_id).result == {"by": "app"}


def test_a_job_whose_end_could_not_be_stored_waits_again(crew: tuple[Crew, Crew]) -> None:
    _, worker = crew
    job_id = worker.jobs.add("a", {}, owner="")
    worker.jobs.claim(["a"], ALONE)
    worker.sweeping.sweep()
    assert worker.jobs.get(job_id).state == "running"
    worker.jobs.let_go(job_id)
    worker.sweeping.sweep()
    assert worker.jobs.get(job_id).state == "waiting"


def test_a_job_that_is_cut_off_three_times_is_given_up(crew: tuple[Crew, Crew]) -> None:
    _, worker = crew
    job_id = worker.jobs.add("a", {}, owner="")
    for _ in range(3):
        assert worker.jobs.claim(["a"], ALONE).id == job_id
        worker.jobs.try_again(job_id)
    assert worker.jobs.get(job_id).state == "failed"


def test_answers_at_once_are_counted_over_all_processes_and_those_of_one_that_is_gone_no_more(
    crew: tuple[Crew, Crew],
) -> None:
    app, other = crew
    who = Principal("test", "somebody")
    cut_off = other.limits.answering(who)
    cut_off.__enter__()
    with app.limits.answering(who):
        app.sweeping.sweep()
        for limits in (app.limits, other.limits):
            with pytest.raises(LimitReached), limits.answering(who):
                pass
        other.fall_silent()
        until(lambda: not app.sweeping.sweep() and app.ids() == {app.processes.id})
        with app.limits.answering(who):
            pass


# One conversation, two processes.


def test_a_question_waits_for_the_answer_that_another_process_writes(crew: tuple[Crew, Crew]) -> None:
    app, other = crew
    conversation = app.conversations.create(LOCAL_USER)
    answer = app.conversations.begin(conversation, LOCAL_USER, "q")
    with pytest.raises(AnswerUnderWay):
        other.conversations.begin(conversation, LOCAL_USER, "another")
    app.conversations.save(answer, state="done", text="a")
    assert other.conversations.begin(conversation, LOCAL_USER, "another") > answer


def test_an_answer_is_stopped_from_another_process(crew: tuple[Crew, Crew]) -> None:
    app, other = crew
    conversation = app.conversations.create(LOCAL_USER)
    answer = app.conversations.begin(conversation, LOCAL_USER, "q")
    asked = StopAsked(lambda: False, lambda: app.conversations.is_stop_asked(answer))
    assert not asked()
    other.conversations.stop(conversation, LOCAL_USER)
    until(asked)


# Who takes what.


def test_each_job_is_claimed_once_however_many_processes_ask_together(engines: Callable[[], Engine]) -> None:
    crews = [JobTable(engines(), str(number)) for number in range(4)]
    added = [crews[0].add("a", {"collection_id": str(number)}, owner="") for number in range(40)]
    taken: list[int] = []

    def take(table: JobTable) -> None:
        while (job := table.claim(["a"], BY_COLLECTION)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=take, args=(table,)) for table in crews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == added


def test_two_jobs_of_one_collection_never_run_together_whoever_takes_them(engines: Callable[[], Engine]) -> None:
    crews = [JobTable(engines(), str(number)) for number in range(4)]
    names = ["x", "y", None]
    for number in range(24):
        crews[0].add("a", {"collection_id": names[number % 3]}, owner="")
    running: list[object] = []
    seen: list[tuple[object, ...]] = []
    lock = threading.Lock()

    def take(table: JobTable) -> None:
        while table.open(["a"]):
            if (job := table.claim(["a"], BY_COLLECTION)) is None:
                time.sleep(0.005)
                continue
            name = job.work["collection_id"]
            with lock:
                running.append(name)
                seen.append(tuple(running))
            time.sleep(0.01)
            with lock:
                running.remove(name)
            table.finish(job.id, {})

    threads = [threading.Thread(target=take, args=(table,)) for table in crews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 24
    assert all(len(set(names)) == len(names) and (None not in names or names == (None,)) for names in seen)


@pytest.mark.parametrize(
    ("running", "waiting", "begins"),
    [
        ([], [None, "x"], 0),
        (["x"], ["x", "y"], 1),
        (["x"], [None, "y"], None),
        (["x"], ["x", None, "y"], None),
        ([None], ["x"], None),
        (["x"], ["y", "x"], 0),
    ],
)
def test_nothing_begins_beside_what_it_must_not_run_beside_and_nothing_overtakes_it(
    tmp_path: Path, running: list[str | None], waiting: list[str | None], begins: int | None
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'citewell.sqlite'}")
    table = JobTable(engine)
    for name in running:
        table.add("a", {"collection_id": name}, owner="")
        table.claim(["a"])
    ids = [table.add("a", {"collection_id": name}, owner="") for name in waiting]
    job = table.claim(["a"], BY_COLLECTION)
    assert (job and job.id) == (None if begins is None else ids[begins])
    with engine.connect() as connection:
        states = connection.execute(select(jobs.c.state).where(jobs.c.id.in_(ids))).scalars().all()
    assert states.count("running") == (begins is not None)
    engine.dispose()
