"""The API's description: what OpenAPI says one is, kept beside the docs, and what answers look like."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from api import shapes
from api.app import build_routes, description
from tests.api.conftest import OURS, Served

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def described(api: Served) -> dict[str, Any]:
    told: dict[str, Any] = api.program().call("GET", "/openapi.json").json()
    return told


def test_it_is_what_openapi_says_a_description_is(described: dict[str, Any]) -> None:
    validate(described)
    assert described["openapi"].startswith("3.1")


def test_it_is_for_whoever_has_a_key(api: Served) -> None:
    assert api.program(None).call("GET", "/openapi.json").status_code == 401


def test_the_copy_beside_the_docs_is_fresh(described: dict[str, Any]) -> None:
    """Made anew by docs/make_openapi.py."""
    kept = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    assert kept == described


def test_every_call_says_what_it_takes_and_gives_needs_a_key_and_tells_problems_as_such(
    described: dict[str, Any],
) -> None:
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["description"]
            assert operation["security"] == [{"api_key": []}]
            for status, response in operation["responses"].items():
                wanted = "application/json" if status.startswith("2") else "application/problem+json"
                assert wanted in response["content"]


@pytest.mark.parametrize(
    ("shape", "path", "body"),
    [
        (shapes.Answered, "/ask", {"question": f"When does the {OURS} desk open?"}),
        (shapes.Answered, "/ask", {"question": "Who won the chess championship of 1912?"}),
        (shapes.Answered, "/ask", {"question": "How many documents are there?"}),
        (shapes.Found, "/search", {"text": f"the {OURS} desk", "history": [{"role": "user", "text": "x"}]}),
        (shapes.Found, "/search", {"text": "x", "filters": {"title": "nothing of the kind"}}),
        (shapes.Checked, "/check", {"text": f"The {OURS} desk opens at ten. Its deputy is Ada {OURS}."}),
    ],
)
def test_answers_are_as_described_to_the_last_field(api: Served, shape: Any, path: str, body: dict[str, Any]) -> None:
    response = api.program().post(path, body)
    assert response.status_code == 200
    assert shape.model_validate_json(response.text, strict=True)


def test_a_description_needs_no_open_home() -> None:
    assert description(build_routes())["paths"]
