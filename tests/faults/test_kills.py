"""F12: a process that reads documents in is killed at twenty instants; nothing acknowledged is lost."""

from pathlib import Path

import pytest

from torture.kills import Killing

KILLS = 20


@pytest.mark.timeout(600)
def test_no_kill_loses_or_halves_a_document_and_another_run_comes_to_the_same(tmp_path: Path) -> None:
    rounds = tuple(Killing(tmp_path, documents=30, seed=20260403).rounds(KILLS))
    assert [problem for round_ in rounds for problem in round_.problems] == []
    assert len(rounds) == KILLS
    killed = [round_ for round_ in rounds if not round_.ended]
    assert len(killed) > KILLS / 2, "most processes were done before they were to be killed"
    assert any(round_.acknowledged for round_ in killed)
