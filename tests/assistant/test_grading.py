"""A model's opinion on an evaluation's answers: asked about answers alone, read strictly, labelled with its name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import LabelledQuestion, Told
from assistant.grading import grade_answers, read_grade
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import model_at

LEAVE = LabelledQuestion("How long is my leave?", True, ("26 days",))
OFFICE = LabelledQuestion("Where is the office?", True, ("Port Ardle",))
ANSWERED = Told(0.9, "answerable", ("Leave is 26 days.",), ("leave.md",), 0.7)
REFUSED = Told(0.1, "unanswerable", (), (), 0.2)


def test_right_wrong_and_unclear_replies_are_counted_and_a_refusal_is_wrong_unasked():
    scripts = [reply('{"right": true}'), reply('Well: {"right": false}'), reply("Perhaps.")]
    with ScriptedEndpoint(scripts) as endpoint:
        grades = grade_answers(
            [(LEAVE, ANSWERED), (OFFICE, ANSWERED), (LEAVE, ANSWERED), (OFFICE, REFUSED)], model_at(endpoint.url)
        )
        asked = [request.body["messages"][0]["content"] for request in endpoint.requests if request.body]
    assert grades is not None
    assert (grades.questions, grades.right, grades.unclear) == (4, 0.25, 1)
    assert grades.model
    assert len(asked) == 3
    assert all(text in asked[0] for text in (LEAVE.text, "26 days", "Leave is 26 days."))


def test_without_a_known_answer_nothing_is_asked():
    unknown = LabelledQuestion("Who?", True)
    with ScriptedEndpoint([reply("never")]) as endpoint:
        assert (
            grade_answers([(unknown, ANSWERED), (LabelledQuestion("Why?", False), REFUSED)], model_at(endpoint.url))
            is None
        )
        assert endpoint.requests == []


@pytest.mark.parametrize("text", ["", "{}", '{"right": "perhaps"}', '{"right": true, "why": ""}', "{", "}{", "yes"])
def test_what_is_no_such_object_is_no_grade(text):
    assert read_grade(text) is None


@given(st.booleans(), st.text(alphabet="ab \n", max_size=20))
def test_a_grade_is_read_whatever_stands_around_it(right, around):
    assert read_grade(around + json.dumps({"right": right}) + around) is right
