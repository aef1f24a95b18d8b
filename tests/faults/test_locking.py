"""F19: somebody else who writes for long keeps no session from its answer, and an answer that waits for its model keeps
nobody from the database."""

from pathlib import Path

from torture.locking import lock_out

SESSIONS = 20


def test_twenty_sessions_beside_a_long_writer_get_their_answers_and_wait_without_a_transaction(tmp_path: Path) -> None:
    locked = lock_out(tmp_path, sessions=SESSIONS, held_s=3)
    assert locked.problems == ()
    assert locked.whole == SESSIONS
