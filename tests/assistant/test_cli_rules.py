"""House rules, contacts and styles on the command line."""

from pathlib import Path

import pytest

from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.test_cli import Done, citewell
from tests.homes import new_home

LEAVE = "# Leave policy\n\nEverybody has 30 days of paid leave a year. Unused days lapse on 31 March.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One document."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("files")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    assert citewell(home, "ingest", str(folder), "--collection", "People").code == 0
    return home


def set_rules(home: Path, text: str, folder: Path) -> Done:
    file = folder / "rules.txt"
    file.write_text(text, "utf-8")
    return citewell(home, "rules", "set", str(file), "--json")


def test_rules_are_set_shown_kept_and_restored(home, tmp_path):
    assert citewell(home, "rules", "show", "--json").json == {"rules": None}
    first = set_rules(home, "Say “colleague”.\n", tmp_path).json["rules"]
    assert first["text"] == "Say “colleague”."
    second = set_rules(home, "Name the form.", tmp_path).json["rules"]
    assert citewell(home, "rules", "show").out == "Name the form.\n"
    versions = citewell(home, "rules", "history", "--json").json["history"]
    assert [version["id"] for version in versions] == [second["id"], first["id"]]
    assert citewell(home, "rules", "restore", str(first["id"]), "--json").json["rules"]["text"] == "Say “colleague”."
    assert "Say “colleague”." in citewell(home, "rules", "history").out


def test_rules_that_cannot_be_read_or_are_too_long_end_in_one_sentence(home, tmp_path):
    assert citewell(home, "rules", "set", str(tmp_path / "none.txt")).is_one_sentence()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert citewell(home, "rules", "set", str(tmp_path / "binary")).is_one_sentence()
    assert set_rules(home, "x" * 4_001, tmp_path).code == 1
    assert citewell(home, "rules", "restore", "999").is_one_sentence()


def test_a_contact_is_named_where_the_documents_do_not_say(home):
    edited = citewell(home, "collections", "edit", "People", "--contact", "people@example.org", "--json")
    assert edited.json["contact"] == "people@example.org"
    asked = citewell(home, "ask", "Which volcano erupted on Iceland in 2010?", "--json").json
    assert asked["status"] == "unanswerable"
    assert asked["hand_over"]["contact"] == "people@example.org"
    assert asked["hand_over"]["address"].startswith("mailto:people@example.org?")
    assert "Which volcano erupted" in asked["hand_over"]["text"]
    spoken = citewell(home, "ask", "Which volcano erupted on Iceland in 2010?")
    assert "To ask a person: people@example.org" in spoken.err


def test_what_a_model_said_without_proof_is_taken_back_and_tokens_are_told_with_their_cost(home):
    with ScriptedEndpoint(
        [reply("Dogs may come to the office on Fridays. Every dog wears a blue collar.")]
    ) as endpoint:
        prices = {"CITEWELL_PRICE_INPUT": "1000000", "CITEWELL_PRICE_OUTPUT": "0", "CITEWELL_CURRENCY": "EUR"}
        settings = {"OPENAI_BASE_URL": endpoint.url, "CITEWELL_MODEL": "m", **prices}
        told = citewell(home, "ask", "How many days of paid leave does everybody have?", "--style", "short", **settings)
        asked = citewell(home, "ask", "How many days of paid leave does everybody have?", "--json", **settings).json
    assert "Taken back" in told.out
    assert told.out.index("blue collar") < told.out.index("Taken back") < told.out.index("30 days of paid leave")
    assert "blue collar" not in asked["answer"]
    assert "blue collar" in asked["replaced"]
    assert asked["usage"] == {
        "model": "m", "prompt_tokens": 7, "completion_tokens": 1, "is_estimate": False, "cost": 7.0, "currency": "EUR",
    }  # fmt: skip
    assert asked["timings_ms"]["first_token"] <= asked["timings_ms"]["total"]
    assert asked["prompt_version"]


def test_a_style_that_is_none_is_wrong_usage(home):
    assert citewell(home, "ask", "How many days?", "--style", "verbose").code == 2
