"""The job table: each job is claimed once, can be cancelled, and outlives the process that worked on it."""

from datetime import timedelta

import pytest

from assistant.job_table import JobTable
from retrieval.database import open_database
from retrieval.dates import utc_now

OWNER = "local|user"


@pytest.fixture
def table(database: str):
    engine = open_database(database)
    yield JobTable(engine)
    engine.dispose()


def test_jobs_are_claimed_in_order_each_once_and_by_kind(table):
    first, other, second = (table.add(kind, {"n": n}, owner=OWNER) for n, kind in enumerate(("a", "b", "a")))
    assert table.claim(["a"]).id == first
    assert table.claim(["a"]).id == second
    assert table.claim(["a"]) is None
    assert table.claim(["b"]).id == other
    assert table.get(second).work == {"n": 2}


def test_a_finished_job_holds_its_result_and_is_open_no_more(table):
    job_id = table.add("a", {}, owner=OWNER)
    table.claim(["a"])
    table.report(job_id, done=2, total=8, current="x.md")
    running = table.get(job_id)
    assert (running.state, running.done, running.total, running.current) == ("running", 2, 8, "x.md")
    table.finish(job_id, {"added": 8})
    assert table.get(job_id).result == {"added": 8}
    assert table.open() == ()
    assert [job.id for job in table.ended(["a"], limit=5)] == [job_id]


def test_rate_and_time_left_follow_from_what_is_done(table):
    job_id = table.add("a", {}, owner=OWNER)
    assert table.get(job_id).seconds_left(utc_now()) is None
    table.claim(["a"])
    table.report(job_id, done=20, total=100, current="x.md")
    job = table.get(job_id)
    later = job.started_at + timedelta(seconds=10)
    assert job.files_per_second(later) == pytest.approx(2.0)
    assert job.seconds_left(later) == pytest.approx(40.0)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked_to_end(table):
    waiting, running = table.add("a", {}, owner=OWNER), table.add("b", {}, owner=OWNER)
    table.claim(["b"])
    table.cancel(waiting)
    table.cancel(running)
    assert table.get(waiting).state == "cancelled"
    assert table.claim(["a"]) is None
    assert table.get(running).state == "running"
    assert table.is_cancelled(running)


def test_cancelling_what_is_over_changes_nothing(table):
    job_id = table.add("a", {}, owner=OWNER)
    table.claim(["a"])
    table.finish(job_id, {})
    table.cancel(job_id)
    assert table.get(job_id).state == "done"
    assert not table.get(job_id).cancelled


def test_what_a_stopped_process_left_running_waits_again(table):
    job_id = table.add("a", {}, owner=OWNER)
    table.claim(["a"])
    table.resume()
    assert table.get(job_id).state == "waiting"
    assert table.claim(["a"]).id == job_id


def test_a_job_that_stopped_the_process_three_times_is_given_up_with_the_reason(table):
    job_id = table.add("a", {}, owner=OWNER)
    for _ in range(3):
        assert table.claim(["a"]).id == job_id
        table.resume()
    job = table.get(job_id)
    assert job.state == "failed"
    assert "three times" in job.problem


def test_a_job_put_back_by_an_orderly_end_does_not_count_as_a_crash(table):
    job_id = table.add("a", {}, owner=OWNER)
    for _ in range(5):
        table.claim(["a"])
        table.put_back(job_id)
    table.resume()
    assert table.get(job_id).state == "waiting"


def test_only_the_kinds_that_wait_are_looked_for(table):
    table.add("a", {}, owner=OWNER)
    table.add("b", {}, owner=OWNER)
    assert table.waiting_kinds() == {"a", "b"}
    table.claim(["a"])
    assert table.waiting_kinds() == {"b"}
