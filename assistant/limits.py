"""How much each person may use: questions, tokens and uploads by the clock of UTC, answers at once, and a month's money.

What was used is counted in the database, each time by one statement that counts only within the limit: however many
tabs and threads ask together, exactly as many are let through as the limit says. A limit of one person touches nobody
else, and who has none is not counted.

The package `limits` counts in Redis, Memcached, MongoDB or the memory of one process, not in SQL; its counters would
need a server beside the database, or be gone with a restart. What is left to do without it is one statement.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from assistant.access import Principal
from assistant.choices import Choice, Chosen
from assistant.errors import LimitReached, UploadTooLarge
from assistant.logs import log_event, pseudonym
from assistant.schema import processes, used
from assistant.usage import Usage
from retrieval.dates import utc_now
from retrieval.errors import RetrievalError
from retrieval.outage import through_outage
from retrieval.putting import INSERT

log = logging.getLogger(__name__)
LimitName = Literal["questions_a_day", "tokens_a_day", "uploads_an_hour", "answers_at_once", "upload_mb"]


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one person may use; None: as much as they like. Days and hours are those of UTC."""

    questions_a_day: int | None = None
    tokens_a_day: int | None = None
    uploads_an_hour: int | None = None
    answers_at_once: int | None = None
    upload_mb: int | None = None


SIGNED_IN = Allowance(200, 1_000_000, 500, 4, 100)
"""Far above what a working day takes, far below what a program that asks by itself would."""
VISITOR = Allowance(100, 500_000, 20, 2, 20)
AT_THE_MACHINE = Allowance(upload_mb=100)
_BY_ISSUER: Mapping[str, Allowance] = {"local": AT_THE_MACHINE, "demo": VISITOR}
LIMITS: Mapping[LimitName, Choice[int]] = {
    name: Choice(name, TypeAdapter(Annotated[int, Field(ge=0)])) for name in get_args(LimitName)
}
"""What an administrator may choose for everybody; 0: without limit."""
MONTHLY_BUDGET: Choice[float] = Choice("monthly_budget", TypeAdapter(Annotated[float, Field(ge=0)]))
"""What all answers of a month may cost, in the currency of the prices."""

