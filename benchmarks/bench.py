"""What the subjects share: how large to measure, and synthetic homes that are made once in a run."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.access import LOCAL_USER, scope_of
from assistant.bootstrap import Citewell, open_citewell
from assistant.settings import Settings
from benchmarks.corpus import SEED, Corpus, make_corpus, store_corpus
from retrieval.embedding import Embedder

log = logging.getLogger(__name__)
COLLECTION = "Synthetic"


@dataclass(frozen=True, slots=True)
class Bench:
    """One run. `directory` holds what it makes; `quick` asks for sizes that prove the code, not the product."""

    directory: Path
    quick: bool = False
    _corpora: dict[int, Corpus] = field(default_factory=dict)

    @contextmanager
    def synthetic(
        self, chunks: int, *, collections: int = 1, base_url: str | None = None
    ) -> Iterator[tuple[Citewell, Corpus]]:
        """A home of that many synthetic chunks, open, with its questions; made where it is not there yet."""
        home = self.directory / f"synthetic-{SEED}-{chunks}-{collections}"
        with opened(home, base_url=base_url) as citewell:
            corpus = self._corpora.get(chunks) or make_corpus(chunks, embedder_of(citewell))
            self._corpora[chunks] = corpus
            if not (home / "complete").exists():
                _fill(citewell, corpus, collections)
                (home / "complete").touch()
            citewell.search.passages(corpus.questions[0], scope=scope_of(LOCAL_USER, citewell.library))
            citewell.background.wait()  # What the first search begins to read into memory is there.
            yield citewell, corpus


@contextmanager
def opened(home: Path, *, base_url: str | None = None) -> Iterator[Citewell]:
    """A home without the sample company, with the model at `base_url` or none."""
    settings = Settings.read(home=home, sample=False)
    model = "benchmark" if base_url else None
    citewell = open_citewell(
        settings.model_copy(update={"openai_base_url": base_url, "openai_api_key": None, "model": model})
    )
    try:
        yield citewell
    finally:
        citewell.close()


def embedder_of(citewell: Citewell) -> Embedder:
    """The local embedding, without which nothing here means anything."""
    if citewell.embedder is None:
        raise RuntimeError(citewell.notice)
    return citewell.embedder


def _fill(citewell: Citewell, corpus: Corpus, collections: int) -> None:
    log.info("Storing %d synthetic chunks ...", corpus.chunks)
    names = (COLLECTION, *(f"{COLLECTION} {number}" for number in range(2, collections + 1)))
    ids = store_corpus(corpus, citewell.library, collections=names)
    log.info("Indexing them ...")
    for collection_id in ids:
        citewell.indexes.catch_up(collection_id)
