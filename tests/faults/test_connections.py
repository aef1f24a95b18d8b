"""F25: a connection lost in mid-answer, and two tabs that then open the conversation: the whole answer, stored once."""

from pathlib import Path

from torture.connections import lose_connections


def test_a_lost_connection_neither_loses_nor_doubles_an_answer_that_two_tabs_then_see(tmp_path: Path) -> None:
    lost = lose_connections(tmp_path, count=3, seed=20260403)
    assert lost.problems == ()
    assert lost.count == 3
