"""The turns behind a number, with the words of a question for whoever may read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from assistant.access import Principal
from assistant.schema import conversations, events, feedback, gap_collections, gap_questions, messages
from retrieval.values import Scope


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and how it went; `at` is UTC. `question` is empty where this person may not read it, or it is gone.

    `conversation_id` is there for whose conversation it is, `gap_id` for whoever may change what was searched; of
    `collections` those that this person may read.
    """

    id: int
    at: datetime
    status: str
    collections: Scope
    question: str
    conversation_id: str | None
    gap_id: int | None
    first_ms: int | None
    total_ms: int | None
    claims: int
    supported: int
    found: int
    cited: int
    tokens: int
    cost: float | None
    currency: str
    is_helpful: bool | None


def read_turns(
    connection: Connection,
    ids: Sequence[int],
    principal: Principal,
    *,
    readable: Scope,
    editable: Scope,
    are_shown: bool,
) -> tuple[Turn, ...]:
    """The turns with these event ids, in their order.

    Words are shown to whose they are, and where `are_shown` to whoever may read every collection that it was about.
    """
    asked = messages.alias("asked")
    query = (
        select(
            events,
            asked.c.text.label("question"),
            conversations.c.id.label("conversation"),
            feedback.c.is_helpful.label("liked"),
        )
        .outerjoin(messages, messages.c.id == events.c.message_id)
        .outerjoin(asked, asked.c.id == messages.c.parent_id)
        .outerjoin(
            conversations, (conversations.c.id == messages.c.conversation_id) & conversations.c.deleted_at.is_(None)
        )
        .outerjoin(feedback, feedback.c.message_id == events.c.message_id)
        .where(events.c.id.in_(ids))
    )
    rows = {row.id: row for row in connection.execute(query)}
    in_gaps = _gaps_of(connection, [row.message_id for row in rows.values()], editable)
    return tuple(_turn(rows[id_], principal, readable, in_gaps, are_shown=are_shown) for id_ in ids if id_ in rows)


def _gaps_of(connection: Connection, answer_ids: Sequence[int | None], editable: Scope) -> dict[int, int]:
    """The gaps that answers are in, of those which are about collections that may be changed."""
    query = (
        select(gap_questions.c.answer_id, gap_questions.c.gap_id)
        .join(gap_collections, gap_collections.c.question_id == gap_questions.c.question_id)
        .where(gap_questions.c.answer_id.in_(answer_ids), gap_collections.c.collection_id.in_(editable))
    )
    return {row.answer_id: row.gap_id for row in connection.execute(query)}


def _turn(row: Row[Any], principal: Principal, readable: Scope, in_gaps: Mapping[int, int], *, are_shown: bool) -> Turn:
    about, is_own = frozenset(row.collections.split()), row.owner == principal.key
    words = row.words or (row.question if row.conversation else "") or ""
    is_readable = is_own or (are_shown and bool(about) and about <= readable)
    return Turn(
        row.id,
        datetime.fromtimestamp(row.at_s, UTC).replace(tzinfo=None),
        row.status,
        about & readable,
        words if is_readable else "",
        row.conversation if is_own else None,
        in_gaps.get(row.message_id),
        row.first_ms,
        row.total_ms,
        row.claims,
        row.supported,
        row.found,
        row.cited,
        row.prompt_tokens + row.completion_tokens,
        row.cost,
        row.currency,
        row.liked,
    )
