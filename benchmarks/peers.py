"""`python -m benchmarks.peers SETS_DIR`: the default pipelines of other projects beside Citewell, in one run.

SETS_DIR holds sets in the layouts that `citewell eval` reads, in `spans/NAME` and `retrieval/NAME`. Each
pipeline has a process of its own, cuts, embeds and stores the documents of a set, and is asked its questions:

- Quality at an equal budget: of what was ranked first, the first 800 tokens (cl100k) of document text, the last
  passage cut where it crosses that; recall is the share of the answering characters. On ranked sets a document
  scores by its best piece.
- Ingest is the time from the text in memory to the last piece stored; every text is embedded, none remembered.
- Latency is that of one question, from its text to as many passages as the pipeline retrieves by default.
- Memory is the process's peak resident memory: the interpreter, the embedding and the set are in all of them.

`peer_pipelines.py` says where the defaults were read. A whole run stores `benchmarks/results/peers.json` and
`peers.md`; a run with `--limit` stores nothing unless `--out` says where.
"""

import argparse
import logging
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from benchmarks.peer_pipelines import PEERS, PeerIndex
from benchmarks.report import RESULTS, Report, Row, library_versions, machine_facts, now
from benchmarks.timing import Latency, elapsed_ms, latency_of
from retrieval.embedding import Embedder, load_embedder
from retrieval.evaluation.datasets import RetrievalSet, read_retrieval_set
from retrieval.evaluation.measures import Difference, Measured, measure_ranking
from retrieval.evaluation.spans import Piece, SpanSet, measure_overlaps, read_span_set
from retrieval.evaluation.workbench import Workbench, workbench
from retrieval.tokens import count_tokens, truncate_tokens
from retrieval.values import ParsedDocument

log = logging.getLogger("benchmarks")
CITEWELL = "Citewell"
PIPELINES = (*(peer.name for peer in PEERS), CITEWELL)
TOKENS = 800
PASSAGES = 8
"""How many passages Citewell retrieves by default."""
_DEPTH = 100
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_RECALL = f"recall@{TOKENS} tokens"


class Pipeline(Protocol):
    """A collection of documents that can be asked."""

    @property
    def pieces(self) -> int:
        """How many pieces are stored."""
        ...

    def retrieve(self, question: str, limit: int) -> tuple[Piece, ...]:
        """The best passages, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What one pipeline reached on one set."""

    pipeline: str
    measured: Measured
    pieces: int
    ingest_s: float
    latency: Latency
    peak_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every pipeline on every set; 0 when all could be measured."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    folders = [folder for kind in ("spans", "retrieval") for folder in sorted((given.sets / kind).glob("*/"))]
    if not folders:
        print(f"{given.sets}: there is neither spans/NAME nor retrieval/NAME in it.", file=sys.stderr)
        return 2
    began, machine, clock = now(), machine_facts(), time.monotonic()
    found = {folder: tuple(_measured_apart(folder, given.limit)) for folder in folders}
    report = Report(
        "make bench-peers",
        began,
        time.monotonic() - clock,
        False,
        machine,
        library_versions(),
        tuple(row for folder, results in found.items() for row in rows(folder.name, results)),
    )
    text = as_markdown(report, {folder.name: results for folder, results in found.items()}, given.limit)
    print(text)
    if out := given.out or (RESULTS if given.limit is None else None):
        report.store(out, "peers")
        (out / "peers.md").write_text(text, "utf-8")
        log.info("Stored in %s.", out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="Measure Citewell beside others.")
    parser.add_argument("sets", type=Path, metavar="SETS_DIR", help="holds spans/NAME and retrieval/NAME")
    parser.add_argument("--limit", type=int, metavar="N", help="ask the first N questions of each set only")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to store the tables")
    return parser


def _measured_apart(folder: Path, limit: int | None) -> Iterator[Found]:
    """Each pipeline in a process of its own, so that memory is its own too."""
    with tempfile.TemporaryDirectory(prefix="citewell-peers-") as directory:
        _in_child(_build_embedding, Path(directory))
        for name in PIPELINES:
            log.info("%s: %s ...", folder.name, name)
            found = _in_child(_measure_in_child, name, folder, Path(directory), limit)
            log.info("%s, ingest %.1f s", found.measured.means, found.ingest_s)
            yield found


