"""`python -m benchmarks`: measure, print one table, store it.

A whole run stores `benchmarks/results/latest.json` and `latest.md`; a run with `--only` or `--quick` stores
nothing unless `--out` says where.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from benchmarks import (
    access,
    backup,
    gaps,
    ingest,
    insights,
    library,
    load,
    page,
    search,
    startup,
    stream,
    triage,
    turns,
)
from benchmarks.bench import Bench
from benchmarks.report import RESULTS, Report, Row, library_versions, machine_facts, now

log = logging.getLogger("benchmarks")
SUBJECTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "search": search.measure,
    "access": access.measure,
    "ingest": ingest.measure,
    "library": library.measure,
    "backup": backup.measure,
    "turns": turns.measure,
    "startup": startup.measure,
    "gaps": gaps.measure,
    "page": page.measure,
    "insights": insights.measure,
    "stream": stream.measure,
    "triage": triage.measure,
    "crowd": load.measure_crowds,
    "load": load.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when every subject was measured, 1 when one failed. Missed targets are no failure: they are shown."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    with _directory(given.keep) as directory:
        report, failed = run(Bench(Path(directory), given.quick), given.only or tuple(SUBJECTS))
    print(report.as_markdown())
    whole = not given.quick and not given.only and not failed
    if out := given.out or (RESULTS if whole else None):
        report.store(out, given.name)
        log.info("Stored in %s.", out)
    return 1 if failed else 0


def run(bench: Bench, names: Sequence[str]) -> tuple[Report, tuple[str, ...]]:
    """The report, and the names of the subjects that failed."""
    began, machine, clock = now(), machine_facts(), time.monotonic()
    rows: list[Row] = []
    failed: list[str] = []
    for name in names:
        log.info("Measuring %s ...", name)
        try:
            for row in SUBJECTS[name](bench):
                log.info("%s", row)
                rows.append(row)
        except Exception as error:
            log.exception("%s could not be measured", name)
            failed.append(name)
            rows.append(Row(name, None, "", note=f"could not be measured: {type(error).__name__}"))
    seconds = time.monotonic() - clock
    return Report("make bench", began, seconds, bench.quick, machine, library_versions(), tuple(rows)), tuple(failed)


def _directory(keep: Path | None) -> AbstractContextManager[str | Path]:
    if keep is None:
        return tempfile.TemporaryDirectory(prefix="citewell-bench-", ignore_cleanup_errors=True)
    keep.mkdir(parents=True, exist_ok=True)
    return nullcontext(keep)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Citewell on this machine.")
    parser.add_argument("--only", nargs="+", choices=tuple(SUBJECTS), metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="small sizes: proves the code, not the product")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the synthetic homes here, and use them again")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the table")
    parser.add_argument("--name", default="latest", help="under which name; by default `latest`")
    return parser


if __name__ == "__main__":
    sys.exit(main())
