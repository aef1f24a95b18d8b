"""Files of one chat on the page: attached at the input, shown as chips, asked, removed, seen by nobody else."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.attached import AttachedFile
from assistant.bootstrap import Citewell, open_citewell
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.homes import new_home
from tests.ui.test_app import ask, drawn, page, said
from ui.attached import chip_words
from ui.state import OpenSource

SURVEY = b"# Site survey\n\nThe mast on Farholm is anchored with nine bolts and stands 14 metres above the shore.\n"
QUESTION = "How many bolts anchor the mast on Farholm?"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one document of everybody's."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("folder")
    text = "# Leave policy\n\nEveryone who works full time has 26 days of paid annual leave in a calendar year.\n"
    (folder / "leave.md").write_text(text, "utf-8")
    citewell = open_citewell(Settings.read(home=home, sample=False))
    citewell.intake.read_paths([folder], collection="Handbook")
    citewell.close()
    return home


@pytest.fixture
def citewell(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A copy of that home, open as the page opens it, its worker running."""
    RUNNING.close()
    monkeypatch.setenv("CITEWELL_HOME", str(shutil.copytree(template, tmp_path / "home", symlinks=True)))
    monkeypatch.setenv("CITEWELL_SAMPLE", "0")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    opened = RUNNING.get()
    assert opened is not None
    yield opened
    RUNNING.close()


def attached(test: AppTest, citewell: Citewell, name: str = "survey.md", data: bytes = SURVEY) -> AppTest:
    """Attach a file, and draw the page once it is read or was given up."""
    test.chat_input[0].upload(name, data).run()
    conversation, deadline = test.query_params["c"], time.monotonic() + 60
    while any(file.state == "reading" for file in citewell.attached.files(conversation, LOCAL_USER)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return test.run()


def chips(test: AppTest) -> list[str]:
    return [button.label for button in test.button if str(button.key).startswith(("chip_read", "chip_failed"))]


def test_a_file_is_attached_asked_and_removed(citewell: Citewell) -> None:
    test = attached(page(), citewell)
    (chip,) = chips(test)
    assert "survey.md" in chip
    assert "only in this chat" in chip
    ask(test, QUESTION)
    (answer,) = drawn(test, "answer")
    assert answer["citations"][0]["title"] == "Site survey"
    test.button(key=next(b.key for b in test.button if str(b.key).startswith("chip_read"))).click().run()
    assert chips(test) == []
    (answer,) = drawn(test, "answer")
    assert answer["citations"][0]["gone"]
    assert "deleted on" in answer["citations"][0]["where"]


def test_question_and_file_sent_together_are_answered_from_the_file(citewell: Citewell) -> None:
    test = page()
    test.chat_input[0].upload("survey.md", SURVEY).set_value(QUESTION).run()
    (answer,) = drawn(test, "answer")
    assert "nine bolts" in json.dumps(answer["blocks"])


def test_a_file_that_cannot_be_read_says_why_and_answers_nothing(citewell: Citewell) -> None:
    test = page()
    test.chat_input[0].upload("plan.pdf", b"%PDF-1.7 broken").set_value(QUESTION).run()
    (answer,) = drawn(test, "answer")
    assert "plan.pdf is damaged" in answer["failure"]
    assert "not read in" in chips(test)[0]
    assert "plan.pdf is damaged" in said(test)


def test_the_file_is_not_among_the_documents_nor_in_another_chat(citewell: Citewell) -> None:
    test = attached(page(), citewell)
    listed = page().switch_page("views/documents.py").run()
    assert "1 document in 1 collection" in said(listed)
    assert "survey" not in said(listed)
    assert "survey" not in json.dumps([json.loads(e.proto.json) for e in listed.get("bidi_component")])
    assert "urvey" not in str(listed.get("arrow_data_frame"))
    elsewhere = ask(page(), QUESTION)
    assert "bolts anchor" not in json.dumps(drawn(elsewhere, "answer")[0].get("blocks"))
    assert drawn(elsewhere, "answer")[0]["refusal"]
    assert chips(elsewhere) == []
    del test


def test_its_owner_opens_it_and_nobody_else(citewell: Citewell, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the document's own page, by its number: the owner reads it, to another visitor it is absent."""
    test = attached(page(), citewell)
    (file,) = citewell.attached.files(test.query_params["c"], LOCAL_USER)

    def opened() -> AppTest:
        shown = page().switch_page("views/document.py")
        shown.query_params["id"] = str(file.document_id)
        return shown.run()

    assert "Only in your chat" in said(opened())
    monkeypatch.setattr("ui.identity.LOCAL_USER", Principal("local", "somebody else", Role.ADMIN))
    assert "This document is not here any more" in said(opened())
    foreign = page(c=test.query_params["c"])
    assert "There is no such conversation" in said(foreign)
    assert "survey" not in said(foreign)


def test_a_source_of_it_is_opened_by_its_owner(citewell: Citewell) -> None:
    test = ask(attached(page(), citewell), QUESTION)
    message = citewell.conversations.messages(test.query_params["c"], LOCAL_USER)[-1]
    test.session_state["citewell_source"] = OpenSource(message.id, "citation", 1)
    (source,) = drawn(test.run(), "source")
    assert source.get("notice") is None
    assert source["narrows"]


def test_more_files_than_a_chat_can_have_are_refused_and_the_text_comes_back(citewell: Citewell) -> None:
    test = page()
    for number in range(21):
        test.chat_input[0].upload(f"{number}.md", SURVEY)
    test.chat_input[0].set_value(QUESTION).run()
    assert "A chat can have 20 files of its own" in said(test)
    assert test.chat_input[0].proto.value == QUESTION
    assert chips(test) == []


def test_what_a_visitor_of_the_demo_attaches_goes_with_the_reset(
    citewell: Citewell, monkeypatch: pytest.MonkeyPatch
) -> None:
    RUNNING.close()
    monkeypatch.setenv("CITEWELL_DEMO", "1")
    demo = RUNNING.get()
    assert demo is not None
    test = page()
    test.chat_input[0].upload("survey.md", SURVEY).set_value(QUESTION).run()
    assert "nine bolts" in json.dumps(drawn(test, "answer")[0]["blocks"])
    who = visitor(test.session_state["citewell_visitor"])
    assert demo.library.private(who.key)
    test.button(key="reset").click().run()
    deadline = time.monotonic() + 30
    while demo.library.private(who.key):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert chips(test) == []


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (AttachedFile("report.pdf", "read", 1, 12), "report.pdf · 12 pages · only in this chat"),
        (AttachedFile("talk.pptx", "read", 1, 1), "talk.pptx · 1 slide · only in this chat"),
        (AttachedFile("notes.md", "read", 1), "notes.md · only in this chat"),
        (AttachedFile("notes.md", "reading"), "notes.md · being read · only in this chat"),
        (AttachedFile("scan.pdf", "failed", reason="No text."), "scan.pdf · not read in · only in this chat"),
    ],
)
def test_a_chip_says_what_it_is(file: AttachedFile, words: str) -> None:
    assert chip_words(file, is_alone=True) == words
    assert chip_words(file, is_alone=False) == words.removesuffix(" · only in this chat")
