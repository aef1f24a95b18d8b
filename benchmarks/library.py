"""What a library costs as it grows: adding to a full collection, following a folder, rebuilding, and memory."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from assistant.bootstrap import Citewell
from assistant.settings import environment
from benchmarks.app import ROOT
from benchmarks.bench import COLLECTION, Bench, opened
from benchmarks.corpus import Corpus
from benchmarks.folder import write_folder
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of
from retrieval.library import FileFacts, NewDocument
from retrieval.values import Chunk, ParsedDocument, Section

_LONG_AGO_NS = 1_700_000_000_000_000_000
_PAUSE_S = 0.02


def measure(bench: Bench) -> Iterator[Row]:
    """Rows of what the page and `citewell sync` rely on."""
    yield from _following(bench, files=200 if bench.quick else 10_000)
    yield from _memory(bench, files=10 if bench.quick else 1_000)
    chunks = 400 if bench.quick else 100_000
    with bench.synthetic(chunks) as (citewell, corpus):
        yield from _adding(bench, citewell, chunks)
        yield from _rebuilding(citewell, corpus, chunks)


def _following(bench: Bench, *, files: int) -> Iterator[Row]:
    """A sync that finds nothing to do."""
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory, opened(Path(directory) / "home") as citewell:
        folder = Path(directory) / "followed"
        collection_id = _known_folder(citewell, folder, files)

        def sync() -> None:
            report = citewell.intake.sync(collection_id, citewell.intake.plan(collection_id, folder))
            assert (report.unchanged, report.added, report.removed) == (files, 0, 0), report

        seconds = median(elapsed_ms(sync) / 1000 for _ in range(5))
    yield Row(f"sync of {files:,} unchanged files", seconds, "s", Target(2), "median of 5")


def _known_folder(citewell: Citewell, folder: Path, files: int) -> str:
    """Write small files and store them as read in before."""
    collection_id = citewell.library.create_collection("Followed").id
    for number in range(files):
        path = folder / f"{number % 100:02}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"This is rule {number}."
        path.write_text(text)
        os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
        facts = FileFacts(f"{number:064x}", "text", len(text), _LONG_AGO_NS, str(folder))
        parsed = ParsedDocument(path.stem, text, (Section((), 0, len(text)),))
        chunk = Chunk(0, len(text), text, (), None)
        name = path.relative_to(folder).as_posix()
        citewell.library.add(collection_id, NewDocument(name, facts, parsed, (chunk,), None, None))
    citewell.indexes.catch_up(collection_id)
    return collection_id


def _memory(bench: Bench, *, files: int) -> Iterator[Row]:
    """The most that `citewell ingest` and what it starts take at one time."""
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        folder = Path(directory) / "documents"
        write_folder(folder, files, sections=1)
        command = [sys.executable, "-m", "assistant", "ingest", str(folder), "--home", f"{directory}/home"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_PAUSE_S)
        assert process.returncode == 0, f"ingest ended with {process.returncode}"
    yield Row(
        f"peak memory while reading {files:,} documents",
        peak / 1e6,
        "MB",
        Target(1000),
        "with its children, what they share counted once",
    )


def _resident(pid: int) -> int:
    """Proportional: at the instant it is started, a child shares all of its parent's memory."""
    try:
        parent = psutil.Process(pid)
        return sum(process.memory_full_info().pss for process in (parent, *parent.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _adding(bench: Bench, citewell: Citewell, chunks: int) -> Iterator[Row]:
    """The same documents into an empty collection and into a full one, by turns."""
    files, rounds = (2, 1) if bench.quick else (20, 3)
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        empty, full = [], []
        for number in range(rounds):
            for into, times in ((f"Empty {number}", empty), (COLLECTION, full)):
                folder = Path(directory) / f"{into} {number}"
                write_folder(folder, files, first=10_000 + number * files + (5_000 if into == COLLECTION else 0))
                times.append(_added_ms(citewell, folder, into) / files)
            citewell.library.delete_collection(citewell.library.collection_named(f"Empty {number}").id)
    ratio = 100 * (median(full) / median(empty) - 1)
    note = f"{median(full):.0f} against {median(empty):.0f} ms a document, medians of {rounds}"
    yield Row(f"adding to {chunks:,} chunks, more than to none", ratio, "%", Target(20), note)


def _added_ms(citewell: Citewell, folder: Path, collection: str) -> float:
    ms = elapsed_ms(lambda: citewell.intake.read_paths([folder], collection=collection))
    collection_id = citewell.library.collection_named(collection).id
    names = [path.name for path in folder.iterdir()]
    citewell.library.remove_paths(collection_id, names)
    citewell.indexes.catch_up(collection_id)
    return ms


@dataclass(slots=True)
class _Searching:
    """A thread that searches by words as long as it is let."""

    citewell: Citewell
    questions: tuple[str, ...]
    over: threading.Event = field(default_factory=threading.Event)
    milliseconds: list[float] = field(default_factory=list)
    empty: int = 0

    def run(self) -> None:
        scope = frozenset({self.citewell.library.collection_named(COLLECTION).id})
        while not self.over.wait(_PAUSE_S):
            question = self.questions[len(self.milliseconds) % len(self.questions)]
            started = time.perf_counter()
            found = self.citewell.search.passages(question, scope=scope)
            self.milliseconds.append((time.perf_counter() - started) * 1000)
            self.empty += not found.passages


def _rebuilding(citewell: Citewell, corpus: Corpus, chunks: int) -> Iterator[Row]:
    """Both indexes built again from SQL, while searches go on."""
    collection_id = citewell.library.collection_named(COLLECTION).id
    searching = _Searching(citewell, corpus.questions[:200])
    thread = threading.Thread(target=searching.run, daemon=True)
    thread.start()
    seconds = elapsed_ms(lambda: citewell.indexes.rebuild(collection_id)) / 1000
    searching.over.set()
    thread.join()
    latency = latency_of(searching.milliseconds)
    note = f"meanwhile {len(searching.milliseconds):,} searches, {searching.empty} without an answer"
    yield Row(f"rebuild of {chunks:,} chunks from SQL", seconds, "s", Target(200), note)
    yield Row("search meanwhile p95", latency.p95, "ms", note="no embedding is computed again but the question's")
