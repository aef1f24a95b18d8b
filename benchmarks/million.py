"""`python -m benchmarks.million`: search among a million chunks; stores `benchmarks/results/million.*`.

Apart from the other subjects: storing and indexing take most of an hour and 10 GB of disk. `--keep DIR` keeps
the home, and a later run uses it again.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.plain_chroma import PASSAGES
from benchmarks.report import RESULTS, Report, Row, Target, library_versions, machine_facts, now
from benchmarks.timing import elapsed_ms, latency_of

_CHUNKS = 1_000_000
_WARM_UP, _QUESTIONS = 50, 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description="Search among a million chunks.")
    parser.add_argument("--chunks", type=int, default=_CHUNKS, help="another size; then nothing is stored")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the home here, and use it again")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    began, machine, clock = now(), machine_facts(), time.monotonic()
    with nullcontext(given.keep) if given.keep else tempfile.TemporaryDirectory(prefix="citewell-bench-") as directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        rows = tuple(measure(Bench(Path(directory)), given.chunks))
    report = Report("make bench-million", began, time.monotonic() - clock, False, machine, library_versions(), rows)
    print(report.as_markdown())
    if given.chunks == _CHUNKS:
        report.store(RESULTS, "million")
    return 0


def measure(bench: Bench, chunks: int) -> Iterator[Row]:
    """Every question once, after a few to warm up."""
    with bench.synthetic(chunks) as (citewell, corpus):
        scope = frozenset(collection.id for collection in citewell.library.collections())
        questions = corpus.questions[: _WARM_UP + _QUESTIONS]
        search = partial(citewell.search.passages, scope=scope, limit=PASSAGES)
        taken = [elapsed_ms(partial(search, question)) for question in questions][_WARM_UP:]
        found = [citewell.search.passages(question, scope=scope).passages for question in questions[:_WARM_UP]]
    latency = latency_of(taken)
    assert all(found), "every question has an answer in the corpus"
    note = f"{latency.count} questions, {PASSAGES} passages each, their embedding included"
    yield Row(f"search p50, {chunks:,} chunks", latency.p50, "ms", Target(15), note)
    yield Row(f"search p95, {chunks:,} chunks", latency.p95, "ms")


if __name__ == "__main__":
    sys.exit(main())
