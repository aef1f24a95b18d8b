"""F23, F24: many at once and many one after the other, in small; `make torture` has their full number and times."""

from pathlib import Path

from torture.crowds import crowd, visits


def test_people_who_arrive_and_ask_all_get_the_answer_that_was_sent(tmp_path: Path) -> None:
    people, outcome, problems = crowd(tmp_path, is_quick=True)
    assert problems == ()
    assert people == 3
    assert outcome.startswith("errors 0;")


def test_visits_one_after_the_other_all_get_their_answer_and_what_they_leave_is_told(tmp_path: Path) -> None:
    _, outcome, problems = visits(tmp_path, is_quick=True)
    assert problems == ()
    assert "memory left" in outcome
