"""The page of gaps as Streamlit runs it."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.gaps.board import ASK_AGAIN
from assistant.gaps.values import Gap
from assistant.settings import Settings
from tests.conftest import document
from tests.ui.administration import running
from tests.ui.test_app import page, said

HOSTILE = "May I bring :red[my] dog ![x](https://evil.example/x.png) to the office?"


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A home in which somebody asked what its one document does not say."""
    made = open_citewell(Settings(home=tmp_path / "home", sample=False))
    collection = made.library.create_collection("Handbook")
    made.intake.add_parsed(collection.id, [("leave", document("Staff have 26 days of leave.", title="Leave"))])
    for question in (HOSTILE, "How much does the company pay into my pension?"):
        conversation_id = made.conversations.create(LOCAL_USER)
        list(made.assistant.ask(question, conversation_id=conversation_id, principal=LOCAL_USER))
    made.background.wait()
    made.gaps.gathering.gather()
    made.close()
    with running(tmp_path / "home", monkeypatch) as opened:
        yield opened


def gap_about(citewell: Citewell, word: str) -> Gap:
    return next(gap for gap in citewell.gaps.list(LOCAL_USER) if word in repr(gap.questions))


def opened(gap: Gap) -> AppTest:
    test = page().switch_page("views/gaps.py").run()
    return test.button(key=f"gap_{gap.id}").click().run()


def test_what_was_asked_is_drawn_as_it_was_written(citewell: Citewell) -> None:
    """Its words are no Markdown, in the list and on the page of the gap."""
    test = page().switch_page("views/gaps.py").run()
    labels = [button.label for button in test.button if button.key and button.key.startswith("gap_")]
    assert not any("![" in words or ":red[" in words for words in (*labels, said(test)))
    assert "![x]" in unescape(said(test))
    assert "https" in unescape(said(opened(gap_about(citewell, "dog"))))


def test_taking_a_gap_and_changing_its_state_is_recorded(citewell: Citewell) -> None:
    gap = gap_about(citewell, "pension")
    test = opened(gap)
    test = test.button(key="take_gap").click().run()
    assert [button.label for button in test.button if button.key == "take_gap"] == ["Give it back"]
    test.selectbox(key=f"gap_state_{gap.id}_open").set_value("written").run()
    now = citewell.gaps.get(gap.id, LOCAL_USER)
    assert (now.is_mine, now.state) == (True, "written")
    entries = citewell.audit.entries(Sought(action=Action.GAP_CHANGED))
    assert [entry.target for entry in entries] == [f"gap {gap.id}"] * 2


def test_a_gap_that_is_gone_leads_back_to_the_list(citewell: Citewell) -> None:
    test = opened(gap_about(citewell, "pension"))
    citewell.conversations.forget(LOCAL_USER)
    test.run()
    assert "What the documents do not say" in said(test)
    assert "will be listed here" in said(test)


def test_asking_again_shows_that_it_is_under_way_and_what_came_of_it(citewell: Citewell) -> None:
    gap = gap_about(citewell, "pension")
    test = opened(gap)
    test = test.button(key="ask_gap_again").click().run()
    while citewell.jobs.open((ASK_AGAIN,)):
        citewell.wake.wait(0.1)
    test.run()
    assert "Last asked again on" in said(test)
