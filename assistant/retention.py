"""How long things are kept: conversations that nobody uses, what the audit log says, what was counted of people.

An administrator chooses; what goes, goes at the start and once a day, for good.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, timedelta
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter
from sqlalchemy import Engine

from assistant.accounts import Accounts
from assistant.api_keys import ApiKeys
from assistant.audit import Action, Audit
from assistant.choices import Choice, Chosen
from assistant.erasure import ASKED
from assistant.insights.choices import EVENTS_KEPT_DAYS
from assistant.insights.recorder import expire
from assistant.job_table import JobTable
from assistant.limits import Limits
from assistant.question_sets import QuestionSets
from assistant.threads import Threads
from retrieval.dates import utc_now
from retrieval.sqlite_file import empty_log, scrub

KeptName = Literal["conversations_kept_days", "audit_kept_days", "counts_kept_days", "events_kept_days"]
AT_LEAST: Mapping[KeptName, int] = {
    "conversations_kept_days": 1,
    "audit_kept_days": 30,
    "counts_kept_days": 2,
    "events_kept_days": 1,
}
"""Shorter cannot be chosen: an audit log of a week would not show who changed what before the holidays."""
MOST_DAYS = 36_500
KEPT: Mapping[KeptName, Choice[int]] = {
    name: Choice(name, TypeAdapter(Annotated[int, Field(ge=AT_LEAST[name], le=MOST_DAYS)]))
    for name in get_args(KeptName)
}
"""Days. Where nothing is chosen, conversations and audit log stay, counts go after two, events after 400."""
BY_ITSELF = "retention"
"""Who did it, in the audit log."""
_ASKED_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Removed:
    """How much it was."""

    conversations: int
    audit_rows: int
    questions: int = 0
    """Of question sets, where they were taken from conversations."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes what is kept no longer."""

    engine: Engine
    chosen: Chosen
    accounts: Accounts
    threads: Threads
    limits: Limits
    jobs: JobTable
    audit: Audit
    question_sets: QuestionSets
    api_keys: ApiKeys

    @property
    def conversations_kept_days(self) -> int | None:
        """After how many days an unused conversation goes; None where it stays."""
        return self.chosen.get(KEPT["conversations_kept_days"])

    def apply(self) -> Removed:
        """Remove all whose time is up, and leave nothing of it in the database's files; raises HomeInUse."""
        days, now = self.chosen.read(KEPT.values()), utc_now()
        self.threads.purge()
        self.limits.expire(days.get("counts_kept_days"))
        events_kept = timedelta(days=days.get("events_kept_days", EVENTS_KEPT_DAYS))
        expire(self.engine, (now - events_kept).replace(tzinfo=UTC).timestamp())
        self.jobs.expire(ASKED, now - _ASKED_KEPT)
        self.accounts.forget_erased()
        self.api_keys.forget_expired()
        unused, recorded = days.get("conversations_kept_days"), days.get("audit_kept_days")
        removed = Removed(
            len(self.threads.expire(now - timedelta(days=unused))) if unused else 0,
            self.audit.expire(now - timedelta(days=recorded)) if recorded else 0,
            self.question_sets.expire(now - timedelta(days=unused)) if unused else 0,
        )
        if removed != _NOTHING:
            self.audit.record(BY_ITSELF, Action.RETENTION_APPLIED, **asdict(removed))
            scrub(self.engine)
        empty_log(self.engine)
        return removed


_NOTHING = Removed(0, 0)
