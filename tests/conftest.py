"""What tests share: the real embedding, loaded once, and a library in a temporary directory."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval.catalogue import Catalogue
from retrieval.database import open_database
from retrieval.embedding import Embedder, load_embedder
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.search import Search
from retrieval.values import ParsedDocument, Scope, Section
from retrieval.vectors import VectorIndex
from tests import homes, warm
from tests.postgres import database, postgres, shared_database
from tests.security import threats
from tests.security.threats import pytest_configure, pytest_terminal_summary
from tests.sharing import sharing, sharing_of_module, vectors_apart

__all__ = [
    "database",
    "postgres",
    "pytest_configure",
    "pytest_terminal_summary",
    "shared_database",
    "sharing",
    "sharing_of_module",
    "vectors_apart",
]
"""What pytest finds here: databases of every kind, and the report of threats."""

LONGEST_FIRST = (
    "test_benchmarks",
    "test_kills",
    "test_owner_filters",
    "test_accessibility",
    "test_rendering",
    "test_chat",
    "test_messages",
    "test_keyboard",
    "test_cli",
    "test_worker",
)
"""The files that take most of the time: none is to begin when the other processes have done all else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test says of a threat goes with it; the longest files come first."""
    threats.pytest_collection_modifyitems(items)
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return LONGEST_FIRST.index(item.path.stem) if item.path.stem in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half a surrogate pair in what a test printed or logged cannot be sent from one process to the other."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report


@pytest.fixture(scope="session", autouse=True)
def shared_by_all(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """What all processes of a run make once has its place; what starts commands ends with the tests."""
    homes.share(homes.common_to_all(tmp_path_factory, worker_id) / "made-once")
    yield
    warm.end()


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The product's own local embedding."""
    return load_embedder("local", homes.computed())


def document(text: str, *, title: str = "A title") -> ParsedDocument:
    """A plain document of one section."""
    return ParsedDocument(title, text, (Section((), 0, len(text)),))


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library with its indexes, its intake and its search."""

    directory: Path
    library: Library
    catalogue: Catalogue
    indexes: Indexes
    intake: Intake
    search: Search

    def add(self, collection: str, **documents: str) -> Scope:
        """Store documents given as name=text; returns the scope of their collection."""
        collection_id = self.library.create_collection(collection).id
        self.intake.add_parsed(collection_id, [(name, document(text, title=name)) for name, text in documents.items()])
        return frozenset({collection_id})


def open_shelf(directory: Path, embedder: Embedder | None, address: str | None = None) -> Shelf:
    """Opens the library at a directory, as bootstrap does; its database is SQLite's where no other is named."""
    engine = open_database(address or f"sqlite:///{directory / 'library.sqlite'}")
    library = Library(engine)
    dense = embedder and VectorIndex(directory / "dense", model=embedder.name, dimension=embedder.dimension)
    indexes = Indexes(LexicalIndex(directory / "lexical"), dense, library, directory)
    return Shelf(
        directory,
        library,
        Catalogue(engine),
        indexes,
        Intake(library, indexes, embedder),
        Search(library, indexes, embedder),
    )


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder) -> Iterator[Shelf]:
    """An empty library with both indexes."""
    yield from opened_shelf(tmp_path, embedder)


def opened_shelf(directory: Path, embedder: Embedder, address: str | None = None) -> Iterator[Shelf]:
    """A shelf for as long as a test takes."""
    opened = open_shelf(directory, embedder, address)
    yield opened
    opened.indexes.close()
    opened.library.close()
