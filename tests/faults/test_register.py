"""The report of `make torture` speaks of every fault, and each names tests that there are."""

import ast
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from benchmarks.report import now
from torture.__main__ import FAULTS
from torture.register import REGISTER, Fault
from torture.report import Report, Row

ROOT = Path(__file__).resolve().parents[2]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_all_29_faults_are_registered_in_their_order() -> None:
    assert [fault.id for fault in REGISTER] == [f"F{number}" for number in range(1, 30)]


@pytest.mark.parametrize("fault", REGISTER, ids=lambda fault: fault.id)
def test_a_fault_names_tests_and_runs_that_there_are(fault: Fault) -> None:
    assert fault.tests
    assert set(fault.runs) <= FAULTS.keys()
    for test in fault.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file()
        assert not name or name in names_in(file)


def test_every_run_speaks_of_a_fault() -> None:
    assert {run for fault in REGISTER for run in fault.runs} == FAULTS.keys()


def report_of(*rows: Row) -> str:
    return Report(now(), {}, 1, rows).as_markdown()


def test_the_report_counts_what_held_and_says_what_was_not_run() -> None:
    row = Row("kills", "SIGKILL (F12)", 3, "all there", (), 1.0)
    written = report_of(row)
    assert "1 of 29 faults were brought about and held." in written
    (line,) = (line for line in written.splitlines() if line.startswith("| F12 |"))
    assert line.endswith("| kills × 3 | yes |")
    (other,) = (line for line in written.splitlines() if line.startswith("| F1 |"))
    assert other.endswith("| not run |")


def test_a_fault_with_a_problem_or_without_a_single_run_did_not_hold() -> None:
    row = Row("kills", "SIGKILL (F12)", 3, "", ("a document is gone",), 1.0)
    assert "0 of 29" in report_of(row)
    assert "- a document is gone" in report_of(row)
    assert "0 of 29" in report_of(replace(row, runs=0, problems=()))


def test_what_is_brought_about_again_takes_its_place_in_the_stored_report_and_says_when(tmp_path: Path) -> None:
    failed = Row("kills", "SIGKILL (F12)", 3, "", ("a document is gone",), 1.0)
    other = Row("disk", "full disk (F14)", 2, "all there", (), 1.0)
    first = Report(now(), {"cores": "2"}, 1, (failed, other))
    first.store(tmp_path)
    stored = Report.stored(tmp_path)
    assert (stored.rows, stored.machine, stored.seed) == (first.rows, first.machine, first.seed)
    later = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    again = stored.with_again([replace(failed, outcome="all there", problems=())], later)
    assert again.problems == ()
    assert again.rows[0].outcome == "all there (again on 2026-12-01 at 09:30 UTC)"
    assert again.rows[1] == other
