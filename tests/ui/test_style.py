"""The style of answers: chosen beside the filters, used by the next question, remembered for the conversation."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from assistant.running import RUNNING
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.ui.test_app import ask, page
from tests.ui.test_narrowing import home  # noqa: F401 - a fixture

MEAL = "How high is the meal allowance?"


def conversation_style(test: AppTest) -> str:
    messages = test.session_state["citewell_conversation"].messages
    return str(messages[-1].work.answer.style)


def test_a_style_holds_from_the_next_question_on_and_for_its_conversation_alone(home: Path) -> None:  # noqa: F811
    test = page()
    test.radio(key="style_new").set_value("short").run()
    ask(test, MEAL)
    assert conversation_style(test) == "short"
    (radio,) = (radio for radio in test.radio if (radio.key or "").startswith("style_"))
    assert radio.value == "short", "the conversation keeps it"
    test.button(key="new_chat").click().run()
    assert test.radio(key="style_new").value == "standard", "a new one begins as usual"


class Forged(list[str]):
    """Options of a widget for which the browser sends something else."""

    def index(self, *_: object) -> int:
        return len(self) - 1


def test_a_style_that_was_never_offered_is_none(home: Path) -> None:  # noqa: F811
    test = page()
    radio = test.radio(key="style_new")
    radio.options = Forged([*radio.options, "../../../etc/passwd"])
    radio.set_value("short").run()
    ask(test, MEAL)
    assert conversation_style(test) == "standard"


def test_a_conversation_that_is_opened_again_goes_on_in_its_style(home: Path) -> None:  # noqa: F811
    test = page()
    test.radio(key="style_new").set_value("detailed").run()
    ask(test, MEAL)
    conversation = test.session_state["citewell_conversation"].id
    again = page(c=conversation)
    assert again.radio(key=f"style_{conversation}").value == "detailed"


def test_a_model_is_chosen_beside_the_style_remembered_and_told_with_the_answer(
    home: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedEndpoint([reply("The meal allowance is 55 euros a day on every trip [1].")]) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("CITEWELL_MODEL", "usual")
        monkeypatch.setenv("CITEWELL_MODELS", "large")
        RUNNING.close()
        st.cache_resource.clear()
        test = page()
        assert test.radio(key="model_new").options == ["usual", "large"]
        test.radio(key="model_new").set_value("large").run()
        ask(test, MEAL)
        (answer,) = [m.work.answer for m in test.session_state["citewell_conversation"].messages if m.work]
        conversation = test.query_params["c"]
        assert answer.usage.model == "large"
        assert page(c=conversation).radio(key=f"model_{conversation}").value == "large"
        monkeypatch.setenv("CITEWELL_MODELS", "other")
        RUNNING.close()
        assert page(c=conversation).radio(key=f"model_{conversation}").value == "usual", "it may no longer be used"
        RUNNING.close()
        st.cache_resource.clear()
