"""`citewell conversations export`, as scripts call it."""

import json
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal
from assistant.conversations import Conversations
from assistant.home import Home
from retrieval.database import open_database
from retrieval.library import Library
from tests.assistant.test_cli import citewell
from tests.assistant.test_snapshots import HIDDEN, OPEN, House, both


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def conversation(home: Path) -> str:
    """A conversation of the one person of this home, whose answer rests on two documents."""
    opened = Home(home)
    engine = open_database(opened.database_url)
    house = House(engine)
    id_ = house.store.create(LOCAL_USER)
    message = house.store.begin(id_, LOCAL_USER, "What sleeps?")
    work = both(house)
    assert work.answer is not None
    house.store.save(message, state="done", text=work.answer.text, work=work)
    engine.dispose()
    opened.close()
    return id_


def test_markdown_goes_to_standard_output(home: Path, conversation: str) -> None:
    done = citewell(home, "conversations", "export", conversation)
    assert done.code == 0
    assert done.out.startswith("# What sleeps?\n")
    assert f"> {OPEN}" in done.out


def test_json_to_standard_output_is_one_object(home: Path, conversation: str) -> None:
    told = citewell(home, "conversations", "export", conversation, "--format", "json").json
    assert [message["role"] for message in told["messages"]] == ["user", "assistant"]
    assert told["messages"][1]["citations"][0]["document"] == "open.md"


@pytest.mark.parametrize(("form", "begins"), [("md", b"# What sleeps?"), ("json", b"{"), ("pdf", b"%PDF-")])
def test_each_format_is_written_to_a_file(
    home: Path, conversation: str, tmp_path: Path, form: str, begins: bytes
) -> None:
    file = tmp_path / f"taken.{form}"
    arguments = ("conversations", "export", conversation, "--format", form, "-o", str(file), "--json")
    told = citewell(home, *arguments).json
    assert file.read_bytes().startswith(begins)
    assert told == {"file": str(file), "format": form, "messages": 2, "bytes": file.stat().st_size}


def test_it_works_while_the_app_holds_the_home(home: Path, conversation: str) -> None:
    held = Home(home)
    try:
        assert citewell(home, "conversations", "export", conversation).code == 0
    finally:
        held.close()


def test_what_rests_on_a_deleted_document_is_withheld(home: Path, conversation: str) -> None:
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    library = Library(engine)
    closed = library.collection_named("Closed")
    library.remove_paths(closed.id, ["Zebrafinch.md"])
    engine.dispose()
    done = citewell(home, "conversations", "export", conversation, "--format", "json")
    assert HIDDEN not in done.out
    assert OPEN in json.dumps(done.json)


def test_an_absent_conversation_and_anothers_are_the_same_sentence(home: Path, conversation: str) -> None:
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    theirs = Conversations(engine).create(Principal("test", "anna"))
    engine.dispose()
    said = [citewell(home, "conversations", "export", id_) for id_ in (theirs, "0" * 32)]
    assert said[0] == said[1]
    assert said[0].is_one_sentence()


@pytest.mark.parametrize("arguments", [("--format", "pdf"), ("--json",), ("--format", "docx", "-o", "x")])
def test_a_pdf_without_a_file_and_an_unknown_format_are_wrong_usage(
    home: Path, conversation: str, arguments: tuple[str, ...]
) -> None:
    assert citewell(home, "conversations", "export", conversation, *arguments).code == 2


def test_a_file_that_cannot_be_written_is_one_sentence(home: Path, conversation: str, tmp_path: Path) -> None:
    done = citewell(home, "conversations", "export", conversation, "-o", str(tmp_path / "no such folder" / "x.md"))
    assert done.is_one_sentence()
