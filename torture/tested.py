"""Carries out the tests of the faults that have no run of their own, and says how many held."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def carry_out(tests: Sequence[str], directory: Path) -> tuple[int, str, tuple[str, ...]]:
    """How many tests ran, what came of them, and which did not hold."""
    results = directory / "results.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={results}", *tests]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if not results.exists():
        return 0, "", (f"the tests could not be run: {(done.stdout + done.stderr)[-300:]}",)
    cases = list(ElementTree.parse(results).iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    broken = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    problems = [f"{name} failed" for name in broken]
    if skipped or not cases:
        problems.append(f"{skipped} of {len(cases)} tests were left out")
    return len(cases), f"{len(cases) - len(broken) - skipped} tests passed", tuple(problems)