def _in_child(work: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(work, *args, **kwargs).result()


def _build_embedding(directory: Path) -> None:
    """Once for all pipelines, or the first would be charged with it."""
    load_embedder("local", directory)


def _measure_in_child(name: str, folder: Path, directory: Path, limit: int | None) -> Found:
    embedder = load_embedder("local", directory)
    measured = (measure_spans if folder.parent.name == "spans" else measure_documents)(
        name, folder, embedder=embedder, directory=directory, limit=limit
    )
    return replace(measured, peak_mb=_peak_mb())


def measure_spans(name: str, folder: Path, *, embedder: Embedder, directory: Path, limit: int | None) -> Found:
    """Recall, precision and IoU within the budget, and with as much as the pipeline retrieves by default."""
    data = read_span_set(folder)
    questions = data.questions[:limit]
    with opened(name, data, embedder, directory) as (pipeline, ingest_s):
        ranked = [pipeline.retrieve(question.text, _DEPTH) for question in questions]
        latency, given = _asked(pipeline, name, [question.text for question in questions])
    equal = measure_overlaps([within(pieces, TOKENS) for pieces in ranked], questions).values
    values = {
        _RECALL: equal["recall"],
        "precision": equal["precision"],
        "recall as shipped": measure_overlaps(given, questions).values["recall"],
        "tokens as shipped": [float(sum(count_tokens(piece.text) for piece in pieces)) for pieces in given],
    }
    return Found(name, Measured(values), pipeline.pieces, ingest_s, latency, 0.0)


def measure_documents(name: str, folder: Path, *, embedder: Embedder, directory: Path, limit: int | None) -> Found:
    """nDCG@10, recall@10 and MRR@10 of documents, each scoring by its best piece."""
    data = read_retrieval_set(folder)
    queries = dict(islice(data.queries.items(), limit))
    with opened(name, data, embedder, directory) as (pipeline, ingest_s):
        run = {query: _by_document(pipeline.retrieve(text, _DEPTH)) for query, text in queries.items()}
        latency, _ = _asked(pipeline, name, list(queries.values()))
    return Found(name, measure_ranking(run, data.qrels, queries), pipeline.pieces, ingest_s, latency, 0.0)


@contextmanager
def opened(
    name: str, data: SpanSet | RetrievalSet, embedder: Embedder, directory: Path
) -> Iterator[tuple[Pipeline, float]]:
    """The pipeline with the set's documents in it, and the seconds that took."""
    embedder.embed_query("warm up")
    started = time.perf_counter()
    if name == CITEWELL:
        with workbench(data.corpus, embedder) as bench:
            seconds = time.perf_counter() - started
            yield _Citewell(bench, len(bench.chunk_documents)), seconds
        return
    peer = next(peer for peer in PEERS if peer.name == name)
    are_files = isinstance(data, SpanSet)
    texts = {path: document.text if are_files else _titled(document) for path, document in data.corpus.items()}
    with tempfile.TemporaryDirectory(dir=directory) as store, closing(PeerIndex(peer, embedder, Path(store))) as index:
        index.add(texts, are_files=are_files)
        yield index, time.perf_counter() - started


def _titled(document: ParsedDocument) -> str:
    """Ranked sets have no files: the title is the beginning of the text, as BEIR gives it to every model."""
    return document.text if document.title in ("", document.text) else f"{document.title}\n\n{document.text}"


@dataclass(frozen=True, slots=True)
class _Citewell:
    bench: Workbench
    pieces: int

    def retrieve(self, question: str, limit: int) -> tuple[Piece, ...]:
        found = self.bench.search.passages(question, scope=self.bench.scope, limit=limit)
        return tuple(Piece(p.source.path, p.start, p.end, p.text) for p in found.passages)


def _asked(pipeline: Pipeline, name: str, questions: Sequence[str]) -> tuple[Latency, tuple[tuple[Piece, ...], ...]]:
    """Each question asked as the pipeline does by default: how long that takes and what comes back."""
    limit = next((peer.passages for peer in PEERS if peer.name == name), PASSAGES)
    given: list[tuple[Piece, ...]] = []

    def ask(question: str) -> None:
        given.append(pipeline.retrieve(question, limit))

    taken = [elapsed_ms(partial(ask, question)) for question in questions]
    return latency_of(taken), tuple(given)


def within(pieces: Iterable[Piece], tokens: int) -> tuple[Piece, ...]:
    """The pieces in rank order up to so many tokens of their text, the last one cut."""
    kept: list[Piece] = []
    for piece in pieces:
        text = truncate_tokens(piece.text, limit_tokens=tokens)
        if text:
            kept.append(Piece(piece.document, piece.start, piece.start + len(text), text))
        tokens -= count_tokens(piece.text)
        if tokens <= 0:
            break
    return tuple(kept)


def _by_document(pieces: Sequence[Piece]) -> dict[str, float]:
    """A document's score is that of its best piece; only the order counts."""
    return {piece.document: float(-rank) for rank, piece in reversed(list(enumerate(pieces)))}


def _peak_mb() -> float:
    """The peak of this process alone: `ru_maxrss` would begin with what its parent had."""
    status = Path("/proc/self/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def rows(name: str, results: Sequence[Found]) -> Iterator[Row]:
    """Every figure of a set, for programs."""
    for found in results:
        low, high = found.measured.interval
        for at, (measure, mean) in enumerate(found.measured.means.items()):
            note = f"95 % interval {low:.4f} to {high:.4f}" if at == 0 else ""
            yield Row(f"{name}, {found.pipeline}: {measure}", mean, "", note=note)
        yield Row(f"{name}, {found.pipeline}: pieces", found.pieces, "")
        yield Row(f"{name}, {found.pipeline}: ingest", found.ingest_s, "s")
        yield Row(
            f"{name}, {found.pipeline}: question p50", found.latency.p50, "ms", note=f"{found.latency.count} questions"
        )
        yield Row(f"{name}, {found.pipeline}: question p95", found.latency.p95, "ms")
        yield Row(f"{name}, {found.pipeline}: peak memory", found.peak_mb, "MB")


def as_markdown(report: Report, sets: Mapping[str, Sequence[Found]], limit: int | None) -> str:
    """A table for each set, a pipeline a row."""
    bound = f" The first {limit} questions of each set only (`--limit`)." if limit else ""
    lines = [*report.heading(), "", f"{_EXPLAINED}{bound}"]
    for name, results in sets.items():
        lines += ["", f"## {name}", "", f"{results[0].latency.count} questions.", "", *_table(results)]
    return "\n".join(lines) + "\n"


_EXPLAINED = (
    "Default pipelines rebuilt from document to passages with the same embedding (all-MiniLM-L6-v2); where their "
    "defaults were read stands in `benchmarks/peer_pipelines.py`, how it is measured in `benchmarks/peers.py`. "
    "LlamaIndex's splitter is rebuilt by its rule. Difference: from Citewell, question by question, with its 95 % "
    "bootstrap interval."
)


def _table(results: Sequence[Found]) -> list[str]:
    measures = list(results[0].measured.values)
    titles = [*measures, "difference", "pieces", "ingest", "question p50", "p95", "peak memory"]
    citewell = next(found for found in results if found.pipeline == CITEWELL)
    return [
        f"| pipeline | {' | '.join(titles)} |",
        f"|---|{'--:|' * len(titles)}",
        *(f"| {' | '.join(_cells(found, citewell))} |" for found in results),
    ]


def _cells(found: Found, citewell: Found) -> Iterator[str]:
    yield f"**{found.pipeline}**" if found is citewell else found.pipeline
    yield from (f"{mean:.4f}" if mean <= 1 else f"{mean:,.0f}" for mean in found.measured.means.values())
    yield "" if found is citewell else _difference(found.measured.minus(citewell.measured))
    yield f"{found.pieces:,}"
    yield f"{found.ingest_s:.1f} s"
    yield f"{found.latency.p50:.1f} ms"
    yield f"{found.latency.p95:.1f} ms"
    yield f"{found.peak_mb:,.0f} MB"


def _difference(difference: Difference) -> str:
    low, high = difference.interval
    return f"{difference.mean:+.4f} ({low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    sys.exit(main())
