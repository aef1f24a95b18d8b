"""`python -m benchmarks.first_run`: a first `make run` in a clean clone, up to the first cited answer on the page.

Not part of `make bench`: it downloads everything anew, past pip's cache, so the network is in the figure.
It measures what is committed.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.settings import environment
from benchmarks.app import ROOT, free_port, is_ok
from benchmarks.browser import CHAT_INPUT, chromium
from benchmarks.report import RESULTS, Report, Row, Target, library_versions, machine_facts, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

log = logging.getLogger("benchmarks")
_QUESTION = "How many days of annual leave do I have?"
_INSTALLS_WITHIN_S = 900.0
_ANSWERS_WITHIN_S = 300.0
_ASK_AGAIN_MS = 3_000
_ENDS_WITHIN_S = 30.0
_BLOCK_BYTES = 512


def main() -> int:
    """Measure, print and store `benchmarks/results/first-run.*`."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    began, machine = now(), machine_facts()
    with tempfile.TemporaryDirectory(prefix="citewell-first-run-") as directory, chromium() as browser:
        rows = tuple(_rows(Path(directory), browser))
    seconds = (now() - began).total_seconds()
    report = Report("make bench-first-run", began, seconds, False, machine, library_versions(), rows)
    print(report.as_markdown())
    report.store(RESULTS, "first-run")
    return 0


def _rows(directory: Path, browser: "Browser") -> Iterator[Row]:
    clone = directory / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    port, started = free_port(), time.perf_counter()
    with _make_run(clone, directory, port) as process:
        _wait_healthy(process, f"http://127.0.0.1:{port}/healthz", started)
        healthy_s = time.perf_counter() - started
        log.info("healthy after %.1f s", healthy_s)
        asked = _cited(browser, f"http://127.0.0.1:{port}")
        cited_s = time.perf_counter() - started
    yield Row(
        "first `make run` in a clean clone → healthy page", healthy_s, "s", note="download and installation included"
    )
    note = f"“{_QUESTION}” on the page, asked {asked} time{'s' if asked > 1 else ''} while documents were read in"
    yield Row("first `make run` in a clean clone → first cited answer", cited_s, "s", Target(100), note)
    yield Row(
        "environment after that run",
        _disk_bytes(clone / ".venv") / 1e9,
        "GB",
        Target(1.2),
        "bytecode made so far included",
    )


@contextmanager
def _make_run(clone: Path, directory: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`make run` as on a new machine: no cache of pip's, a home of its own; all it started is ended afterwards."""
    changes = {"CITEWELL_HOME": str(directory / "home"), "PIP_CACHE_DIR": str(directory / "pip"), "MAKEFLAGS": ""}
    process = subprocess.Popen(
        ["make", "--no-print-directory", "run", f"PORT={port}"],
        cwd=clone,
        env=environment(**changes, OPENAI_API_KEY="", OPENAI_BASE_URL=""),
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # It may have ended by itself.
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_healthy(process: subprocess.Popen[bytes], url: str, started: float) -> None:
    while not is_ok(url):
        if process.poll() is not None or time.perf_counter() - started > _INSTALLS_WITHIN_S:
            raise RuntimeError("make run did not come to a healthy page; see above")
        time.sleep(0.1)


def _cited(browser: "Browser", url: str) -> int:
    """Ask until the answer has a citation; returns how often that was, for documents are still being read in."""
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector(CHAT_INPUT, state="visible", timeout=60_000)
    deadline = time.perf_counter() + _ANSWERS_WITHIN_S
    asked = 0
    while time.perf_counter() < deadline:
        asked += 1
        _ask(page)
        if _has_citation(page):
            return asked
    raise RuntimeError("no answer had a citation")


def _ask(page: "Page") -> None:
    page.locator(CHAT_INPUT).fill(_QUESTION)
    page.keyboard.press("Enter")


def _disk_bytes(directory: Path) -> int:
    """What a directory takes with all below it, in whole blocks, as `du` counts."""
    files = (file for file in directory.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_blocks * _BLOCK_BYTES for file in files)


def _has_citation(page: "Page") -> bool:
    from playwright.sync_api import TimeoutError as NotInTime

    try:
        page.locator(".chip").first.wait_for(timeout=_ASK_AGAIN_MS)
    except NotInTime:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
