"""F14: a disk that gets full is named in one sentence, loses nothing acknowledged, and is no matter once it has room."""

from pathlib import Path

import pytest

from torture.disk import NoSmallDisk, fill_up


def test_a_full_disk_loses_nothing_and_with_room_again_all_is_read(tmp_path: Path) -> None:
    try:
        fillings = tuple(fill_up(tmp_path, documents=40, rooms_kb=(0, 300, 1500, 8000)))
    except NoSmallDisk as refused:
        pytest.skip(f"needs the right to mount a small file system: {refused}")
    assert [problem for filling in fillings for problem in filling.problems] == []
    assert [filling.said is None for filling in fillings] == [False, False, False, True]
    assert fillings[2].acknowledged > 0
