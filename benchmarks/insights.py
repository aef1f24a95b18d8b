"""What it costs to record an event, and how long the insights page takes over a million of them.

A filter is changed by a click in the browser; the page has settled when nothing in it has changed for a while.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Engine, insert

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.insights.figures import Wanted
from assistant.insights.happened import Happened
from assistant.schema import events
from benchmarks.app import running_app
from benchmarks.bench import Bench, opened
from benchmarks.browser import NoBrowser, chromium
from benchmarks.page import CLICK, SETTLE_SCRIPT
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

_EVENTS, _DAYS, _COLLECTIONS, _PEOPLE, _GROUPS = 1_000_000, 365, 20, 500, 20
_AT_ONCE = 50_000
_RECORDED, _DRAWS, _CHANGES = 2_000, 5, 5
_SEED = 20
_AT_REST_MS = 1_500
_ENDS = ("answered", "answered", "answered", "partial", "refused")
_CHARTS = """() => [...document.querySelectorAll("[class*=st-key-insights_] *")].filter(
    (element) => element.shadowRoot?.querySelector(".plot .column")?.getBoundingClientRect().height > 0).length >= 4"""


def measure(bench: Bench) -> Iterator[Row]:
    """Recording, adding up, and the page in a browser."""
    count, home = (2_000 if bench.quick else _EVENTS), bench.directory / "insights-home"
    with opened(home) as citewell:
        if citewell.insights.counted_since() is None:
            fill(citewell, count)
        yield from _recording(citewell)
        yield from _adding_up(citewell, count)
    try:
        with running_app(home, sample=False) as app, chromium() as browser:
            app.wait_healthy()
            yield from _page(app.url, browser, count, times=1 if bench.quick else _DRAWS)
    except NoBrowser as problem:
        yield Row("insights page by its address in a new tab", None, "s", Target(1), f"not measured: {problem}")


def _recording(citewell: Citewell) -> Iterator[Row]:
    """What whoever tells of an event waits, and how long it is until it is stored."""
    happened = Happened("turn", LOCAL_USER.key, "answered", frozenset({"0" * 32}), total_ms=900)
    told = [elapsed_ms(lambda: citewell.recorder.record(happened)) for _ in range(_RECORDED)]
    stored = elapsed_ms(citewell.recorder.flush)
    took = latency_of(told)
    note = f"{took.count} events, longest {max(told):.2f} ms; all stored {stored:.0f} ms after the last one"
    yield Row("recording an event p95", took.p95, "ms", Target(2), note)


def _adding_up(citewell: Citewell, count: int) -> Iterator[Row]:
    insights, label = citewell.insights, f"{count:,} events"
    month = elapsed_ms(lambda: insights.figures(LOCAL_USER, Wanted(30))) / 1000
    yield Row(f"figures of 30 days with nothing in memory, {label}", month, "s", note="reads the month from SQL")
    whole = elapsed_ms(lambda: insights.figures(LOCAL_USER, Wanted(None))) / 1000
    yield Row(
        f"figures of all, read for the first time, {label}", whole, "s", note="once after a start, when asked for"
    )
    again = [elapsed_ms(lambda: insights.figures(LOCAL_USER, Wanted(None))) / 1000 for _ in range(_CHANGES)]
    yield Row(f"the same once more, {label}", median(again), "s", note=f"remembered; median of {_CHANGES}")


def _page(url: str, browser: "Browser", count: int, *, times: int) -> Iterator[Row]:
    label = f"{count:,} events"
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    took = [_from_the_address(context, url) for _ in range(times + 1)]
    note = (
        f"median of {times}, from the address to the fourth chart; {took[0]:.2f} s right after a start in a new browser"
    )
    yield Row(f"insights page by its address in a new tab, {label}", median(took[1:]), "s", Target(1), note)
    clicked = median(_from_the_sidebar(context, url) for _ in range(times))
    note = f"median of {times}, from the click to the fourth chart"
    yield Row(f"insights page by a click beside the chat, {label}", clicked, "s", Target(1), note)
    first, *changes = _from_the_filter(context, url, 2 * times)
    context.close()
    note = f"{len(changes)} changes of the period, longest {max(changes):.2f} s; {first:.2f} s when all is read for the first time"
    yield Row(f"insights page, a filter changed, {label}", median(changes), "s", Target(0.3), note)


def _from_the_address(context: "BrowserContext", url: str) -> float:
    """Seconds until the charts stand; most of them go by before Streamlit has asked for the page."""
    with closing(context.new_page()) as page:
        began = time.perf_counter()
        page.goto(f"{url}/insights", wait_until="commit")
        page.wait_for_function(_CHARTS, polling="raf")
        return time.perf_counter() - began


def _from_the_sidebar(context: "BrowserContext", url: str) -> float:
    with closing(context.new_page()) as page:
        page.goto(url)
        link = page.get_by_role("link", name="Insights")
        link.wait_for()
        page.wait_for_timeout(_AT_REST_MS)
        began = time.perf_counter()
        link.click()
        page.wait_for_function(_CHARTS, polling="raf")
        return time.perf_counter() - began


def _from_the_filter(context: "BrowserContext", url: str, times: int) -> list[float]:
    """Seconds until the page has settled, for each of so many changes of the period."""
    with closing(context.new_page()) as page:
        page.add_init_script(path=SETTLE_SCRIPT)
        page.goto(f"{url}/insights")
        page.wait_for_function(_CHARTS, polling="raf")
        settled: list[float] = []
        for at in range(times):
            name = ("All", "90 days", "7 days", "12 months")[at % 4]
            target: Any = page.get_by_role("radio", name=name, exact=True).element_handle()
            page.wait_for_timeout(500)
            settled.append(page.evaluate(CLICK, target) / 1000)
        return settled


def fill(citewell: Citewell, count: int) -> None:
    """A year of turns and opinions, in the order in which they happened."""
    chance, now = np.random.default_rng(_SEED), time.time()
    library = citewell.library
    ids = [one.id for one in library.collections()]
    ids = ids or [library.create_collection(f"Collection {n}").id for n in range(_COLLECTIONS)]
    at = np.sort(now - chance.random(count) * _DAYS * 86_400).astype(int).tolist()
    first = chance.lognormal(6, 0.5, count).astype(int).tolist()
    whole = chance.lognormal(7.5, 0.4, count).astype(int).tolist()
    pick = chance.integers(0, 1_000_000, count).tolist()
    engine: Engine = citewell.insights.engine
    for start in range(0, count, _AT_ONCE):
        part = range(start, min(start + _AT_ONCE, count))
        with engine.begin() as connection:
            connection.execute(insert(events), [_row(n, at[n], first[n], whole[n], pick[n], ids) for n in part])


def _row(n: int, at_s: int, first_ms: int, total_ms: int, pick: int, ids: list[str]) -> dict[str, Any]:
    person, is_opinion = pick % _PEOPLE, n % 10 == 9
    return {
        "at_s": at_s,
        "kind": "feedback" if is_opinion else "turn",
        "status": "done" if is_opinion else _ENDS[pick % len(_ENDS)],
        "owner": f"https://login|{person}",
        "groups": str(person % _GROUPS),
        "collections": ids[pick % len(ids)],
        "message_id": n - is_opinion,
        "first_ms": None if is_opinion else first_ms,
        "total_ms": None if is_opinion else first_ms + total_ms,
        "prompt_tokens": 0 if is_opinion else 1_500,
        "completion_tokens": 0 if is_opinion else 200,
        "cost": None if is_opinion else 0.004,
        "currency": "" if is_opinion else "EUR",
        "claims": 0 if is_opinion else 4,
        "supported": 0 if is_opinion else 4 - (pick % 7 == 0),
        "partly": 0,
        "contradicted": 0,
        "found": 0 if is_opinion else 5,
        "cited": 0 if is_opinion else 2,
        "is_helpful": pick % 4 != 0 if is_opinion else None,
    }
