"""How fast documents are read in, beside embedding the same chunks and doing nothing else.

In two rounds: first read in and then embedded, then the other way round, so that drift meets both alike.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.bootstrap import EXAMPLES, Citewell
from benchmarks.bench import Bench, embedder_of, opened
from benchmarks.folder import write_folder
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms
from retrieval.chunking import chunk_document
from retrieval.context import indexed_text
from retrieval.errors import ParseError
from retrieval.parsing import parse_bytes
from retrieval.tokens import count_tokens

_ROUNDS = 2
_FILES_A_ROUND = 80
"""About 2,900 chunks, which take most of a minute to embed on two cores."""


@dataclass(frozen=True, slots=True)
class _Round:
    chunks: int
    reading_ms: float
    embedding_ms: float


def measure(bench: Bench) -> Iterator[Row]:
    """Rows for all rounds together; the sample company is in the first."""
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory, opened(Path(directory) / "home") as citewell:
        folders = _folders(Path(directory), files=1 if bench.quick else None)
        rounds = [_measured(citewell, folders, number) for number, folders in enumerate(folders)]
    chunks = sum(r.chunks for r in rounds)
    reading_s, embedding_s = (sum(r.reading_ms for r in rounds) / 1000, sum(r.embedding_ms for r in rounds) / 1000)
    yield Row("ingest", chunks / reading_s, "chunks/s", note=f"{chunks:,} chunks of real files in {reading_s:.0f} s")
    yield Row("raw embedding of the same chunks", chunks / embedding_s, "chunks/s")
    each = ", ".join(f"{100 * r.embedding_ms / r.reading_ms:.0f}" for r in rounds)
    yield Row(
        "ingest ÷ raw embedding", 100 * embedding_s / reading_s, "%", Target(90, at_least=True), f"in each round {each}"
    )


def _folders(directory: Path, *, files: int | None) -> tuple[tuple[Path, ...], ...]:
    """What each round reads."""
    count = files or _FILES_A_ROUND
    written = tuple(directory / f"round-{number}" for number in range(_ROUNDS))
    for number, folder in enumerate(written):
        write_folder(folder, count, first=number * count)
    sample = EXAMPLES / "company" / ("releases" if files else "")
    return ((sample, written[0]), *((folder,) for folder in written[1:]))


def _measured(citewell: Citewell, folders: Sequence[Path], number: int) -> _Round:
    embedder, texts = embedder_of(citewell), tuple(_texts(folders))

    def read() -> None:
        report = citewell.intake.read_paths(folders, collection=f"Round {number}")
        assert report.chunks == len(texts), "reading in must make the chunks that are embedded beside it"

    def embed() -> None:
        embedder.embed_documents(texts)

    if number % 2:
        embedding_ms, reading_ms = elapsed_ms(embed), elapsed_ms(read)
    else:
        reading_ms, embedding_ms = elapsed_ms(read), elapsed_ms(embed)
    return _Round(len(texts), reading_ms, embedding_ms)


def _texts(folders: Sequence[Path]) -> Iterator[str]:
    """What is embedded of these folders, taken apart as reading in does."""
    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        try:
            document = parse_bytes(path.read_bytes(), path.name)
        except ParseError:
            continue
        for chunk in chunk_document(document, count_tokens=count_tokens):
            words = indexed_text(chunk.text, title=document.title, heading=chunk.heading, markup=document.markup)
            yield words.embedded
