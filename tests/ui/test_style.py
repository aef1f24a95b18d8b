"""The style of answers: chosen beside the filters, used by the next question, remembered for the conversation."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

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


def test_a_conversation_that_is_opened_again_goes_on_in_its_style(home: Path) -> None:  # noqa: F811
    test = page()
    test.radio(key="style_new").set_value("detailed").run()
    ask(test, MEAL)
    conversation = test.session_state["citewell_conversation"].id
    again = page(c=conversation)
    assert again.radio(key=f"style_{conversation}").value == "detailed"
