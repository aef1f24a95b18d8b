import threading

import pytest

from assistant.access import Principal
from assistant.errors import QuestionRefused
from assistant.events import Answer, AnswerFinished, TextDelta, TurnFailed, TurnStarted, TurnStopped, Usage
from assistant.jobs import JobRegistry

ANNA, BELA = Principal("test", "anna"), Principal("test", "bela")


def answer(text: str) -> Answer:
    return Answer(text, "answered", (), (), Usage(), {})


def counting(gate: threading.Event):
    def turn(cancelled):
        yield TurnStarted(1)
        text = ""
        while not cancelled() and not gate.is_set():
            text += "x"
            yield TextDelta("x")
            gate.wait(0.01)
        yield TurnStopped(answer(text)) if cancelled() else AnswerFinished(answer(text))

    return turn


@pytest.fixture
def gate():
    opened = threading.Event()
    yield opened
    opened.set()


def test_a_viewer_that_comes_late_sees_every_event_from_the_first(gate):
    job = JobRegistry().start(ANNA, "c", "q", counting(gate))
    job.wait(3, timeout_s=5)
    gate.set()
    assert job.wait_ended(5)
    events = job.events()
    assert events[0] == TurnStarted(1)
    assert isinstance(events[-1], AnswerFinished)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == events[-1].answer.text


def test_stop_ends_the_answer_and_keeps_its_text(gate):
    job = JobRegistry().start(ANNA, "c", "q", counting(gate))
    job.wait(2, timeout_s=5)
    job.stop()
    assert job.wait_ended(5)
    last = job.events()[-1]
    assert isinstance(last, TurnStopped)
    assert last.answer.text


def test_a_second_submit_while_answering_is_the_same_turn(gate):
    registry = JobRegistry()
    first = registry.start(ANNA, "c", "q", counting(gate))
    assert registry.start(ANNA, "c", "q", counting(gate)) is first


def test_a_job_is_found_by_its_owner_alone(gate):
    registry = JobRegistry()
    job = registry.start(ANNA, "c", "q", counting(gate))
    assert registry.running(ANNA, "c") is job
    assert registry.running(BELA, "c") is None


def test_a_finished_job_makes_way_for_the_next(gate):
    registry = JobRegistry()
    first = registry.start(ANNA, "c", "q", counting(gate))
    gate.set()
    assert first.wait_ended(5)
    assert registry.running(ANNA, "c") is None
    assert registry.start(ANNA, "c", "q", counting(gate)) is not first


def test_a_refused_question_ends_with_its_reason():
    def refused(cancelled):
        raise QuestionRefused("The question is empty; write one.")
        yield

    job = JobRegistry().start(ANNA, "c", "", refused)
    assert job.wait_ended(5)
    assert job.events() == (TurnFailed("The question is empty; write one.", None),)


def test_stop_all_leaves_no_answer_under_way(gate):
    registry = JobRegistry()
    jobs = [registry.start(ANNA, f"c{n}", "q", counting(gate)) for n in range(3)]
    registry.stop_all(timeout_s=5)
    assert all(job.ended for job in jobs)
