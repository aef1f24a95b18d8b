"""A core of one's own: who takes it, who shares it, and who gives it back."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from retrieval.cores import one_core, usable_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or usable_cores() < 2, reason="one core, or a system that has no say in it"
)

_HOLDING = """
import os, sys
from retrieval.cores import one_core
with one_core(sys.argv[1]) as core:
    print(core, len(os.sched_getaffinity(0)), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def claim() -> str:
    """Under which no other test and no running app takes a core."""
    return f"test-{uuid4().hex}"


@contextmanager
def another(claim: str) -> Iterator[str]:
    """Another process that keeps to a core; what it says of it."""
    command = [sys.executable, "-c", _HOLDING, claim]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def cores_of_a_new_thread() -> set[int]:
    found: list[set[int]] = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return found[0]


def test_the_thread_and_what_it_begins_keep_to_one_core_meanwhile(claim: str) -> None:
    before = os.sched_getaffinity(0)
    with one_core(claim) as core:
        assert os.sched_getaffinity(0) == cores_of_a_new_thread() == {core} == {max(before)}
    assert os.sched_getaffinity(0) == cores_of_a_new_thread() == before


def test_a_thread_that_was_there_before_keeps_every_core(claim: str) -> None:
    may_look = threading.Event()
    found: list[set[int]] = []

    def look() -> None:
        may_look.wait()
        found.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=look)
    thread.start()
    with one_core(claim):
        may_look.set()
        thread.join()
    assert found == [os.sched_getaffinity(0)]


def test_it_ends_with_an_error_too(claim: str) -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), one_core(claim):
        raise ZeroDivisionError
    assert os.sched_getaffinity(0) == before


def test_no_two_processes_take_the_same_core_and_it_is_free_again_afterwards(claim: str) -> None:
    last, last_but_one = sorted(os.sched_getaffinity(0), reverse=True)[:2]
    with another(claim) as taken:
        assert taken == f"{last} 1"
        with one_core(claim) as core:
            assert core == last_but_one
    with one_core(claim) as core:
        assert core == last


def test_where_every_core_is_taken_all_of_them_are_used(claim: str) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:2]))
    try:
        with another(claim), another(claim), one_core(claim) as core:
            assert core is None
            assert len(os.sched_getaffinity(0)) == 2
    finally:
        os.sched_setaffinity(0, before)


def test_whoever_was_given_one_core_stays_there_and_claims_none(claim: str) -> None:
    before = os.sched_getaffinity(0)
    given = {min(before)}
    os.sched_setaffinity(0, given)
    try:
        with one_core(claim) as core:
            assert core is None
            assert os.sched_getaffinity(0) == given
    finally:
        os.sched_setaffinity(0, before)
    with one_core(claim) as core:
        assert core == max(before)
