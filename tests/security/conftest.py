"""What tests of access share."""

from collections.abc import Iterator

import pytest

from tests.security.world import World, opened_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home of two groups."""
    with opened_world(tmp_path_factory.mktemp("access") / "home") as opened:
        yield opened
