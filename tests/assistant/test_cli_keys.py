"""API keys on the command line."""

from pathlib import Path

import pytest

from tests.assistant.canaries import files_with
from tests.assistant.test_cli import citewell


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_a_key_is_made_shown_once_listed_without_itself_and_revoked(home: Path) -> None:
    made = citewell(home, "keys", "create", "Nightly", "--scope", "ask", "--scope", "search", "--json").json
    assert made["key"].startswith(made["hint"])
    assert made["scopes"] == ["ask", "search"]
    listed = citewell(home, "keys", "list", "--json")
    assert [key["id"] for key in listed.json["keys"]] == [made["id"]]
    assert made["key"] not in listed.out
    assert "Nightly" in citewell(home, "keys", "list").out
    assert files_with(home, made["key"]) == []
    assert citewell(home, "keys", "revoke", str(made["id"]), "--json").json == {"revoked": made["id"]}
    assert citewell(home, "keys", "list", "--json").json == {"keys": []}
    actions = [entry["action"] for entry in citewell(home, "audit", "--json").json["entries"]]
    assert actions[:2] == ["API key revoked", "API key made"]


def test_a_program_is_made_once_and_given_keys_where_people_sign_in(home: Path) -> None:
    signing_in = {"CITEWELL_SIGN_IN": "oidc"}
    for _ in range(2):
        made = citewell(home, "keys", "create", "Sync", "--scope", "search", "--service", "CRM", **signing_in)
        assert made.out.startswith("cwk_")
    people = citewell(home, "admin", "people", "--json").json["people"]
    assert [(each["issuer"], each["name"], each["role"]) for each in people] == [("service", "CRM", "member")]
    assert citewell(home, "keys", "create", "Mine", "--scope", "ask", **signing_in).is_one_sentence()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "x", "--scope", "everything"), 2),
        (("create", "x", "--scope", "ask", "--service", "New", "--role", "admin"), 2),
        (("create", "x", "--scope", "ask", "--days", "0"), 1),
        (("create", " ", "--scope", "ask"), 1),
        (("revoke", "999"), 1),
    ],
)
def test_what_cannot_be_ends_in_one_sentence(home: Path, arguments: tuple[str, ...], code: int) -> None:
    done = citewell(home, "keys", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.strip().endswith(".")
