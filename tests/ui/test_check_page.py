"""The page on which a text is checked, drawn without a browser."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from assistant.check_text import MOST_CHARS
from assistant.running import RUNNING
from tests.ui.test_app import documents, drawn, home, opened, page, said, settings
from ui.check_form import sample_text

__all__ = ["documents", "home", "opened", "settings"]
RIGHT = "Everyone who works full time has 26 days of paid annual leave in a calendar year."
WRONG = RIGHT.replace("26", "28")


def check_page(**query: str) -> AppTest:
    test = page().switch_page("views/check.py")
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def check(test: AppTest, text: str) -> AppTest:
    test.text_area(key="check_text").set_value(text).run()
    return test.button(key="check_now").click().run()


def answer(test: AppTest) -> dict[str, Any]:
    (data,) = drawn(test, "answer")
    return data


def test_the_empty_page_says_what_it_is_for_and_offers_a_sample(home: Path) -> None:
    test = check_page()
    assert "held against the documents" in said(test)
    assert drawn(test, "answer") == []
    test.button(key="check_sample").click().run()
    assert test.text_area(key="check_text").value == sample_text()
    assert "£58" in sample_text()


def test_a_wrong_figure_comes_back_with_the_right_one_beside_it(home: Path) -> None:
    data = answer(check(check_page(), f"Hi Tom,\n\n{WRONG}\n\nKind regards,\nAnna"))
    assert "0 of 1 statement supported, 1 contradicted" in data["verdict"]["text"]
    (detail,) = data["verdict"]["details"]
    assert '"differs", "c": ["28 days"]' in json.dumps(detail["why"]["claimed"])
    assert '"differs", "c": ["26 days"]' in json.dumps(detail["why"]["stated"])
    assert data["citations"][0]["title"] == "Leave policy"


def test_the_source_opens_beside_the_text_and_the_verdict_is_announced(home: Path) -> None:
    from ui.state import OpenSource

    test = check(check_page(), RIGHT)
    assert drawn(test, "announce")[0]["text"].startswith("supported")
    test.session_state["citewell_check_source"] = OpenSource(0, "citation", 1)
    (source,) = drawn(test.run(), "source")
    assert source["title"] == "Leave policy"
    assert '"mark"' in json.dumps(source["blocks"])


@pytest.mark.parametrize(("text", "words"), [("", "no text to check"), ("x" * (MOST_CHARS + 1), "at most 20,000")])
def test_what_cannot_be_checked_stays_with_the_reason(home: Path, text: str, words: str) -> None:
    test = check(check_page(), text)
    assert words in said(test)
    assert test.text_area(key="check_text").value == text
    assert drawn(test, "answer") == []


def test_what_was_checked_is_still_there_after_another_page(home: Path) -> None:
    test = check(check_page(), RIGHT)
    test.switch_page("views/documents.py").run()
    test.switch_page("views/check.py").run()
    assert test.text_area(key="check_text").value == RIGHT
    assert answer(test)["verdict"]["tone"] == "quiet"


def test_the_demonstration_s_last_step_brings_the_sample(home: Path) -> None:
    test = check_page(sample="1")
    assert test.text_area(key="check_text").value == sample_text()
    assert "sample" not in test.query_params


def test_a_collection_can_be_chosen_where_there_are_several(home: Path) -> None:
    page()
    citewell = RUNNING.get()
    assert citewell is not None
    other = citewell.library.create_collection("*Board* papers")
    try:
        test = check_page()
        test.selectbox(key="check_collection").set_value("*Board* papers").run()
        assert "no documents to check a text against" in said(check(test, RIGHT))
    finally:
        citewell.library.delete_collection(other.id)


def test_without_documents_it_names_the_first_step(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.setenv("CITEWELL_HOME", str(tmp_path))
    test = check_page()
    assert "There are none to check against yet" in said(test)
    assert not test.text_area
