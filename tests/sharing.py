"""A home by itself, and one that shares database, vectors and files with others, for tests that hold with both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chroma_server import ChromaServer, chroma_server
from tests.postgres import KINDS, new_database


@pytest.fixture(scope="session")
def vectors_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """Chroma's own server; collections have ids that are chance, so that any number of homes may use it."""
    with chroma_server(tmp_path_factory.mktemp("vectors") / "chroma") as server:
        yield server


@pytest.fixture(params=KINDS)
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The settings of a new home's database, vectors and files: none for one by itself."""
    yield from _settings(request, tmp_path)


@pytest.fixture(scope="module", params=KINDS)
def sharing_of_module(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The same for all tests of a module."""
    yield from _settings(request, tmp_path_factory.mktemp("sharing"))


def _settings(request: pytest.FixtureRequest, directory: Path) -> Iterator[dict[str, Any]]:
    if request.param == "sqlite":
        yield {}
        return
    server: ChromaServer = request.getfixturevalue("vectors_apart")
    with new_database(request.param, directory, request) as address:
        yield {"database_url": address, "chroma_url": server.url, "files": directory / "files"}
