"""The library page as Streamlit runs it: collections, the table, uploads, dialogs, and a document's own page."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.conversations import Work
from assistant.events import Answer, Citation, Usage
from assistant.running import RUNNING
from assistant.settings import Settings
from retrieval.library import Failure, FileFacts
from retrieval.values import Passage
from tests.homes import new_home
from ui.library_upload import DEMO

ROOT = Path(__file__).resolve().parents[2]
LEAVE = "# Leave policy\n\nEveryone who works full time has 26 days of paid annual leave in a calendar year.\n"
VPN = "# Remote access\n\nConnect to the VPN before you open the intranet. The VPN client updates itself at night.\n"
HOSTILE = "*empty* ![x](x.png).md"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a collection of two documents and one file that could not be read in."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("folder")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    (folder / "vpn.md").write_text(VPN, "utf-8")
    (folder / HOSTILE).write_text("", "utf-8")
    citewell = open_citewell(Settings.read(home=home, sample=False))
    citewell.intake.read_paths([folder], collection="Handbook")
    citewell.close()
    yield home
    RUNNING.close()


@pytest.fixture
def home(template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, for tests that only look at it."""
    return pointed_at(template, monkeypatch)


@pytest.fixture
def own(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that home, for a test that changes it."""
    yield pointed_at(Path(shutil.copytree(template, tmp_path / "home", symlinks=True)), monkeypatch)
    RUNNING.close()


def pointed_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the pages open this home, and keep it open if they have."""
    monkeypatch.setenv("CITEWELL_HOME", str(home))
    monkeypatch.setenv("CITEWELL_SAMPLE", "0")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    if opened().home.path != home:
        RUNNING.close()
    return home


def opened() -> Citewell:
    citewell = RUNNING.get()
    assert citewell is not None
    return citewell


def library_page() -> AppTest:
    """The library page, drawn once."""
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60).run()
    return test.switch_page("views/documents.py").run()


def document_page(document_id: int, **query: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60).run()
    test.switch_page("views/document.py")
    for name, value in {"id": str(document_id), **query}.items():
        test.query_params[name] = value
    return test.run()


def said(test: AppTest) -> str:
    """Every word on the page that Streamlit's own elements show."""
    assert not test.exception
    elements = [*test.header, *test.subheader, *test.markdown, *test.caption, *test.code, *test.error]
    return "\n".join(str(element.value) for element in elements)


def drawn(test: AppTest, kind: str) -> list[dict[str, Any]]:
    """What the component was given to draw."""
    assert not test.exception
    data = [json.loads(element.proto.json) for element in test.get("bidi_component")]
    return [item for item in data if item["kind"] == kind]


def titles(test: AppTest) -> list[str]:
    assert not test.exception
    return [] if not test.dataframe else list(test.dataframe[0].value["Document"])


