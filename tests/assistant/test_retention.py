"""How long things are kept: what is older goes for good, and nothing else."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from assistant.access import LOCAL_USER
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.errors import ChoiceRefused
from assistant.retention import AT_LEAST, KEPT, Removed
from assistant.schema import audit, conversations, jobs, messages, people, used
from assistant.worker import Worker
from retrieval.dates import utc_now
from tests.assistant.canaries import files_with
from tests.assistant.people import ANNA, CANARY, boss, erase, opened, work_off


@pytest.fixture
def citewell(fresh_home: Path, sharing: dict[str, Any]) -> Iterator[Citewell]:
    """A home in which nothing was chosen; no worker runs."""
    with closing(opened(fresh_home, **sharing)) as made:
        yield made


def conversation(citewell: Citewell, *, days_ago: float, asked_days_ago: float | None = None) -> str:
    """One that was begun so long ago, and asked something then, or later."""
    began = utc_now() - timedelta(days=days_ago)
    asked = began if asked_days_ago is None else utc_now() - timedelta(days=asked_days_ago)
    conversation_id = citewell.conversations.create(LOCAL_USER)
    citewell.conversations.begin(conversation_id, LOCAL_USER, f"What is {CANARY}?")
    with citewell.erasure.engine.begin() as connection:
        is_it = conversations.c.id == conversation_id
        connection.execute(update(conversations).where(is_it).values(created_at=began))
        theirs = messages.c.conversation_id == conversation_id
        connection.execute(update(messages).where(theirs).values(created_at=asked))
    return conversation_id


def kept(citewell: Citewell) -> set[str]:
    with citewell.erasure.engine.connect() as connection:
        return set(connection.execute(select(conversations.c.id)).scalars())


def test_where_nothing_was_chosen_conversations_and_audit_log_stay(citewell: Citewell) -> None:
    conversation_id = conversation(citewell, days_ago=4_000)
    recorded_at(citewell, datetime(2001, 1, 1))
    assert citewell.retention.apply() == Removed(0, 0)
    assert kept(citewell) == {conversation_id}
    assert len(citewell.audit.entries()) == 1
    assert citewell.retention.conversations_kept_days is None


def test_a_conversation_goes_when_nothing_was_asked_in_it_for_so_long_and_a_pinned_one_stays(
    citewell: Citewell,
) -> None:
    old, pinned = conversation(citewell, days_ago=31), conversation(citewell, days_ago=31)
    used_since = conversation(citewell, days_ago=90, asked_days_ago=29)
    archived, new = conversation(citewell, days_ago=31), conversation(citewell, days_ago=1)
    citewell.threads.pin(pinned, LOCAL_USER)
    citewell.threads.archive(archived, LOCAL_USER)
    citewell.chosen.set(KEPT["conversations_kept_days"], 30)
    assert citewell.retention.apply() == Removed(2, 0)
    assert kept(citewell) == {pinned, used_since, new}
    assert old not in kept(citewell)
    assert citewell.retention.apply() == Removed(0, 0)
    (entry,) = citewell.audit.entries()
    assert (entry.actor, entry.action, entry.detail) == (
        "retention",
        "retention applied",
        {"conversations": 2, "audit_rows": 0, "questions": 0},
    )


def test_what_went_is_in_no_file_of_a_home_by_itself(fresh_home: Path) -> None:
    with closing(opened(fresh_home)) as citewell:
        conversation_id = conversation(citewell, days_ago=10)
        citewell.attached.attach(conversation_id, LOCAL_USER, [(f"{CANARY}.md", f"# A\n\n{CANARY} sleeps.\n".encode())])
        work_off(citewell)
        assert files_with(citewell.home.path, CANARY)
        citewell.chosen.set(KEPT["conversations_kept_days"], 9)
        citewell.retention.apply()
        work_off(citewell)
        assert files_with(citewell.home.path, CANARY) == []


def test_it_is_applied_when_the_app_starts(citewell: Citewell) -> None:
    conversation(citewell, days_ago=10)
    citewell.chosen.set(KEPT["conversations_kept_days"], 9)
    Worker(citewell).start()
    until = time.monotonic() + 30
    while time.monotonic() < until and kept(citewell):
        time.sleep(0.05)
    assert kept(citewell) == set()


def recorded_at(citewell: Citewell, at: datetime) -> None:
    row = {"at": at, "actor": "test|anna", "action": Action.SIGNED_IN.value, "outcome": "done"}
    with citewell.erasure.engine.begin() as connection:
        connection.execute(insert(audit).values(**row))


def test_rows_of_the_audit_log_go_when_their_time_is_up(citewell: Citewell) -> None:
    for days in (31, 29):
        recorded_at(citewell, utc_now() - timedelta(days=days))
    citewell.chosen.set(KEPT["audit_kept_days"], 30)
    assert citewell.retention.apply() == Removed(0, 1)
    assert [entry.action for entry in citewell.audit.entries()] == ["retention applied", "signed in"]


@pytest.mark.parametrize("name", KEPT)
def test_shorter_than_the_least_cannot_be_chosen(citewell: Citewell, name: str) -> None:
    choice = KEPT[name]  # type: ignore[index]
    for days in (AT_LEAST[name] - 1, 0, -1, 40_000):  # type: ignore[index]
        with pytest.raises(ChoiceRefused):
            citewell.chosen.set(choice, days)
    citewell.chosen.set(choice, AT_LEAST[name])  # type: ignore[index]
    assert citewell.chosen.get(choice) == AT_LEAST[name]  # type: ignore[index]


def test_counts_of_people_go_after_two_days_or_as_was_chosen(citewell: Citewell) -> None:
    def count(days_ago: float) -> None:
        row = {
            "owner": "test|anna",
            "limit": "questions",
            "began_at": utc_now() - timedelta(days=days_ago),
            "amount": 1,
        }
        with citewell.erasure.engine.begin() as connection:
            connection.execute(insert(used).values(**row))

    def counted() -> int:
        with citewell.erasure.engine.connect() as connection:
            return len(connection.execute(select(used)).all())

    count(3)
    count(1)
    citewell.retention.apply()
    assert counted() == 1
    count(8)
    citewell.chosen.set(KEPT["counts_kept_days"], 9)
    citewell.retention.apply()
    assert counted() == 2


def test_what_commands_asked_is_kept_for_a_day(citewell: Citewell) -> None:
    for days_ago in (0.5, 2):
        job_id = citewell.jobs.add("ask", {"text": "?"}, owner=LOCAL_USER.key)
        citewell.jobs.finish(job_id, {"answer": "!"})
        ended = utc_now() - timedelta(days=days_ago)
        with citewell.erasure.engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(ended_at=ended))
    citewell.retention.apply()
    with citewell.erasure.engine.connect() as connection:
        assert len(connection.execute(select(jobs)).all()) == 1


def test_of_whoever_was_erased_even_the_hash_of_the_sign_in_goes_after_a_month(citewell: Citewell) -> None:
    by, who = boss(citewell), citewell.accounts.recognise(ANNA).principal
    erase(citewell, who.person_id, by)
    citewell.retention.apply()
    with citewell.erasure.engine.begin() as connection:
        long_ago = utc_now() - timedelta(days=32)
        changed = connection.execute(update(people).where(people.c.id == who.person_id).values(seen_at=long_ago))
        assert changed.rowcount == 1
    citewell.retention.apply()
    with citewell.erasure.engine.connect() as connection:
        assert connection.execute(select(people.c.id).where(people.c.id == who.person_id)).first() is None
