"""A hundred people at once, and a thousand one after the other: what `benchmarks.load` measures, as faults."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.load import CROWD, FORGOTTEN_S, QUICK_CROWD, crowd_rows, staged, visits_rows
from benchmarks.report import Row

Outcome = tuple[int, str, tuple[str, ...]]


def crowd(directory: Path, *, is_quick: bool) -> Outcome:
    """No error, and the first page in time; at a small count figures of time say nothing, and are not judged."""
    plan = QUICK_CROWD if is_quick else CROWD
    with staged(directory, quick=is_quick) as stage:
        rows = tuple(crowd_rows("page", stage.processes, stage.person, plan))
    return plan.people, _said(rows), tuple(_missed(rows, errors_alone=is_quick))


def visits(directory: Path, *, is_quick: bool) -> Outcome:
    """No error, and little memory left behind."""
    count = 5 if is_quick else 1_000
    with staged(directory, quick=is_quick, is_instant=True) as stage:
        rows = tuple(
            visits_rows(stage, warm_up=3 if is_quick else 200, visits=count, forgotten_s=2 if is_quick else FORGOTTEN_S)
        )
    return count, _said(rows), tuple(_missed(rows, errors_alone=is_quick))


def _said(rows: tuple[Row, ...]) -> str:
    return "; ".join(
        f"{row.what.split(': ', 1)[-1]} {row.figure:.3g} {row.unit}".strip() for row in rows if row.figure is not None
    )


def _missed(rows: tuple[Row, ...], *, errors_alone: bool) -> Iterator[str]:
    for row in rows:
        if row.is_met is False and (row.what.endswith("errors") or not errors_alone):
            yield f"{row.what}: {row.figure:.3g} {row.unit}, {row.note}"