def select(test: AppTest, *rows: int) -> AppTest:
    """Tick rows of the table."""
    test.session_state[test.dataframe[0].key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return test.run()


def settled(test: AppTest) -> AppTest:
    """The page once every job has ended."""
    deadline = time.monotonic() + 30
    while opened().jobs.open():
        assert time.monotonic() < deadline, "a job did not end"
        time.sleep(0.05)
    return test.run()


def handbook() -> str:
    return opened().library.collection_named("Handbook").id


def document_id(path: str) -> int:
    return opened().library.document_at(path, frozenset(c.id for c in opened().library.collections()))


# The list.


def test_a_single_collection_needs_no_list(home: Path) -> None:
    test = library_page()
    assert not test.radio
    assert "2 documents in 1 collection, 2 passages to quote from." in said(test)
    assert "2 documents · 1 not read in · changed" in said(test)


def test_collections_are_listed_and_the_address_keeps_the_choice(own: Path) -> None:
    notes = opened().library.create_collection("Notes")
    test = library_page()
    assert test.radio[0].options == ["All collections", "Handbook", "Notes"]
    assert titles(test) == [HOSTILE, "Leave policy", "Remote access"]
    test.radio[0].set_value(notes.id).run()
    assert titles(test) == []
    assert "Nothing in here yet." in said(test)
    assert notes.id in test.query_params["collection"]


def test_the_table_lists_documents_and_what_could_not_be_read_with_its_reason(home: Path) -> None:
    test = library_page()
    assert titles(test) == [HOSTILE, "Leave policy", "Remote access"]
    table = test.dataframe[0].value
    assert list(table["Type"]) == ["Markdown", "Markdown", "Markdown"]
    assert "is empty" in table["Not read in"][0]
    (listed,) = drawn(test, "files")
    assert [row["name"] for row in listed["rows"]] == [HOSTILE]
    assert "1 file was not read in" in said(test)
    assert "![x]" not in said(test)


def test_the_table_finds_by_title_and_by_file_name(home: Path) -> None:
    test = library_page()
    assert titles(find(test, "remote")) == ["Remote access"]
    assert titles(find(test, "LEAVE.md")) == ["Leave policy"]
    assert "No file fits" in said(find(test, "nothing of the kind"))


def find(test: AppTest, text: str) -> AppTest:
    return test.text_input(key="find").set_value(text).run()


def test_the_table_filters_and_sorts(home: Path) -> None:
    test = library_page()
    assert titles(test.selectbox(key="status").set_value("Not read in").run()) == [HOSTILE]
    test.selectbox(key="status").set_value("Read in").run()
    assert titles(test.selectbox(key="sort").set_value("Read in, oldest first").run()) == [
        "Leave policy",
        "Remote access",
    ]
    assert titles(test.multiselect(key="types").set_value(["Markdown"]).run()) == ["Leave policy", "Remote access"]
    assert titles(test.selectbox(key="since").set_value("Today").run()) == ["Leave policy", "Remote access"]


def test_more_than_a_hundred_files_come_in_pages(own: Path) -> None:
    library_page()
    for number in range(150):
        opened().library.record_failures(handbook(), [Failure(f"{number:03}.bin", FileFacts(""), "No text.")])
    test = library_page()
    assert len(titles(test)) == 100
    assert "1–100 of 153 files" in said(test)
    test.session_state[test.get("pagination")[0].key] = 2
    assert len(titles(test.run())) == 53
    assert "101–153 of 153 files" in said(test)
    assert len(titles(test.text_input(key="find").set_value("00").run())) == 11


def test_a_selected_document_is_opened(home: Path) -> None:
    test = select(library_page(), 1)
    assert "1 file selected" in said(test)
    test.button(key="open_selected").click().run()
    assert "Leave policy" in said(test)
    assert test.query_params["id"] == [str(document_id("leave.md"))] or test.query_params["id"] == str(
        document_id("leave.md")
    )
    test.button(key="back").click().run()
    assert titles(test) == [HOSTILE, "Leave policy", "Remote access"]


def test_selected_documents_are_read_again(own: Path) -> None:
    test = select(library_page(), 1, 2)
    before = document_id("leave.md")
    test.button(key="again_selected").click().run()
    test = settled(test)
    assert document_id("leave.md") != before
    assert "2 files read into Handbook." in said(test)


def test_deleting_asks_first_and_names_the_number(own: Path) -> None:
    test = select(library_page(), 0, 1)
    test.button(key="delete_selected").click().run()
    assert "2 files with everything read from them" in said(test)
    assert test.button(key="confirm_delete").label == "Delete 2 files"
    test.button(key="keep").click().run()
    assert opened().library.document_count(frozenset({handbook()})) == 2
    select(test, 0, 1).button(key="delete_selected").click().run()
    test.button(key="confirm_delete").click().run()
    test = settled(test)
    assert titles(test) == ["Remote access"]
    assert "Deleted 1 document and 1 file that was not read in." in said(test)


# Collections.


def test_a_collection_is_made_renamed_described_and_deleted_with_everything(own: Path) -> None:
    test = library_page()
    test.button(key="new_collection").click().run()
    test.text_input(key="new_name").set_value("Minutes")
    test.text_area(key="new_description").set_value("Of the *weekly* meetings")
    test.button(key="create").click().run()
    assert "Of the &#42;weekly&#42; meetings" in said(test)
    minutes = opened().library.collection_named("Minutes").id
    test.button(key="edit").click().run()
    test.text_input(key=f"name_{minutes}").set_value("Handbook")
    test.button(key="save").click().run()
    assert "already" in said(test)
    test.text_input(key=f"name_{minutes}").set_value("Notes")
    test.button(key="save").click().run()
    assert [c.name for c in opened().library.collections()] == ["Handbook", "Notes"]
    test.radio[0].set_value(handbook()).run()
    test.button(key="delete_collection").click().run()
    assert test.button(key="confirm_delete").label == "Delete 2 documents"
    test.button(key="confirm_delete").click().run()
    test = settled(test)
    assert [c.name for c in opened().library.collections()] == ["Notes"]


def test_a_name_that_is_none_is_refused_in_words(home: Path) -> None:
    test = library_page()
    test.button(key="new_collection").click().run()
    test.button(key="create").click().run()
    assert "needs a name" in said(test)


def test_following_a_folder_is_previewed_then_done_and_ended(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "followed"
    folder.mkdir()
    (folder / "trips.md").write_text("# Trips\n\nThe daily meal allowance on a business trip is £30.\n", "utf-8")
    test = library_page()
    test.button(key="follow").click().run()
    test.text_input(key=f"folder_{handbook()}").set_value("followed").run()
    test.button(key="preview").click().run()
    assert "whole path" in said(test)
    test.text_input(key=f"folder_{handbook()}").set_value(str(folder)).run()
    test.button(key="preview").click().run()
    (plan,) = drawn(test, "plan")
    assert plan["groups"] == [{"title": "Would be added: 1", "names": ["trips.md"], "more": 0}]
    assert "Trips" not in titles(test)
    test.button(key="save_follow").click().run()
    test = settled(test)
    assert "Trips" in titles(test)
    assert "Follows" in said(test)
    test.button(key="follow").click().run()
    test.button(key="unfollow").click().run()
    assert opened().library.collection(handbook()).folder is None
    assert "Trips" in titles(test)


def test_a_folder_that_is_not_there_is_refused_in_words(home: Path, tmp_path: Path) -> None:
    test = library_page()
    test.button(key="follow").click().run()
    test.text_input(key=f"folder_{handbook()}").set_value(str(tmp_path / "absent")).run()
    test.button(key="save_follow").click().run()
    assert "is not there" in said(test)
    assert opened().library.collection(handbook()).folder is None


# Uploads.


def test_uploaded_files_are_read_in_and_each_says_what_became_of_it(own: Path) -> None:
    test = library_page()
    trips = b"# Trips\n\nThe daily meal allowance on a business trip in the country is \xc2\xa330.\n"
    test.file_uploader[0].set_value([("trips.md", trips, "text/markdown"), ("broken.pdf", b"%PDF-1.7 no", "")]).run()
    assert test.button(key="read_in").label == "Read 2 files in"
    test.button(key="read_in").click().run()
    test = settled(test)
    assert "1 file read into Handbook. 1 file was not read in." in said(test)
    rows = next(item["rows"] for item in drawn(test, "files") if item["label"] == "What became of the files")
    assert [(row["name"], row["word"]) for row in rows] == [("broken.pdf", "Not read in"), ("trips.md", "Read in")]
    assert rows[0]["reason"]
    assert "Trips" in titles(test)
    again = library_page()
    assert "1 file was not read in." in said(again)
    again.button(key="try_again").click().run()
    again = settled(again)
    assert "1 file was not read in." in said(again)
    again.button(key="close_outcome").click().run()
    assert "What became of the files" not in [item["label"] for item in drawn(again, "files")]


def test_the_first_upload_makes_the_first_collection(own: Path) -> None:
    library_page()
    opened().library.delete_collection(handbook())
    test = library_page()
    test.file_uploader[0].set_value([("leave.md", LEAVE.encode(), "")]).run()
    test.button(key="read_in").click().run()
    assert titles(settled(test)) == ["Leave policy"]


def test_a_waiting_job_is_shown_file_by_file_and_can_be_cancelled(own: Path) -> None:
    library_page()
    citewell = opened()
    kept = citewell.originals.keep_data(VPN.encode())
    job = citewell.jobs.add(
        "read_uploads", {"collection_id": handbook(), "uploads": [["a.md", kept], ["b.md", kept]]}, owner="x"
    )
    citewell.jobs.cancel(job)
    ended = settled(library_page())
    assert "Cancelled" in said(ended)


# Demo.


def test_the_demo_changes_nothing_and_says_so(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RUNNING.close()
    monkeypatch.setenv("CITEWELL_DEMO", "1")
    citewell = opened()
    collection = citewell.library.create_collection("Sample company").id
    citewell.library.change_collection(collection, description="All of it")
    test = library_page()
    assert DEMO in said(test)
    assert not test.file_uploader
    keys = {button.key for button in test.button}
    assert not keys & {"new_collection", "edit", "follow", "delete_collection", "read_in"}


# A document.


def test_a_document_says_what_it_is_and_what_was_made_of_it(home: Path) -> None:
    library_page()
    test = document_page(document_id("leave.md"))
    words = said(test)
    assert "leave.md · Markdown file" in words.replace("&#45;", "-")
    assert "1 passage · read in" in words
    assert "not quoted yet" in words
    assert test.get("download_button")


def test_the_passages_of_a_document_are_shown_as_they_were_cut(home: Path) -> None:
    library_page()
    number = document_id("leave.md")
    test = document_page(number)
    test.toggle(key=f"cut_{number}").set_value(True).run()
    (shown,) = drawn(test, "document")
    assert [piece["label"] for piece in shown["pieces"]] == [f"Passage 1 · Leave policy · {len(LEAVE) - 1} characters"]


def test_what_answers_quoted_is_marked_lightly(own: Path) -> None:
    library_page()
    number = document_id("leave.md")
    source, document = opened().library.document(number, frozenset({handbook()}))
    start = LEAVE.index("26")
    passage = Passage(source, 0, len(document.text), document.text, (), None, 1.0)
    answer = Answer(
        "26 days [1].", "answered", (), (Citation(1, passage, "26 days", start, start + 7),), Usage(), {}, None
    )  # type: ignore[call-arg]
    store = opened().conversations
    message = store.begin(store.create(LOCAL_USER), LOCAL_USER, "How many?")
    store.save(message, state="done", text=answer.text, work=Work((passage,), None, answer))
    test = document_page(number)
    assert "quoted in 1 answer" in said(test)
    (shown,) = drawn(test, "document")
    assert '{"k": "quoted", "c": ["26 days"], "v": "1"}, {"k": "times", "v": "1"}' in json.dumps(shown["blocks"])


def test_a_question_is_tried_against_one_document(home: Path) -> None:
    library_page()
    number = document_id("leave.md")
    test = document_page(number)
    test.text_input(key=f"try_{number}").set_value("How much annual leave is there?").run()
    (results,) = drawn(test, "results")
    (row,) = results["rows"]
    assert row["score"] == "The nearest, found by meaning and words"
    assert LEAVE[row["start"] : row["end"]].startswith("Everyone who works full time has 26 days")
    assert '"mark"' in json.dumps(row["blocks"])


def test_a_document_is_deleted_from_its_own_page(own: Path) -> None:
    library_page()
    test = document_page(document_id("vpn.md"))
    test.button(key="document_delete").click().run()
    test.button(key="confirm_delete").click().run()
    assert "This document is not here any more" in said(settled(test))


# What the collection says of itself.


def test_a_collection_in_a_language_that_the_embedding_does_not_read_says_so(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deutsch"
    folder.mkdir()
    text = "Alle Beschäftigten haben im Kalenderjahr Anspruch auf sechsundzwanzig Tage bezahlten Urlaub. " * 6
    (folder / "urlaub.txt").write_text(text, "utf-8")
    opened().intake.read_paths([folder], collection="Handbook")
    assert "Most of this collection is in German" in said(library_page())
    opened().library.remove(document_id("urlaub.txt"))
    assert "Most of this collection" not in said(library_page())


def test_a_folder_that_cannot_be_followed_is_named_on_its_collection(own: Path) -> None:
    library_page()
    opened().library.change_collection(handbook(), folder="/srv/handbook", watched=True)
    opened().watch_problems.tell({handbook(): "The folder /srv/handbook is not there; nothing was removed."})
    assert "/srv/handbook is not there; nothing was removed." in said(library_page())


class Forged(list[str]):
    """Options of a widget for which the browser sends something else."""

    def index(self, *_: object) -> int:
        return len(self) - 1


def test_choices_that_were_never_offered_change_nothing(home: Path) -> None:
    test = library_page()
    listed = titles(test)
    for key in ("sort", "status", "since"):
        box = test.selectbox(key=key)
        box.options = Forged([*box.options, "path; DROP TABLE documents; --"])
        test = box.set_value(box.options[1]).run()
        assert titles(test) == listed, key
