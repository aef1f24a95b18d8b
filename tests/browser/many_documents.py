"""Ten thousand documents in a home, written straight into its database: what a library looks like after some years."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from retrieval.library import Failure, FileFacts, NewDocument
from retrieval.values import Chunk, ParsedDocument, Section

SEED = 20260403
KINDS = (
    ("Calibration report", "PDF", ".pdf"),
    ("Minutes of the works meeting", "DOCX", ".docx"),
    ("Service bulletin", "Markdown", ".md"),
    ("Delivery note", "PDF", ".pdf"),
    ("Training slides", "PPTX", ".pptx"),
    ("Spare parts", "XLSX", ".xlsx"),
)
_WORDS = [
    "The",
    "instrument",
    "was",
    "checked",
    "against",
    "the",
    "reference",
    "and",
    "found",
    "within",
    "its",
    "tolerance",
    "at",
    "every",
    "depth.",
]


def add_many_documents(home: Settings, count: int, *, collection: str) -> None:
    """Store that many small documents, with a few files that could not be read in."""
    citewell = open_citewell(home)
    try:
        assert citewell.embedder is not None
        collection_id = citewell.library.create_collection(collection).id
        citewell.library.change_collection(collection_id, description="Everything since 2009, as it was filed.")
        for new in many_documents(count, citewell.embedder.name, citewell.embedder.dimension):
            citewell.library.add(collection_id, new)
        for number in range(3):
            reason = (
                f"scan-{number}.pdf has no text, only pictures of pages; install tesseract, or add a version with text."
            )
            facts = FileFacts(f"{number:064x}", "PDF", 480_000)
            citewell.library.record_failures(collection_id, [Failure(f"archive/scan-{number}.pdf", facts, reason)])
    finally:
        citewell.close()


def many_documents(count: int, model: str, dimension: int) -> Iterator[NewDocument]:
    """The documents, the same every time; their vectors point anywhere."""
    random = np.random.default_rng(SEED)
    for number in range(count):
        kind, name, ending = KINDS[number % len(KINDS)]
        text = " ".join(random.permutation(_WORDS))
        yield NewDocument(
            f"archive/{kind.split()[0].lower()}-{number:05}{ending}",
            FileFacts(f"{number:064x}", name, 2_000 + int(random.integers(900_000))),
            ParsedDocument(
                f"{kind} {number:,}",
                text,
                (Section((), 0, len(text)),),
                page_starts=(0,) if name in {"PDF", "PPTX"} else (),
                dated=date(2009, 1, 5) + timedelta(days=number // 2),
                format=name,
            ),
            (Chunk(0, len(text), text, (), 1 if name in {"PDF", "PPTX"} else None),),
            _unit_vector(random, dimension),
            model,
            "en",
        )


def _unit_vector(random: np.random.Generator, dimension: int) -> NDArray[np.float32]:
    vector = random.standard_normal((1, dimension))
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
