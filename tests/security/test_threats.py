"""Every threat has a test that names it, and the report at the end of a run counts what was tried."""

import ast
from pathlib import Path

import pytest

from tests.security.threats import THREATS

TESTS = Path(__file__).resolve().parents[1]
pytest_plugins = ["pytester"]


def _named() -> set[str]:
    """The threats that markers in the source of the tests name."""
    return {
        node.args[0].value
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "threat"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_threat_has_a_test_that_names_it() -> None:
    assert set(THREATS) - _named() == set()


EXAMPLE = """
import pytest

@pytest.mark.threat("T14", count=60)
@pytest.mark.parametrize("place", ["here", "there"])
def test_rendering(place): pass

@pytest.mark.threat("T2")
def test_canaries(record_property): record_property("threat", ["T2", 10_000])

@pytest.mark.threat("T3")
def test_that_fails(): assert False

@pytest.mark.threat("T4")
@pytest.mark.skip
def test_that_is_left_out(): pass
"""


@pytest.fixture(autouse=True)
def _finds_this_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the processes that the tests start."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS.parent))


@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_report_counts_what_was_tried_in_one_process_and_in_several(
    pytester: pytest.Pytester, processes: str
) -> None:
    pytester.makeconftest("from tests.security.threats import *  # noqa: F403")
    pytester.makepyfile(EXAMPLE)
    told = pytester.runpytest_subprocess("--numprocesses", processes, f"--rootdir={pytester.path}").stdout.str()
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in told.splitlines() if line.strip().startswith("T")}
    assert lines["T14"].startswith("120 tried 2 passed")
    assert lines["T2"].startswith("10,000 tried 1 passed")
    assert lines["T3"].startswith("1 tried 1 failed")
    assert lines["T4"].startswith("0 tried 1 skipped")
    assert lines["T1"].startswith("not run")


def test_a_later_run_of_some_tests_adds_to_what_was_shown(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.security.threats import *  # noqa: F403")
    pytester.makepyfile(test_one=EXAMPLE, test_two='import pytest\n@pytest.mark.threat("T5")\ndef test_five(): pass')
    pytester.runpytest_subprocess("test_one.py")
    told = pytester.runpytest_subprocess("test_two.py").stdout.str()
    assert "120 tried" in told
    assert any("T5" in line and "1 tried" in line for line in told.splitlines())