_EVERYBODY = ""
_ALWAYS = datetime(1970, 1, 1)
"""Since when answers under way are counted: they end with their process, not with a day."""
_ANSWERS = "answers "
"""Before the id of the process in which they are under way."""
_KEPT_DAYS = 2
_MB = 1 << 20  # As the web server counts.


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a limit somebody has used; it begins anew at `continues_at`, in UTC."""

    limit: LimitName
    used: int
    most: int
    continues_at: datetime


class Limits:
    """Counts what people use and refuses what is beyond their limits. Safe to share between threads and processes."""

    def __init__(
        self,
        engine: Engine,
        given: Mapping[str, int] | None = None,
        *,
        monthly_budget: float | None = None,
        currency: Callable[[], str] = lambda: "",
        now: Callable[[], datetime] = utc_now,
        process_id: str = "",
    ) -> None:
        """`process_id` is whose the answers are that are under way here; `given` are the limits that the settings name; what is chosen on a page goes before them.

        `currency` is that of the prices at the moment; each currency is counted for itself.
        """
        self._engine = engine
        self._chosen = Chosen(engine)
        self._given = dict(given or {})
        self._budget = monthly_budget
        self._currency = currency
        self._now = now
        self._answers = f"{_ANSWERS}{process_id}"

    def of(self, principal: Principal) -> Allowance:
        """What this person may use."""
        default = asdict(_BY_ISSUER.get(principal.issuer, SIGNED_IN))
        values = default | self._given | self._chosen.read(LIMITS.values())
        return Allowance(**{name: value or None for name, value in values.items()})

    def standing(self, principal: Principal) -> tuple[Standing, ...]:
        """How much this person has used of what is limited by the clock."""
        may, at = self.of(principal), self._now()
        counted: Sequence[tuple[LimitName, str, int | None, datetime, datetime]] = (
            ("questions_a_day", "questions", may.questions_a_day, *_day(at)),
            ("tokens_a_day", "tokens", may.tokens_a_day, *_day(at)),
            ("uploads_an_hour", "uploads", may.uploads_an_hour, *_hour(at)),
        )
        with self._engine.connect() as connection:
            return tuple(
                Standing(name, int(_amount(connection, principal.key, what, since)), most, until)
                for name, what, most, since, until in counted
                if most is not None
            )

    # Questions and answers.

    @contextmanager
    def answering(self, principal: Principal) -> Iterator[None]:
        """Counts a question, and an answer while it is under way. Raises LimitReached, and then nothing is counted."""
        is_counted = self._begin_answer(principal)
        try:
            yield
        finally:
            if is_counted:
                with _not_lost():
                    self._end_answer(principal.key)

    @through_outage
    def _begin_answer(self, principal: Principal) -> bool:
        """Whether it is counted as under way."""
        may, key = self.of(principal), principal.key
        if not (may.questions_a_day or may.tokens_a_day or may.answers_at_once):
            return False
        today, tomorrow = _day(self._now())
        with _told(principal), self._engine.begin() as connection:
            # First, whether it is limited or not: whoever asks for this person in another process waits here.
            may_ask = _counts(connection, key, "questions", today, most=may.questions_a_day or math.inf)
            if may.answers_at_once is not None and _under_way(connection, key) >= may.answers_at_once:
                raise LimitReached("answers_at_once", _too_many_at_once(may.answers_at_once))
            _counts(connection, key, self._answers, _ALWAYS, most=math.inf if may.answers_at_once else None)
            if not may_ask:
                asked = _counted(may.questions_a_day or 0, "question")
                raise LimitReached("questions_a_day", f"You have asked your {asked} of today", tomorrow)
            if may.tokens_a_day is not None and _amount(connection, key, "tokens", today) >= may.tokens_a_day:
                raise LimitReached(
                    "tokens_a_day", "Your answers of today have reached the length that a day allows", tomorrow
                )
        return may.answers_at_once is not None

    @through_outage
    def _end_answer(self, key: str) -> None:
        one = (used.c.owner == key) & (used.c.limit == self._answers) & (used.c.amount > 0)
        with self._engine.begin() as connection:
            connection.execute(update(used).where(one).values(amount=used.c.amount - 1))

    def spend(self, usage: Usage, principal: Principal) -> None:
        """Count the tokens of an answer, where they are limited, and its cost, where it is known.

        An answer that goes beyond the day's tokens is finished; the next question is refused.
        """
        tokens, at = usage.prompt_tokens + usage.completion_tokens, self._now()
        if not tokens:
            return
        with _not_lost():
            is_limited = self.of(principal).tokens_a_day is not None
            if not (is_limited or usage.cost):
                return
            with self._engine.begin() as connection:
                if is_limited:
                    _counts(connection, principal.key, "tokens", _day(at)[0], tokens)
                if usage.cost:
                    _counts(connection, _EVERYBODY, _cost(usage.currency or self._currency()), _month(at), usage.cost)

    # A month's money.

    def spent(self) -> float:
        """What the answers of this month have cost so far, everybody's together."""
        with self._engine.connect() as connection:
            return _amount(connection, _EVERYBODY, _cost(self._currency()), _month(self._now()))

    def is_budget_spent(self) -> bool:
        """Whether this month's budget is used up; never where there is none. What is under way then is finished."""
        chosen = self._chosen.get(MONTHLY_BUDGET)
        budget = self._budget if chosen is None else chosen
        return budget is not None and self.spent() >= budget

    # Uploads.

    def take_uploads(self, principal: Principal, files: Sequence[tuple[str, int]]) -> None:
        """Count files, given as (name, bytes), before they are kept: all of them or none.

        Raises UploadTooLarge or LimitReached.
        """
        may = self.of(principal)
        for name, size in files:
            if may.upload_mb is not None and size > may.upload_mb * _MB:
                raise UploadTooLarge(name, size, most_mb=may.upload_mb)
        if may.uploads_an_hour is None or not files:
            return
        hour, next_hour = _hour(self._now())
        with _told(principal), self._engine.begin() as connection:
            if not _counts(connection, principal.key, "uploads", hour, len(files), most=may.uploads_an_hour):
                left = int(max(0, may.uploads_an_hour - _amount(connection, principal.key, "uploads", hour)))
                raise LimitReached("uploads_an_hour", _too_many_uploads(left, may.uploads_an_hour), next_hour)

    def start_anew(self) -> None:
        """Whatever a process had under way that is gone is under way no more."""
        living = select(_ANSWERS + processes.c.id).scalar_subquery()
        with self._engine.begin() as connection:
            connection.execute(delete(used).where(used.c.began_at == _ALWAYS, used.c.limit.not_in(living)))

    def expire(self, days: int | None = None) -> None:
        """Forget what was counted of people so many days ago, two where nothing is said; a month's cost stays."""
        is_old = used.c.began_at < self._now() - timedelta(days=_KEPT_DAYS if days is None else days)
        is_ended = (used.c.owner != _EVERYBODY) & (used.c.began_at != _ALWAYS)
        with self._engine.begin() as connection:
            connection.execute(delete(used).where(is_ended, is_old))


