"""The API over a home of two groups, called as programs call it but without a server between."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.app import build_app
from assistant.operations import OPERATIONS, Reporter
from tests.conftest import document
from tests.security.world import World, opened_world

OURS, THEIRS = "Skerrivane", "Zebrafinch"
"""Words that stand in the documents of one group alone."""


@dataclass(slots=True)
class Program:
    """Calls the API with one key."""

    client: TestClient
    secret: str | None

    def call(self, method: str, path: str, **given: Any) -> Any:
        headers = {**({"Authorization": f"Bearer {self.secret}"} if self.secret else {}), **given.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **given)

    def post(self, path: str, body: Mapping[str, Any], **given: Any) -> Any:
        return self.call("POST", path, json=body, **given)


@dataclass(slots=True)
class Served:
    """The API and the world behind it."""

    world: World
    client: TestClient

    def program(self, who: str | None = "anna") -> Program:
        """Somebody's program with a new key for everything; without a name one without a key."""
        return Program(self.client, self.world.key(who).secret if who else None)

    def work_off(self) -> None:
        """Do what the worker would do."""
        citewell = self.world.citewell
        while (job := citewell.jobs.claim(OPERATIONS.keys())) is not None:
            citewell.jobs.finish(job.id, OPERATIONS[job.kind](citewell, job.work, Reporter()))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Anna reads about Skerrivane, Bela about Zebrafinch; the editor changes both."""
    with opened_world(tmp_path_factory.mktemp("api") / "home") as world:
        for collection_id, word in ((world.ours, OURS), (world.theirs, THEIRS)):
            text = f"# The {word} desk\n\nThe {word} desk opens at nine. Its deputy is Ada {word}. It closes at five."
            parsed = document(text, title=f"{word} desk")
            world.citewell.intake.add_parsed(collection_id, [(f"{word}.md", parsed)])
        app = Starlette(routes=[Mount("/api/v1", build_app(lambda: world.citewell))])
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            yield Served(world, client)
