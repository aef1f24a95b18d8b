"""F22: the machine's clock is set back and forth while people ask: what came later stands later, whatever its time."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

import retrieval.dates
from assistant.access import LOCAL_USER, Principal
from assistant.choices import Chosen
from assistant.conversations import Conversations
from assistant.errors import LimitReached
from assistant.insights.happened import Happened
from assistant.insights.recorder import Recorder
from assistant.job_table import JobTable
from assistant.jobs import JobRegistry
from assistant.limits import Limits
from assistant.schema import events
from assistant.threads import Threads
from retrieval.database import open_database

ANNA = Principal("test", "anna")
JUMPS = (timedelta(0), timedelta(days=-400), timedelta(hours=-1), timedelta(days=30), timedelta(seconds=-2))


class Clock(datetime):
    """The machine's clock, as far off as it was set."""

    off = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + cls.off


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(retrieval.dates, "datetime", Clock)
    monkeypatch.setattr(Clock, "off", timedelta(0))
    return Clock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield engine
    engine.dispose()


def test_messages_stand_in_the_order_in_which_they_were_written(engine: Engine, clock: type[Clock]) -> None:
    conversations = Conversations(engine)
    conversation = conversations.create(ANNA)
    for number, jump in enumerate(JUMPS):
        clock.off = jump
        conversations.save(
            conversations.begin(conversation, ANNA, f"question {number}"), state="done", text=f"answer {number}"
        )
    shown = conversations.messages(conversation, ANNA)
    assert [message.text for message in shown] == [f"{word} {n}" for n in range(5) for word in ("question", "answer")]


def test_conversations_are_listed_and_found_by_what_was_asked_last(engine: Engine, clock: type[Clock]) -> None:
    conversations, threads = Conversations(engine), Threads(engine, JobRegistry())
    asked = []
    for jump in JUMPS:
        clock.off = jump
        asked.append(conversations.create(ANNA))
        conversations.begin(asked[-1], ANNA, "How many days of leave?")
    newest_first = asked[::-1]
    clock.off = timedelta(0)
    assert [thread.id for thread in threads.list(ANNA)] == newest_first
    assert [found.thread.id for found in threads.search(ANNA, "leave")] == newest_first
    for conversation in asked:
        threads.rename(conversation, ANNA, "Paid leave")
    assert [found.thread.id for found in threads.search(ANNA, "paid leave")] == newest_first
    assert [found.thread.id for found in threads.search(ANNA, "paid leave", limit=2)] == newest_first[:2]


def test_jobs_are_done_in_the_order_in_which_they_were_wanted(engine: Engine, clock: type[Clock]) -> None:
    table, wanted = JobTable(engine), []
    for jump in JUMPS:
        clock.off = jump
        wanted.append(table.add("ingest", {"folder": "/handbook"}, owner=ANNA.key))
    done = []
    while (job := table.claim({"ingest"})) is not None:
        done.append(job.id)
    assert done == wanted


def test_a_day_s_questions_are_counted_once_whatever_the_clock_said_between(engine: Engine, clock: type[Clock]) -> None:
    # By the end of the product's own day it would be another day's limit.
    noon = datetime(2026, 11, 27, 12)
    limits = Limits(engine, {"questions_a_day": 3}, now=lambda: noon + clock.off)
    for jump in (timedelta(0), timedelta(hours=-1), timedelta(hours=2)):
        clock.off = jump
        with limits.answering(ANNA):
            pass
    clock.off = timedelta(days=1)
    with limits.answering(ANNA):
        pass
    clock.off = timedelta(0)
    with pytest.raises(LimitReached), limits.answering(ANNA):
        pass


def test_what_happened_is_kept_in_the_order_in_which_it_happened(engine: Engine) -> None:
    times = iter((1_800_000_000, 1_700_000_000, 1_800_000_001, 1_600_000_000))
    with closing(Recorder(engine, Chosen(engine), now=lambda: next(times))) as recorder:
        for number in range(4):
            recorder.record(Happened("turn", LOCAL_USER.key, message_id=number))
        recorder.flush()
    with engine.connect() as connection:
        rows = connection.execute(select(events.c.message_id, events.c.at_s).order_by(events.c.id)).all()
    assert [row.message_id for row in rows] == [0, 1, 2, 3]
    assert [row.at_s for row in rows] == [1_800_000_000, 1_700_000_000, 1_800_000_001, 1_600_000_000]
