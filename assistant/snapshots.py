"""A conversation shared inside the organisation, as it was on the day: whoever has the link reads it, nobody adds to it.

A snapshot keeps questions, answers and their citations, and nothing of how they were found or what they cost. What is
read of it is decided anew each time, by what its reader may read then.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, insert, select

from assistant.access import Principal
from assistant.conversations import Conversations, State
from assistant.errors import SnapshotNotFound
from assistant.events import Answer, CheckedSentence
from assistant.notices import INSTEAD
from assistant.schema import conversations, snapshots
from assistant.transcript import Entry, Transcript, transcript_of
from assistant.usage import Usage
from retrieval.catalogue import Catalogue
from retrieval.dates import utc_now
from retrieval.values import Scope

_ID_BYTES = 16
_COUNTED = "[not shared: what counts documents depends on who asks; ask it yourself]"
_UNFINISHED = "This answer was not finished."
_ENDED: frozenset[State] = frozenset(("done", "stopped"))
_ENTRIES: TypeAdapter[tuple[Entry, ...]] = TypeAdapter(tuple[Entry, ...])


@dataclass(frozen=True, slots=True)
class Shared:
    """A link that is in force; `created_at` is UTC."""

    id: str
    created_at: datetime


class Snapshots:
    """Makes snapshots, lists and takes back those of their owner, and opens them for whoever has the link."""

    def __init__(self, engine: Engine, conversations: Conversations, catalogue: Catalogue) -> None:
        self._engine = engine
        self._conversations = conversations
        self._catalogue = catalogue

    def share(self, conversation_id: str, principal: Principal) -> Shared:
        """Keep the person's conversation as it is now, under an id that cannot be guessed; raises ConversationNotFound."""
        transcript = transcript_of(self._conversations, conversation_id, principal)
        shared = Shared(secrets.token_hex(_ID_BYTES), utc_now())
        row = insert(snapshots).values(
            id=shared.id,
            conversation_id=conversation_id,
            owner=principal.key,
            created_at=shared.created_at,
            title=transcript.title,
            messages=_ENTRIES.dump_python(tuple(for_others(transcript.entries)), mode="json"),
        )
        with self._engine.begin() as connection:
            connection.execute(row)
        return shared

    def list(self, conversation_id: str, principal: Principal) -> tuple[Shared, ...]:
        """The person's own links to a conversation, the newest first."""
        query = (
            select(snapshots.c.id, snapshots.c.created_at)
            .where(snapshots.c.conversation_id == conversation_id, snapshots.c.owner == principal.key)
            .order_by(snapshots.c.created_at.desc(), snapshots.c.id)
        )
        with self._engine.connect() as connection:
            return tuple(Shared(*row) for row in connection.execute(query))

    def revoke(self, snapshot_id: str, principal: Principal) -> None:
        """Take a link back; raises SnapshotNotFound where it is not theirs."""
        own = (snapshots.c.id == snapshot_id) & (snapshots.c.owner == principal.key)
        with self._engine.begin() as connection:
            if not connection.execute(delete(snapshots).where(own)).rowcount:
                raise _not_found()

    def open(self, snapshot_id: str, scope: Scope) -> Transcript:
        """What of a shared conversation stands on documents in this scope; raises SnapshotNotFound.

        `created_at` is when it was shared.
        """
        query = (
            select(snapshots.c.title, snapshots.c.created_at, snapshots.c.messages)
            .join(conversations)
            .where(snapshots.c.id == snapshot_id, conversations.c.deleted_at.is_(None))
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _not_found()
        transcript = Transcript(row.title, row.created_at, _ENTRIES.validate_python(row.messages))
        return transcript.for_reader(self._catalogue.readable(transcript.documents, scope))


def for_others(entries: Iterable[Entry]) -> Iterable[Entry]:
    """What others are given of a conversation: no cost, no time, no model's mishap, no count of what its owner may see."""
    for entry in entries:
        reason = None if entry.role == "user" or entry.state in _ENDED else _UNFINISHED
        if entry.answer is None:
            yield replace(entry, reason=reason)
        else:
            answer = _uncounted(entry) if entry.answer.listed else _bare(entry.answer)
            rests_on = entry.rests_on if len(entry.rests_on) == len(answer.sentences) else (entry.documents,)
            yield replace(entry, text=answer.text, reason=reason, answer=answer, rests_on=rests_on)


def _bare(answer: Answer) -> Answer:
    """An answer with its proof alone."""
    _, instead, after = (answer.notice or "").partition(INSTEAD)
    return replace(
        answer,
        notice=instead + after if instead else answer.notice,
        sentences=tuple(replace(sentence, compared=None, opposed=None) for sentence in answer.sentences),
        usage=Usage(model=answer.usage.model),
        timings_ms={},
        evidence=None,
        model_calls=0,
        prompt_version=None,
        verified=None,
    )


def _uncounted(entry: Entry) -> Answer:
    """In place of an answer about the collection: it counts what its owner may see."""
    assert entry.answer is not None
    sentence = CheckedSentence(_COUNTED, 0, len(_COUNTED) + 2, "not_a_claim", ())
    return replace(
        _bare(entry.answer), text=f"*{_COUNTED}*", sentences=(sentence,), citations=(), notice=None, listed=None
    )


def _not_found() -> SnapshotNotFound:
    return SnapshotNotFound("There is no such shared conversation; it may have been taken back.")
