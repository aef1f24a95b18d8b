"""F13: a process that is killed while it writes answers loses no question, and little of what was written."""

from pathlib import Path

from torture.cut_off import cut_offs

ANSWERS = 4


def test_answers_cut_off_by_a_kill_are_shown_as_interrupted_with_what_was_written(tmp_path: Path) -> None:
    found = tuple(cut_offs(tmp_path, answers=ANSWERS, count=2, seed=20260403))
    assert [problem for cut_off in found for problem in cut_off.problems] == []
    assert [cut_off.interrupted for cut_off in found] == [ANSWERS, ANSWERS]
