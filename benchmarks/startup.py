"""How soon the app is there when it is started again, and what it then weighs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from assistant.bootstrap import EXAMPLES, SAMPLE_COLLECTION
from benchmarks.app import App, running_app
from benchmarks.bench import Bench, opened
from benchmarks.browser import CHAT_INPUT, NoBrowser, chromium
from benchmarks.report import Row, Target

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_STARTS = 6
_SETTLES_S = 2.0


@dataclass(frozen=True, slots=True)
class _Start:
    healthy_s: float
    drawn_s: float | None
    memory_bytes: int


def measure(bench: Bench) -> Iterator[Row]:
    """Rows for starts on a home that holds the sample company; medians."""
    home = bench.directory / "sample-home"
    sample_home(home, quick=bench.quick)
    starts = _starts(home, _STARTS)[1:] if not bench.quick else _starts(home, 1)
    memory = max(start.memory_bytes for start in starts)
    each = ", ".join(f"{start.healthy_s:.1f}" for start in starts)
    yield Row("second start → /healthz 200", median(s.healthy_s for s in starts), "s", Target(6), f"each {each}")
    drawn = [start.drawn_s for start in starts if start.drawn_s is not None]
    note = "" if drawn else "not measured: no Chromium"
    yield Row("second start → first page drawn in Chromium", median(drawn) if drawn else None, "s", Target(6), note)
    yield Row("idle memory with the sample company", memory / 1e6, "MB", Target(600), "resident, after a first page")


def sample_home(home: Path, *, quick: bool) -> None:
    """Make a home that holds the sample company, or a part of it, unless it is there."""
    with opened(home) as citewell:
        folder = EXAMPLES / "company" / ("hr" if quick else "")
        citewell.intake.read_paths([folder], collection=SAMPLE_COLLECTION)


def _starts(home: Path, count: int) -> list[_Start]:
    """The first of them fills the caches that a second one finds."""
    try:
        with chromium() as browser:
            return [_start(home, browser) for _ in range(count)]
    except NoBrowser:
        return [_start(home, None) for _ in range(count)]


def _start(home: Path, browser: "Browser | None") -> _Start:
    with running_app(home, sample=True) as app:
        healthy_s = app.wait_healthy()
        drawn_s = _drawn(app, browser) if browser else None
        time.sleep(_SETTLES_S)
        return _Start(healthy_s, drawn_s, app.memory_bytes())


def _drawn(app: App, browser: "Browser") -> float:
    """Seconds from the process's start until a browser that opens the page once it is healthy shows the input."""
    page = browser.new_page()
    try:
        page.goto(app.url)
        page.wait_for_selector(CHAT_INPUT, state="visible", timeout=60_000)
        return time.perf_counter() - app.began
    finally:
        page.close()
