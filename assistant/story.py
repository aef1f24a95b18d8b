"""What became of a request: from the database, and from a log where one is given. None of anybody's words.

For whoever runs commands at the machine that holds the data.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, RowMapping, select

from assistant.logs import one_line, pseudonym_of
from assistant.schema import conversations, messages
from assistant.secrecy import MASKER

_COLUMNS = ("state", "reason", "model", "prompt_tokens", "completion_tokens", "cost", "currency", "first_token_ms")
_MOST_LINE_CHARS = 100_000


def story_of(engine: Engine, request: str) -> dict[str, Any] | None:
    """The answer that has this request's id, or this number in the log; None where there is none."""
    is_it = messages.c.request_id == request
    if request.isascii() and request.isdigit() and len(request) < 18:
        is_it |= messages.c.id == int(request)
    query = (
        select(messages, conversations.c.owner)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(is_it, messages.c.role == "assistant")
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _told(row)


def lines_of(log: Iterable[str], request: str, answer: int | None) -> Iterator[Mapping[str, Any]]:
    """The lines of a log in JSON that are about a request, or about its answer, in their order; others are passed over."""
    for line in log:
        if len(line) > _MOST_LINE_CHARS or not line.startswith("{"):
            continue
        try:
            facts = json.loads(line)
        except ValueError:
            continue
        if facts.get("request") == request or (answer is not None and facts.get("answer") == answer):
            yield facts


def in_words(story: Mapping[str, Any]) -> Iterator[str]:
    """The story for a person, a line for each step."""
    yield f"Request {story['request'] or 'without an id'}: answer {story['answer']} of conversation {story['conversation']}"
    yield f"  asked on {story['asked_at']} by {story['who']}"
    if story["search_ms"]:
        parts = ", ".join(f"{part} {ms:.0f} ms" for part, ms in story["search_ms"].items())
        yield f"  searched: {parts}; {story['passages']} passages"
    for note in story["notes"]:
        yield f"  note: {note}"
    if story["model"]:
        tokens = f"{story['prompt_tokens'] or 0} tokens in, {story['completion_tokens'] or 0} out"
        first = f", first word after {story['first_token_ms']:.0f} ms" if story["first_token_ms"] is not None else ""
        yield f"  model {story['model']}: {tokens}{first}"
    took = f" after {story['total_ms']:.0f} ms" if story["total_ms"] is not None else ""
    yield f"  ended: {' '.join(filter(None, (story['state'], story['status'])))}{took}"
    if story["reason"]:
        yield f"  because: {story['reason']}"


def _told(row: RowMapping) -> dict[str, Any]:
    work = row["work"] or {}
    answer, trace = work.get("answer") or {}, work.get("trace") or {}
    return {
        "request": row["request_id"],
        "answer": row["id"],
        "conversation": row["conversation_id"],
        "who": pseudonym_of(row["owner"]),
        "asked_at": f"{row['created_at'].isoformat(timespec='milliseconds')}Z",
        **{name: row[name] for name in _COLUMNS},
        "reason": _clean(row["reason"]),
        "total_ms": row["total_ms"],
        "status": answer.get("status"),
        "model_calls": answer.get("model_calls"),
        "passages": len(work.get("passages") or ()),
        "search_ms": trace.get("timings_ms") or {},
        "notes": [_clean(note) for note in trace.get("notes") or ()],
    }


def _clean(sentence: str | None) -> str | None:
    return None if sentence is None else one_line(MASKER.masked(sentence))
