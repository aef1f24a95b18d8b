"""Verified answers in the database: made, changed and withdrawn by editors of their collection, read by its readers.

All sources of an answer are documents of its collection, so whoever may read the collection may read all of it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from assistant.access import LOCAL_USER, Principal, editable_by, editable_collection, scope_of
from assistant.conversations import Conversations, StoredMessage, Work
from assistant.errors import ConversationNotFound
from assistant.schema import people, verified, verified_questions
from assistant.schema import verified_sources as sources
from assistant.verified.matching import Known, matching
from assistant.verified.proof import kept, proven
from assistant.verified.sources import Sources, rows_of, sources_of
from assistant.verified.values import (
    Standing,
    VerificationRefused,
    Verified,
    VerifiedNotFound,
    Wording,
    documents_of,
    moved,
)
from retrieval.dates import full_date, utc_now
from retrieval.embedding import Embedder
from retrieval.library import Library
from retrieval.retriever import CitewellRetriever
from retrieval.values import Scope

_WORK: TypeAdapter[Work] = TypeAdapter(Work)
_NO_SIGN_IN = "the single user"
_LEFT = "Its owner is not here any more."


@dataclass(frozen=True, slots=True)
class VerifiedAnswers:
    """Keeps them, and finds the one that answers a question."""

    engine: Engine
    library: Library
    conversations: Conversations
    retriever: CitewellRetriever
    embedder: Embedder | None
    today: Callable[[], date] = date.today

    # What an editor does.

    def from_answer(
        self, conversation_id: str, message_id: int, principal: Principal, *, collection_id: str, wording: Wording
    ) -> int:
        """Vouch for an answer of one's own conversation, with other words where `wording` has some; returns its id.

        Where it rests on documents of other collections too, or its words are others, they are held anew against the
        documents of this one. Raises ConversationNotFound, UnknownCollection, VerificationRefused.
        """
        editable_collection(principal, self.library, collection_id)
        wording = wording.checked(self.today())
        message = self._message(conversation_id, message_id, principal)
        if message.work is None or message.work.answer is None or message.state != "done":
            raise VerificationRefused("Only an answer that was finished can be verified; ask again.")
        work = self._from(message.work, message.work.answer.text, wording, collection_id)
        return self._keep(work, wording, collection_id, principal)

    def add(self, collection_id: str, wording: Wording, principal: Principal) -> int:
        """Vouch for words of one's own; returns its id. Raises UnknownCollection, VerificationRefused."""
        editable_collection(principal, self.library, collection_id)
        wording = wording.checked(self.today())
        work = self._proven(wording.text or "", wording, collection_id, Work())
        return self._keep(work, wording, collection_id, principal)

    def change(self, verified_id: int, wording: Wording, principal: Principal) -> None:
        """Vouch for it anew, with other questions, words or another last day; whoever does so is its owner then.

        Its words are held against its sources again where they or the sources have changed. Raises VerifiedNotFound,
        VerificationRefused.
        """
        known = self._found(verified_id, editable_by(principal, self.library))
        self._change(known, wording, principal)

    def renew(self, verified_id: int, principal: Principal, *, expires_on: date) -> None:
        """Vouch for it anew as it is, until another day. Raises VerifiedNotFound, VerificationRefused."""
        known = self._found(verified_id, editable_by(principal, self.library))
        self._change(known, Wording(known.questions, expires_on), principal)

    def withdraw(self, verified_id: int, principal: Principal) -> Verified:
        """Offer it no more, for good; returns what it was. Raises VerifiedNotFound."""
        known = self._found(verified_id, editable_by(principal, self.library))
        with self.engine.begin() as connection:
            connection.execute(delete(verified).where(verified.c.id == verified_id))
        return known

    # What a reader sees.

    def get(self, verified_id: int, principal: Principal) -> Verified:
        """One in a collection that this person may read. Raises VerifiedNotFound."""
        return self._found(verified_id, scope_of(principal, self.library))

    def list(self, principal: Principal) -> tuple[Verified, ...]:
        """All in the collections that this person may read: those that are due for review first, then by last day."""
        found = self._read(verified.c.collection_id.in_(scope_of(principal, self.library)))
        return tuple(sorted(found, key=lambda each: (not each.due, each.expires_on, each.id)))

    def standing(self, verified_ids: Collection[int], scope: Scope) -> dict[int, Standing]:
        """What is known today of those of these that are in scope."""
        found = self._read(verified.c.id.in_(verified_ids), verified.c.collection_id.in_(scope)) if verified_ids else ()
        return {each.id: Standing(each.owner, each.verified_at, bool(each.due)) for each in found}

    def offer(self, asked: Sequence[str], scope: Scope) -> Verified | None:
        """The one in scope that answers what is asked, in any of these words, and is not due for review."""
        if self.embedder is None or not scope:
            return None
        for verified_id in dict.fromkeys(matching(asked, self._known(self.embedder, scope), self.embedder)):
            for found in self._read(verified.c.id == verified_id):
                if not found.due:
                    return found
        return None

    # Words and proof.

    def _message(self, conversation_id: str, message_id: int, principal: Principal) -> StoredMessage:
        for message in self.conversations.messages(conversation_id, principal, leaf=message_id, newest=1):
            if message.id == message_id and message.role == "assistant":
                return message
        raise ConversationNotFound("There is no such answer in this conversation; load the page again.")

    def _from(self, work: Work, text: str, wording: Wording, collection_id: str) -> Work:
        """The answer as it was checked, or its words held against this collection's documents."""
        if wording.text is None or wording.text.strip() == text.strip():
            as_it_was = kept(work)
            if set(documents_of(as_it_was)) <= self._in_collection(as_it_was, collection_id):
                return as_it_was
        return self._proven(wording.text or text, wording, collection_id, work)

    def _renewed(self, known: Verified, wording: Wording, became: Sources) -> Work:
        text = known.answer.text if wording.text is None else wording.text
        if not became.changes and text.strip() == known.answer.text.strip():
            return known.work
        return self._proven(text, wording, known.collection_id, known.work)

    def _proven(self, text: str, wording: Wording, collection_id: str, work: Work) -> Work:
        here = self._in_collection(work, collection_id)
        passages = tuple(passage for passage in work.passages if passage.source.id in here)
        scope = frozenset({collection_id})
        return proven(wording.questions[0], text, scope=scope, retriever=self.retriever, known=passages)

    def _in_collection(self, work: Work, collection_id: str) -> frozenset[int]:
        """Those of its documents that are in a collection as they were."""
        ids = documents_of(work)
        with self.engine.connect() as connection:
            return frozenset(row["document_id"] for row in rows_of(connection, ids, collection_id))

    # Rows.

    def _change(self, known: Verified, wording: Wording, principal: Principal) -> None:
        wording = wording.checked(self.today())
        with self.engine.connect() as connection:
            became = sources_of(connection, [known.id])[known.id]
        work = self._renewed(known, wording, became)
        with self.engine.begin() as connection:
            row = self._row(work, wording, principal)
            if not connection.execute(update(verified).where(verified.c.id == known.id).values(**row)).rowcount:
                raise VerifiedNotFound  # It was withdrawn meanwhile.
            self._set_parts(connection, known.id, work, wording, known.collection_id)

    def _keep(self, work: Work, wording: Wording, collection_id: str, principal: Principal) -> int:
        values = self._row(work, wording, principal) | {"collection_id": collection_id}
        with self.engine.begin() as connection:
            key = connection.execute(insert(verified).values(**values)).inserted_primary_key
            assert key is not None
            self._set_parts(connection, int(key[0]), work, wording, collection_id)
        return int(key[0])

    def _row(self, work: Work, wording: Wording, principal: Principal) -> dict[str, Any]:
        return {
            "owner": principal.key,
            "verified_at": utc_now(),
            "expires_on": wording.expires_on,
            "work": _WORK.dump_python(work, mode="json"),
        }

    def _set_parts(
        self, connection: Connection, verified_id: int, work: Work, wording: Wording, collection_id: str
    ) -> None:
        """Its questions and its sources, in place of those that it had."""
        for table in (verified_questions, sources):
            connection.execute(delete(table).where(table.c.verified_id == verified_id))
        rows = rows_of(connection, documents_of(work), collection_id)
        if {row["document_id"] for row in rows} != set(documents_of(work)):
            raise VerificationRefused("A document that it rests on was changed just now; try again.")
        connection.execute(insert(sources), [row | {"verified_id": verified_id} for row in rows])
        asked = [{"verified_id": verified_id, "n": n, "text": text} for n, text in enumerate(wording.questions)]
        connection.execute(insert(verified_questions), asked)

    def _found(self, verified_id: int, scope: Scope) -> Verified:
        for found in self._read(verified.c.id == verified_id, verified.c.collection_id.in_(scope)):
            return found
        raise VerifiedNotFound

    def _read(self, *conditions: Any) -> tuple[Verified, ...]:
        who = (verified.c.owner == people.c.issuer + "|" + people.c.subject) & people.c.is_disabled.is_(False)
        query = select(verified, people.c.id.label("person"), people.c.name).outerjoin(people, who).where(*conditions)
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(verified.c.id)).all()
            ids = [row.id for row in rows]
            asked = _questions(connection, ids)
            became = sources_of(connection, ids)
        return tuple(self._verified(row, asked[row.id], became[row.id]) for row in rows)

    def _verified(self, row: Row[Any], questions: tuple[str, ...], became: Sources) -> Verified:
        is_here = row.owner == LOCAL_USER.key or row.person is not None
        due = [] if row.expires_on >= self.today() else [f"Its last day was {full_date(row.expires_on)}."]
        due += [*became.changes, *([] if is_here else [_LEFT])]
        work = moved(_WORK.validate_python(row.work), became.now)
        owner = _NO_SIGN_IN if row.owner == LOCAL_USER.key else row.name or ""
        return Verified(row.id, row.collection_id, questions, work, owner, row.verified_at, row.expires_on, tuple(due))

    def _known(self, embedder: Embedder, scope: Scope) -> tuple[Known, ...]:
        """The questions in scope that are not out of time, with their embeddings, made where they lack one."""
        query = select(verified_questions).join(verified)
        query = query.where(verified.c.collection_id.in_(scope), verified.c.expires_on >= self.today())
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        lacking = [row for row in rows if row.embedding_model != embedder.name]
        made = {(row.verified_id, row.n): embedder.embed_query(row.text) for row in lacking}
        for (verified_id, n), vector in made.items():
            own = (verified_questions.c.verified_id == verified_id) & (verified_questions.c.n == n)
            values = {"embedding_model": embedder.name, "embedding": vector.astype(np.float32).tobytes()}
            with self.engine.begin() as connection:
                connection.execute(update(verified_questions).where(own).values(**values))
        return tuple(
            Known(row.verified_id, row.text, made[key] if key in made else np.frombuffer(row.embedding, np.float32))
            for row in rows
            for key in [(row.verified_id, row.n)]
        )


def _questions(connection: Connection, verified_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    query = select(verified_questions.c.verified_id, verified_questions.c.text).where(
        verified_questions.c.verified_id.in_(verified_ids)
    )
    found: dict[int, tuple[str, ...]] = dict.fromkeys(verified_ids, ())
    for verified_id, text in connection.execute(query.order_by(verified_questions.c.n)):
        found[verified_id] = (*found[verified_id], text)
    return found
