"""What the suite proves of each threat: tests name the threat by a marker, and a run ends with a line for each.

`@pytest.mark.threat("T14", count=660)` says how many things one test tries (1 where it says nothing); a test that
counts for itself records it: `record_property("threat", ["T2", pairs])`. The browser's tests are a run of their own:
what the runs of a checkout have shown is kept with pytest's cache and added up; a run of everything begins anew.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

THREATS: Mapping[str, str] = {
    "T1": "another's conversation, by its id",
    "T2": "a document seen without access",
    "T3": "the same through caches, titles, exports, suggestions, logs",
    "T4": "access that was withdrawn, documents that were deleted",
    "T5": "one person's data in a cache of all",
    "T6": "a filter that fails open",
    "T7": "a value from outside that becomes a filter of the index",
    "T8": "names of files and of members of archives",
    "T9": "a file that is not its type",
    "T10": "archives that grow without end",
    "T11": "PDF that loops, bombs, or holds no text",
    "T12": "document types that read files or connect",
    "T13": "HTML in documents",
    "T14": "images and links that carry data out",
    "T15": "links that run",
    "T16": "formulas in saved tables",
    "T17": "orders in documents",
    "T18": "copies of one falsehood",
    "T19": "secrets in logs, errors and pages",
    "T20": "personal data sent to a model elsewhere",
    "T21": "input that is too large",
    "T22": "costs and rates",
    "T23": "pages and routes before the sign-in",
    "T24": "a role that nobody gave",
    "T25": "a disabled person, a cookie that was kept",
    "T26": "a sign-in or a session of somebody else's carried over",
    "T27": "other sites' pages, names and tokens",
    "T28": "data that become code",
    "T29": "statements and wildcards in words",
    "T30": "templates in data",
    "T31": "what was shared, after access was withdrawn",
    "T32": "connections to anywhere else",
    "T33": "certificates of the model's endpoint",
    "T34": "lines that a log was not told",
    "T35": "advisories about what is depended on",
}
_KEPT = "citewell/threats"
Shown = dict[str, dict[str, tuple[str, int]]]
"""Outcome and count, by threat and test."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "threat(name, count=1): which of the threats a test is about, and what it tries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a marker says goes with the report, also from one process to the other."""
    for item in items:
        for marker in item.iter_markers("threat"):
            (name,) = marker.args
            assert name in THREATS, f"{item.nodeid} names {name}, which is no threat"
            item.user_properties.append(("threat", [name, marker.kwargs.get("count", 0)]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A line for each threat: how many things were tried in how many tests, and what came of them."""
    own = _shown(report for reports in terminalreporter.stats.values() for report in reports)
    if not own:
        return
    shown = _with_earlier(own, config)
    terminalreporter.section("threats")
    for name, about in THREATS.items():
        terminalreporter.write_line(f"{name:>4}  {_line(shown.get(name, {}))}  {about}")


def _shown(reports: Iterator[Any]) -> Shown:
    shown: Shown = {}
    for report in reports:
        if not isinstance(report, pytest.TestReport) or (report.when != "call" and report.outcome == "passed"):
            continue
        counts: dict[str, int] = {}
        for key, value in report.user_properties:
            if key == "threat":
                counts[value[0]] = counts.get(value[0], 0) + value[1]
        for name, count in counts.items():
            shown.setdefault(name, {})[report.nodeid] = (report.outcome, count or 1)
    return shown


def _with_earlier(own: Shown, config: pytest.Config) -> Shown:
    """With what earlier runs of this checkout showed, unless this is the one of everything."""
    if not hasattr(config, "cache"):
        return own
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    earlier: Shown = {} if is_whole else config.cache.get(_KEPT, {})
    together = {name: earlier.get(name, {}) | own.get(name, {}) for name in THREATS}
    config.cache.set(_KEPT, together)
    return together


def _line(tests: Mapping[str, tuple[str, int]]) -> str:
    if not tests:
        return f"{'not run':>30}"
    outcomes = [outcome for outcome, _ in tests.values()]
    tried = sum(count for outcome, count in tests.values() if outcome != "skipped")
    told = ", ".join(f"{outcomes.count(one)} {one}" for one in ("passed", "failed", "skipped") if one in outcomes)
    return f"{tried:>7,} tried {told:>16}"
