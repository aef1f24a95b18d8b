"""A whole assistant with real parts: a library on disk, the local embedding; a model is put beside it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from assistant.conversations import Conversations
from assistant.turn import Assistant
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from tests.assistant.turns import DOCUMENTS, dated
from tests.conftest import Shelf, open_shelf
from tests.homes import new_home


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    """Four documents that agree, and two dated ones that do not."""
    shelf = open_shelf(tmp_path_factory.mktemp("turn"), embedder)
    shelf.add("company", **DOCUMENTS)
    travel = shelf.library.create_collection("travel").id
    shelf.intake.add_parsed(
        travel,
        [
            dated("Travel policy 2024", "The daily meal allowance is 40 euros for every travelling day.", 2024),
            dated("Travel policy 2026", "The daily meal allowance is 55 euros for every travelling day.", 2026),
        ],
    )
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


@pytest.fixture
def conversations(stocked: Shelf) -> Iterator[Conversations]:
    """What is stored beside the documents, in the same database."""
    engine = open_database(f"sqlite:///{stocked.directory / 'library.sqlite'}")
    yield Conversations(engine)
    engine.dispose()


@pytest.fixture
def assistant(stocked: Shelf, conversations: Conversations, embedder: Embedder) -> Assistant:
    """Without a model."""
    retriever = CitewellRetriever(engine=stocked.search, catalogue=stocked.catalogue, limit=8)
    return Assistant(stocked.library, retriever, conversations, embedder, None, 200, today=lambda: date(2026, 11, 3))


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """The directory of a home in which nothing has been kept yet."""
    return new_home(tmp_path / "home")
