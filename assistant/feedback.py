"""What people think of answers: a thumb, perhaps a reason and a comment, kept until it is changed or taken back.

What an answer was made of stands with its message, so whoever looks into a complaint finds the question, the passages
and the whole search beside it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, delete, select

from assistant.access import Principal
from assistant.conversations import State, Work
from assistant.errors import FeedbackRefused
from assistant.insights.happened import Happened
from assistant.schema import conversations, feedback, messages
from retrieval.dates import utc_now
from retrieval.putting import put

Reason = Literal["wrong", "not_in_source", "incomplete", "outdated", "hard_to_read", "other"]
REASONS: Mapping[Reason, str] = {
    "wrong": "Wrong",
    "not_in_source": "The source does not say it",
    "incomplete": "Incomplete",
    "outdated": "Out of date",
    "hard_to_read": "Hard to read",
    "other": "Something else",
}
"""Why an answer did not help, in the words a person chooses among."""
MOST_COMMENT_CHARS = 2_000
JUDGED_STATES: tuple[State, ...] = ("done", "stopped")
"""Only an answer that has ended is judged."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person thinks of one answer; `reason` is for those that did not help."""

    is_helpful: bool
    reason: Reason | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with somebody's opinion of it and all that it was made of; `updated_at` is UTC."""

    message_id: int
    conversation_id: str
    opinion: Opinion
    updated_at: datetime
    question: str
    answer: str
    work: Work | None


_OPINION: TypeAdapter[Opinion] = TypeAdapter(Opinion)
_WORK: TypeAdapter[Work] = TypeAdapter(Work)


def opinion_from(value: Any) -> Opinion:
    """The opinion that a browser sent, as the dictionary of its fields; raises FeedbackRefused."""
    try:
        return _checked(_OPINION.validate_python(value))
    except ValidationError as error:
        raise FeedbackRefused("That feedback could not be read; choose again.") from error


class Feedback:
    """Keeps opinions of answers, one for each person and answer."""

    def __init__(self, engine: Engine, *, record: Callable[[Happened], None] = lambda _: None) -> None:
        """`record` is told of each, and waits for nothing."""
        self._engine = engine
        self._record = record

    def give(self, message_id: int, principal: Principal, opinion: Opinion) -> None:
        """Keep what a person thinks of an answer of theirs, in place of what they thought before.

        Raises FeedbackRefused where the comment is too long, or there is no such finished answer for this person.
        """
        opinion = _checked(opinion)
        now = utc_now()
        values = {"is_helpful": opinion.is_helpful, "reason": opinion.reason, "comment": opinion.comment}
        with self._engine.begin() as connection:
            _answered(connection, message_id, principal)
            key, changes = {"message_id": message_id, "owner": principal.key}, {**values, "updated_at": now}
            put(connection, feedback, {**key, **changes, "created_at": now}, changes)
        self._tell(message_id, principal, opinion)

    def withdraw(self, message_id: int, principal: Principal) -> None:
        """Forget what a person thought of an answer."""
        with self._engine.begin() as connection:
            withdrawn = connection.execute(delete(feedback).where(*_own(message_id, principal))).rowcount
        if withdrawn:
            self._tell(message_id, principal, None)

    def _tell(self, message_id: int, principal: Principal, opinion: Opinion | None) -> None:
        is_helpful = opinion.is_helpful if opinion else None
        detail = {"reason": opinion.reason} if opinion and opinion.reason else None
        self._record(Happened("feedback", principal.key, message_id=message_id, is_helpful=is_helpful, detail=detail))

    def of(self, message_ids: Collection[int], principal: Principal) -> dict[int, Opinion]:
        """The person's opinions of these answers; answers without one are left out."""
        query = select(feedback).where(feedback.c.message_id.in_(message_ids), feedback.c.owner == principal.key)
        with self._engine.connect() as connection:
            return {row["message_id"]: _opinion(row) for row in connection.execute(query).mappings()}

    def judged(self, *, is_helpful: bool | None = None, limit: int = 100) -> tuple[Judged, ...]:
        """Everybody's opinions with the answers they are about, the newest first: for whoever may see all of them."""
        asked = messages.alias("asked")
        query = (
            select(
                feedback, messages.c.conversation_id, messages.c.text, messages.c.work, asked.c.text.label("question")
            )
            .join(messages, messages.c.id == feedback.c.message_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .outerjoin(asked, asked.c.id == messages.c.parent_id)
            .where(conversations.c.deleted_at.is_(None))
            .order_by(feedback.c.updated_at.desc(), feedback.c.message_id.desc())
            .limit(limit)
        )
        if is_helpful is not None:
            query = query.where(feedback.c.is_helpful == is_helpful)
        with self._engine.connect() as connection:
            return tuple(_judged(row) for row in connection.execute(query).mappings())


def _checked(opinion: Opinion) -> Opinion:
    comment = opinion.comment.strip()
    if len(comment) > MOST_COMMENT_CHARS:
        raise FeedbackRefused(
            f"The comment has {len(comment):,} characters; at most {MOST_COMMENT_CHARS:,} are kept. Shorten it."
        )
    return Opinion(opinion.is_helpful, None if opinion.is_helpful else opinion.reason, comment)


def _answered(connection: Connection, message_id: int, principal: Principal) -> None:
    query = (
        select(messages.c.id)
        .join(conversations)
        .where(
            messages.c.id == message_id,
            messages.c.role == "assistant",
            messages.c.state.in_(JUDGED_STATES),
            conversations.c.owner == principal.key,
            conversations.c.deleted_at.is_(None),
        )
    )
    if connection.execute(query).first() is None:
        raise FeedbackRefused("There is no such answer any more.")


def _own(message_id: int, principal: Principal) -> tuple[Any, Any]:
    return feedback.c.message_id == message_id, feedback.c.owner == principal.key


def _opinion(row: Any) -> Opinion:
    return Opinion(row["is_helpful"], row["reason"], row["comment"])


def _judged(row: Any) -> Judged:
    work = None if row["work"] is None else _WORK.validate_python(row["work"])
    return Judged(
        row["message_id"],
        row["conversation_id"],
        _opinion(row),
        row["updated_at"],
        row["question"] or "",
        row["text"],
        work,
    )
