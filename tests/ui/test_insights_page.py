"""The insights page, drawn without a browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.feedback import Opinion
from tests.assistant.test_insights import DAY, told, turn
from tests.conftest import document
from tests.ui.administration import ROOT, running
from tests.ui.test_app import drawn, said, tables

SLEEP, MOON = "Where do quokkas sleep?", "What does the moon weigh in kilograms?"


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A home with a document about quokkas, of which nobody has asked anything."""
    with running(tmp_path / "home", monkeypatch) as opened:
        made = opened.library.create_collection("Animals *of* the island")
        words = "Quokkas sleep in tall trees at night."
        opened.intake.add_parsed(made.id, [("q.md", document(words, title="Quokkas")), ("z.md", document("Zebras."))])
        yield opened


def insights_page(part: str | None = None) -> AppTest:
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60).run()
    test.switch_page("views/insights.py").run()
    return test.segmented_control(key="insights_part").set_value(part).run() if part else test


def ask_both(citewell: Citewell) -> None:
    for question in (SLEEP, MOON):
        conversation_id = citewell.conversations.create(LOCAL_USER)
        list(citewell.assistant.ask(question, conversation_id=conversation_id, principal=LOCAL_USER))
        answer = citewell.conversations.messages(conversation_id, LOCAL_USER)[-1].id
        citewell.recorder.flush()
        citewell.feedback.give(answer, LOCAL_USER, Opinion(is_helpful=question == SLEEP))
    citewell.recorder.flush()


def table(test: AppTest, column: str) -> list[dict[str, object]]:
    """The rows of the table that has such a column."""
    (found,) = [rows for rows in tables(test) if column in rows[0]]
    return found


def test_before_anything_was_asked_the_page_says_what_will_be_there(citewell: Citewell) -> None:
    assert citewell.insights.counted_since() is None
    test = insights_page()
    assert "Nothing was asked yet" in said(test)
    assert not test.metric


def test_an_event_from_a_clock_that_was_wrong_is_told_where_there_is_no_other(citewell: Citewell) -> None:
    told(citewell, turn(), at=time.time() + 400 * DAY)
    test = insights_page()
    assert "Nothing was asked yet" in said(test)
    assert "1 event left out" in said(test)


def test_numbers_charts_tables_and_what_could_not_be_answered_are_there(citewell: Citewell) -> None:
    ask_both(citewell)
    test = insights_page()
    numbers = {metric.label: metric.value for metric in test.metric}
    assert (numbers["Questions"], numbers["Answered"], numbers["Found helpful"]) == ("2", "50%", "50%")
    charts = drawn(test, "chart")
    assert [chart["form"] for chart in charts] == ["columns", "lines", "lines"]  # Without a model no tokens are spent.
    ended = {series["name"]: series["values"] for series in charts[0]["series"]}
    assert (ended["Answered"], ended["Not answered"], ended["Failed"]) == ([1], [1], [0])
    words = said(test)
    for question in ("How much is asked", "How long do people wait?", "Which collections are asked?", "Who asks?"):
        assert question in words
    assert [row["Question"] for row in table(test, "Question")] == [MOON]
    assert [row["Collection"] for row in table(test, "Collection")] == ["Animals *of* the island"]
    test.selectbox(key="insights_behind").set_value("answered").run()
    assert [row["Question"] for row in table(test, "Question")] == [SLEEP]
    test.selectbox(key="insights_behind").set_value("unhelpful").run()
    assert [row["Question"] for row in table(test, "Question")] == [MOON]


def test_a_day_that_is_chosen_lists_its_turns_alone_and_a_row_leads_to_its_conversation(citewell: Citewell) -> None:
    ask_both(citewell)
    test = insights_page()
    (when,) = [box for box in test.selectbox if box.label == "When"]
    assert len(when.options) == 2
    when.set_value(citewell.insights.figures(LOCAL_USER).buckets[0].first).run()
    (chart, *_) = drawn(test, "chart")
    assert chart["picked"] == 0
    assert [row["Question"] for row in table(test, "Question")] == [MOON]
    assert drawn(test, "table")[-1]["ways"] == [{"open": "Open"}]


def test_each_number_shows_the_turns_behind_it(citewell: Citewell) -> None:
    ask_both(citewell)
    test = insights_page()
    test.button(key="behind_all").click().run()
    assert not test.exception
    listed = [rows for rows in tables(test) if "Question" in rows[0]]
    assert sorted(len(rows) for rows in listed) == [1, 2]


def test_a_filter_stays_from_one_part_to_the_other_and_what_is_deleted_is_chosen_no_more(citewell: Citewell) -> None:
    ask_both(citewell)
    empty = citewell.library.create_collection("Empty")
    test = insights_page()
    test.selectbox(key="insights_collection").set_value(empty.id).run()
    assert "Nothing was asked in this period" in said(test)
    test.segmented_control(key="insights_part").set_value("Documents").run()
    assert test.selectbox(key="insights_collection").value == empty.id
    assert "Nothing ails these documents" in said(test)
    citewell.library.delete_collection(empty.id)
    test.run()
    assert test.selectbox(key="insights_collection").value == ""


def test_documents_that_something_ails_are_listed_and_can_be_compared(citewell: Citewell) -> None:
    ask_both(citewell)
    test = insights_page("Documents")
    ails = {row["File"]: row["What ails it"] for row in test.dataframe[0].value.to_dict("records")}
    assert ails["z.md"] in {"never found", "found, never cited"}
    assert "never found" not in ails.get("q.md", "")
    test.button(key="compare").click().run()
    assert not test.exception


def test_whoever_changes_nothing_finds_no_such_page(citewell: Citewell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert citewell.settings.demo is False
    monkeypatch.setattr("ui.visit.may_create", lambda _: False)
    test = insights_page()
    assert "There is no such page" in said(test)
    assert not test.metric
