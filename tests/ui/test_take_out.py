"""Feedback, Export, Share and the page of a shared conversation, as Streamlit runs them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.bootstrap import SAMPLE_COLLECTION, Citewell, open_citewell
from assistant.feedback import Opinion
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.homes import new_home
from tests.ui.test_app import LEAVE, ask, drawn, page, said

QUESTION = "How many days of annual leave do I have?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one document, that the pages open."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("folder")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    citewell = open_citewell(Settings.read(home=home, sample=False))
    citewell.intake.read_paths([folder], collection=SAMPLE_COLLECTION)
    citewell.close()
    RUNNING.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITEWELL_HOME", str(home))
        patch.setenv("CITEWELL_SAMPLE", "0")
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        yield home
        RUNNING.close()


def opened() -> Citewell:
    citewell = RUNNING.get()
    assert citewell is not None
    return citewell


def answered() -> tuple[AppTest, str, int]:
    """The page with an answer, the conversation's id and the answer's."""
    test = ask(page(), QUESTION)
    conversation = test.query_params["c"]
    return test, conversation, opened().conversations.messages(conversation, LOCAL_USER)[-1].id


def shared_page(snapshot_id: str) -> AppTest:
    test = page().switch_page("views/shared.py")
    test.query_params["s"] = snapshot_id
    return test.run()


def test_an_opinion_is_drawn_with_its_answer_and_an_answer_without_one_can_get_one(home: Path) -> None:
    test, _, message = answered()
    (answer,) = drawn(test, "answer")
    assert answer["opinion"] == {"helpful": None}
    opened().feedback.give(message, LOCAL_USER, Opinion(False, "incomplete", "<b>$5</b>"))
    (answer,) = drawn(test.run(), "answer")
    assert answer["opinion"]["reason"] == "incomplete"
    assert answer["opinion"]["comment"] == "<b>$5</b>"
    assert ["not_in_source", "The source does not say it"] in answer["opinion"]["reasons"]


def test_a_conversation_is_exported_in_three_formats_once_something_was_asked(home: Path) -> None:
    assert not page().get("download_button")
    test, *_ = answered()
    assert [button.proto.label for button in test.get("download_button")] == ["Markdown", "JSON", "PDF"]


def test_a_link_is_made_listed_and_taken_back(home: Path) -> None:
    test, conversation, _ = answered()
    test.button(key="share").click().run()
    (shared,) = opened().snapshots.list(conversation, LOCAL_USER)
    assert f"/shared?s={shared.id}" in said(test)
    test.button(key=f"revoke_{shared.id}").click().run()
    assert opened().snapshots.list(conversation, LOCAL_USER) == ()
    assert shared.id not in said(test)


def test_a_shared_conversation_is_read_only_and_has_its_sources(home: Path) -> None:
    test, conversation, _ = answered()
    ask(test, "And how many days may I carry over?")
    shared = opened().snapshots.share(conversation, LOCAL_USER)
    test = shared_page(shared.id)
    assert not test.exception
    assert QUESTION in said(test)
    answer, _ = drawn(test, "answer")
    assert "26 days" in json.dumps(answer["blocks"])
    assert answer["citations"][0]["title"] == "Leave policy"
    assert "0.1 s" not in answer["verdict"]["text"]
    assert not answer.get("again")
    assert not answer.get("explains")
    assert "opinion" not in answer
    assert not test.chat_input


def test_a_source_of_a_shared_conversation_opens(home: Path) -> None:
    from ui.state import OpenSource

    _, conversation, _ = answered()
    shared = opened().snapshots.share(conversation, LOCAL_USER)
    test = shared_page(shared.id)
    test.session_state["citewell_shared_source"] = (shared.id, OpenSource(2, "citation", 1))
    (source,) = drawn(test.run(), "source")
    assert source["title"] == "Leave policy"


@pytest.mark.parametrize("snapshot_id", ["", "0" * 32, "x" * 5_000, "'; --"])
def test_a_link_that_is_none_says_so(home: Path, snapshot_id: str) -> None:
    assert "This conversation is not shared" in said(shared_page(snapshot_id))


def everything(test: AppTest) -> str:
    """All that the page is given, not only what is seen."""
    assert not test.exception
    return repr(test) + json.dumps([*drawn(test, "answer"), *drawn(test, "source")])


def test_once_a_document_is_gone_nothing_of_it_reaches_the_page(home: Path, tmp_path: Path) -> None:
    canary = "Everyone named Zebrafinch has 41 days of paid sabbatical leave in a calendar year."
    (tmp_path / "sabbatical.md").write_text(f"# Sabbatical of Zebrafinch\n\n{canary}\n", "utf-8")
    opened_now = page() and opened()
    opened_now.intake.read_paths([tmp_path], collection="Closed")
    test = ask(page(), "How many days of paid sabbatical leave are there in a calendar year?")
    shared = opened_now.snapshots.share(test.query_params["c"], LOCAL_USER)
    before: Any = shared_page(shared.id)
    assert "Zebrafinch" in everything(before)
    closed = opened_now.library.collection_named("Closed")
    opened_now.library.delete_collection(closed.id)
    after = everything(shared_page(shared.id))
    assert "Zebrafinch" not in after
    assert "41 days" not in after
    assert "withheld" in after


def test_the_demonstration_offers_no_sharing_and_opens_no_link(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    RUNNING.close()
    monkeypatch.setenv("CITEWELL_DEMO", "1")
    try:
        page()
        (tmp_path / "leave.md").write_text(LEAVE, "utf-8")
        opened().intake.read_paths([tmp_path], collection=SAMPLE_COLLECTION)
        test = ask(page(), QUESTION)
        assert len(drawn(test, "answer")) == 1
        assert [button for button in test.button if button.key == "share"] == []
        assert test.get("download_button")
        token = test.session_state["citewell_visitor"]
        from assistant.access import visitor

        shared = opened().snapshots.share(test.query_params["c"], visitor(token))
        assert "This conversation is not shared" in said(shared_page(shared.id))
    finally:
        RUNNING.close()
