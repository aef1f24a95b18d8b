"""How long a backup takes, whether answers notice it, and how long it takes to restore it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from assistant.access import LOCAL_USER, scope_of
from assistant.bootstrap import Citewell
from assistant.settings import environment
from benchmarks.app import ROOT
from benchmarks.bench import Bench
from benchmarks.corpus import Corpus
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of


def measure(bench: Bench) -> Iterator[Row]:
    """The app is open and is asked all the time."""
    chunks = 400 if bench.quick else 100_000
    with bench.synthetic(chunks) as (citewell, corpus), tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        archive = Path(directory) / "backup"
        alone = _searches(citewell, corpus, seconds=1 if bench.quick else 15)
        command = [sys.executable, "-m", "assistant", "backup", str(archive), "--home", str(citewell.home.path)]
        started = time.monotonic()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), **quiet)
        beside = _searches(citewell, corpus, process=process)
        seconds = time.monotonic() - started
        assert process.returncode == 0, f"backup ended with {process.returncode}"
        what = f"{chunks:,} passages"
        yield Row(
            f"backup of {what}, read through, searches going on", seconds, "s", Target(60), f"{len(beside)} searches"
        )
        yield Row(f"the archive of {what}", archive.stat().st_size / 1e6, "MB")
        yield Row("search alone: p95", latency_of(alone).p95, "ms")
        yield Row("search while the backup is made: p95", latency_of(beside).p95, "ms")
        yield Row(f"restoring {what}, indexes not yet built", _restoring(archive, Path(directory)), "s")


def _searches(
    citewell: Citewell, corpus: Corpus, *, seconds: float = 0, process: "subprocess.Popen[bytes] | None" = None
) -> list[float]:
    """Milliseconds of one search after the other, for so long or until the process has ended."""
    scope, until, taken = scope_of(LOCAL_USER, citewell.library), time.monotonic() + seconds, []
    while (process.poll() is None) if process else (time.monotonic() < until):
        question = corpus.questions[len(taken) % len(corpus.questions)]
        taken.append(elapsed_ms(lambda: citewell.search.passages(question, scope=scope)))  # noqa: B023
        time.sleep(0.02)
    return taken


def _restoring(archive: Path, directory: Path) -> float:
    command = [sys.executable, "-m", "assistant", "restore", str(archive), "--home", str(directory / "restored")]
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    return time.monotonic() - started