def _counts(
    connection: Connection, owner: str, what: str, since: datetime, amount: float = 1, *, most: float | None = math.inf
) -> bool:
    """Add to a counter, unless it would go beyond `most`; whether it did not. Without a limit (None) nothing is counted.

    One statement, so that two at the same time cannot both take what is left for one.
    """
    if most is None:
        return True
    if amount > most:
        return False
    taking = _taking(connection.dialect.name, owner, what, since, amount, most=most)
    return connection.execute(taking).first() is not None


def _taking(dialect: str, owner: str, what: str, since: datetime, amount: float, *, most: float) -> Any:
    row = INSERT[dialect](used).values(owner=owner, limit=what, began_at=since, amount=amount)
    grown = used.c.amount + amount
    row = row.on_conflict_do_update(index_elements=list(used.primary_key), set_={"amount": grown}, where=grown <= most)
    return row.returning(used.c.amount)


def _amount(connection: Connection, owner: str, what: str, since: datetime) -> float:
    is_it = (used.c.owner == owner) & (used.c.limit == what) & (used.c.began_at == since)
    return float(connection.execute(select(used.c.amount).where(is_it)).scalar() or 0.0)


def _under_way(connection: Connection, owner: str) -> float:
    """How many answers of a person are being written, in all processes."""
    theirs = (used.c.owner == owner) & (used.c.began_at == _ALWAYS)
    return float(connection.execute(select(func.sum(used.c.amount)).where(theirs)).scalar() or 0.0)


@contextmanager
def _not_lost() -> Iterator[None]:
    """Around what is counted when an answer is there: where that fails the log says so, and the answer stands."""
    try:
        yield
    except (RetrievalError, SQLAlchemyError):
        log.warning("what an answer took could not be counted", exc_info=True)


@contextmanager
def _told(principal: Principal) -> Iterator[None]:
    """Tells the log of a limit that was reached."""
    try:
        yield
    except LimitReached as error:
        log_event("limit_reached", limit=error.limit, who=pseudonym(principal))
        raise


def _cost(currency: str) -> str:
    return f"cost {currency}"


def _day(at: datetime) -> tuple[datetime, datetime]:
    """The day of UTC in which a moment lies, and the next one."""
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return begin, begin + timedelta(days=1)


def _hour(at: datetime) -> tuple[datetime, datetime]:
    begin = at.replace(minute=0, second=0, microsecond=0)
    return begin, begin + timedelta(hours=1)


def _month(at: datetime) -> datetime:
    return _day(at)[0].replace(day=1)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _too_many_at_once(most: int | None) -> str:
    if most == 1:
        return "An answer of yours is being written; wait for it, or stop it"
    return f"{most} answers of yours are being written; wait for one of them, or stop it"


def _too_many_uploads(left: int, most: int) -> str:
    if left == 0:
        return f"You have added your {_counted(most, 'file')} of this hour"
    return f"You can add only {_counted(left, 'more file')} in this hour, so choose fewer"
