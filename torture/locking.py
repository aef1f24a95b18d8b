"""Holds the database's write lock while many answers are written, and looks from outside whether an answer that waits
for its model holds any: the database is then free to be written, and its log to be emptied.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.events import AnswerFinished, Event
from assistant.home import DATABASE_FILE
from assistant.settings import Settings
from benchmarks.paced import PacedEndpoint, paced_endpoint
from torture.writers import leave_home

_QUESTION = "How long do unused days of leave hold?"
_ANSWER = "Unused days of leave hold until 31 March of the following year [1]. " * 20
_ARRIVE_WITHIN_S = 60.0
_FREE_WITHIN_S = 5.0
_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Locked:
    """How many answers came whole although the lock was held for so long, and what was wrong."""

    whole: int
    held_s: float
    problems: tuple[str, ...]


def lock_out(directory: Path, *, sessions: int, held_s: float) -> Locked:
    """Have so many ask at once, first with a model that lets them wait, then with somebody else who writes for long."""
    home = leave_home(directory)
    with paced_endpoint() as endpoint:
        endpoint.text = _ANSWER
        settings = Settings.read(home=home, sample=False, openai_base_url=endpoint.url, model="paced", idle_s=60.0)
        with closing(open_citewell(settings)) as citewell:
            return _locked_out(citewell, endpoint, home / DATABASE_FILE, sessions, held_s)


def _locked_out(citewell: Citewell, endpoint: PacedEndpoint, database: Path, sessions: int, held_s: float) -> Locked:
    ends: list[Event | str] = []
    endpoint.may_go.clear()
    asking = [threading.Thread(target=_ask, args=(citewell, ends)) for _ in range(sessions)]
    for thread in asking:
        thread.start()
    problems = list(_while_they_wait(endpoint, database, sessions))
    holding = threading.Event()
    writer = threading.Thread(target=_write_for_long, args=(database, held_s, holding))
    writer.start()
    holding.wait()
    endpoint.may_go.set()
    for thread in (*asking, writer):
        thread.join()
    whole = [end for end in ends if isinstance(end, AnswerFinished) and _ANSWER.strip() == end.answer.text.strip()]
    problems += [f"an answer did not come whole: {str(end)[:200]}" for end in ends if end not in whole]
    return Locked(len(whole), held_s, tuple(problems))


def _ask(citewell: Citewell, ends: list[Event | str]) -> None:
    try:
        conversation = citewell.conversations.create(LOCAL_USER)
        *_, end = citewell.assistant.ask(_QUESTION, conversation_id=conversation, principal=LOCAL_USER)
        ends.append(end)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        ends.append(f"{type(error).__name__}: {error}")


def _while_they_wait(endpoint: PacedEndpoint, database: Path, sessions: int) -> Iterator[str]:
    """What an answer that waits for its model keeps from others; nothing."""
    until = time.monotonic() + _ARRIVE_WITHIN_S
    arrived = sum(endpoint.arrived.acquire(timeout=max(0.0, until - time.monotonic())) for _ in range(sessions))
    if arrived < sessions:
        yield f"{sessions - arrived} of {sessions} questions did not come to the model"
    if not _within(_FREE_WITHIN_S, lambda: _can_write(database)):
        yield "the database could not be written while answers waited for their model"
    if not _within(_FREE_WITHIN_S, lambda: _can_empty_log(database)):
        yield "somebody went on reading the database while answers waited for their model"


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Whether it is so within that time: what works beside the answers is short, a transaction of theirs is not."""
    until = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < until:
        time.sleep(_AGAIN_S)
    return found


def _can_write(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def _can_empty_log(database: Path) -> bool:
    """Only where nobody holds a snapshot of it."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy


def _write_for_long(database: Path, held_s: float, holding: threading.Event) -> None:
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        holding.set()
        time.sleep(held_s)
        connection.execute("COMMIT")
