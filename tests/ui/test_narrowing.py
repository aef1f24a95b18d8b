"""Filters on the page: set beside the input, seen as chips, kept with the conversation and with each answer."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.bootstrap import open_citewell
from assistant.narrowed import Narrowed
from assistant.running import RUNNING
from assistant.settings import Settings
from retrieval.filters import Filters
from tests.homes import new_home
from tests.ui.test_app import ask, drawn, page, said
from tests.ui.values import answer, citation, message, sentence
from ui.answer_view import answer_data
from ui.narrowing import chips
from ui.words import counted

MANY = 12
MEAL = "How high is the meal allowance?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two collections: a handbook in Markdown and text, and twelve reports."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("folder")
    (folder / "meals.md").write_text("# Meals 2026\n\nThe meal allowance is 55 euros a day on every trip.\n", "utf-8")
    (folder / "old.txt").write_text("The meal allowance was 40 euros a day on every trip in the past.\n", "utf-8")
    reports = tmp_path_factory.mktemp("reports")
    for n in range(MANY):
        (reports / f"report-{n}.md").write_text(
            f"# Report {n}\n\nThe turbine ran for {n} hours without a stop.\n", "utf-8"
        )
    citewell = open_citewell(Settings.read(home=home, sample=False))
    citewell.intake.read_paths([folder], collection="Handbook")
    citewell.intake.read_paths([reports], collection="Reports")
    citewell.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITEWELL_HOME", str(home))
        patch.setenv("CITEWELL_SAMPLE", "0")
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        RUNNING.close()
        yield home
        RUNNING.close()


def chip_labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button if (button.key or "").startswith("chip_")]


def test_filters_narrow_the_next_question_and_stay_beside_its_answer(home: Path) -> None:
    test = page()
    test.multiselect(key="narrow_new_formats").select("text").run()
    assert chip_labels(test) == ["*Remove* text"]
    assert "1 of 14 documents" in said(test)
    ask(test, MEAL)
    (shown,) = drawn(test, "answer")
    assert {cited["title"] for cited in shown["citations"]} == {"old"}
    assert shown["narrowed"] == "text"
    assert chip_labels(test) == ["*Remove* text"], "they stay for the next question"
    again = page(c=test.query_params["c"])
    assert drawn(again, "answer")[0]["narrowed"] == "text", "a reload shows what the answer was narrowed to"


def test_a_chip_takes_its_filter_away_and_the_field_with_it(home: Path) -> None:
    test = page()
    test.selectbox(key="narrow_new_collection").select("Handbook").run()
    test.text_input(key="narrow_new_title").input("meals").run()
    assert chip_labels(test) == ["*Remove* Handbook", "*Remove* title has “meals”"]
    test.button(key="chip_title").click().run()
    assert chip_labels(test) == ["*Remove* Handbook"]
    assert test.text_input(key="narrow_new_title").value == ""
    test.button(key="clear_filters").click().run()
    assert chip_labels(test) == []
    assert test.selectbox(key="narrow_new_collection").value == ""


def test_days_in_the_wrong_order_are_said_plainly_and_change_nothing(home: Path) -> None:
    test = page()
    test.date_input(key="narrow_new_dated_from").set_value(date(2026, 5, 2)).run()
    test.date_input(key="narrow_new_dated_to").set_value(date(2026, 5, 1)).run()
    assert "The first day, 2 May 2026, is after the last, 1 May 2026; swap them" in said(test).replace("&#44;", ",")
    assert len(chip_labels(test)) == 1


def test_filters_that_fit_nothing_are_told_from_an_answer_that_is_not_there(home: Path) -> None:
    test = page()
    test.text_input(key="narrow_new_title").input("no such title").run()
    assert "No document fits" in said(test)
    ask(test, MEAL)
    (shown,) = drawn(test, "answer")
    assert shown["refusal"]["title"] == "No document fits the filters"


def test_another_conversation_has_filters_of_its_own(home: Path) -> None:
    test = page()
    test.multiselect(key="narrow_new_formats").select("text").run()
    ask(test, MEAL)
    test.button(key="new_chat").click().run()
    assert chip_labels(test) == []


def test_an_answer_that_counts_leads_to_the_whole_list(home: Path) -> None:
    test = ask(page(), "Which documents mention the turbine?")
    (shown,) = drawn(test, "answer")
    assert shown["verdict"]["text"].startswith("counted in the list of documents")
    assert len(shown["citations"]) == 10
    link = next(element for element in test.get("page_link") if "Show all" in element.proto.label)
    assert link.proto.label == f"Show all {counted(MANY, 'document')}"
    query = dict(pair.split("=", 1) for pair in link.proto.query_string.split("&"))
    assert "turbine" in query["list"]
    documents = page()
    documents.query_params["list"] = json.dumps({"total": MANY, "shown": 10, "words": "turbine"})
    documents.switch_page("views/documents.py").run()
    assert f"{MANY} files" in said(documents)
    documents.button(key="unlist").click().run()
    assert "14 files" in said(documents)


@pytest.mark.parametrize(
    "asked", ["", "{", "[]", '{"total": "x"}', '{"total":1,"shown":1,"filters":{"dated_from":"x"}}', "9" * 5000]
)
def test_a_list_in_the_address_that_is_none_is_left_aside(home: Path, asked: str) -> None:
    test = page()
    test.query_params["list"] = asked
    test.switch_page("views/documents.py").run()
    assert "14 files" in said(test)


def test_nothing_listed_names_the_nearest(home: Path) -> None:
    test = ask(page(), "Which documents mention unicorns?")
    refusal = drawn(test, "answer")[0]["refusal"]
    assert (refusal["title"], refusal["text"]) == ("No such document", "None of 14 documents mention “unicorns”.")
    assert refusal["nearest"]


def test_each_chip_leaves_the_other_filters() -> None:
    filters = Filters(frozenset({"PDF", "DOCX"}), "travel", dated_from=date(2026, 1, 1))
    narrowed = Narrowed("HR", filters)
    found = list(chips(narrowed))
    assert [words for _, words, _ in found] == ["HR", "DOCX", "PDF", "dated from 1 January 2026", "title has “travel”"]
    for _, _, rest in found:
        assert len(list(chips(rest))) == len(found) - 1
    assert len({key for key, _, _ in found}) == len(found)


def test_an_answer_shows_what_it_was_narrowed_to_as_plain_words() -> None:
    text = "You have 26 days. [1]"
    given = message(answer(text, sentence(text, text, "supported", 1), citations=(citation(1),)))
    assert given.work is not None
    assert "narrowed" not in answer_data(given, can_ask_again=False)
