"""F27: stopped by a service manager while it writes answers, it ends in time, in order, and keeps what was written."""

from pathlib import Path

from torture.stops import stops

ANSWERS = 12


def test_what_was_written_is_kept_when_it_is_stopped_under_load(tmp_path: Path) -> None:
    (stop,) = stops(tmp_path, answers=ANSWERS, count=1)
    assert stop.problems == ()
    assert stop.kept == ANSWERS
