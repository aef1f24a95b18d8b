"""Questions that a person has really asked, for a set: one's own, and nobody else's.

Each comes with the documents that its answer cited, as far as they are in the set's collection; where the answer was
found helpful, with what it quoted as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from assistant.access import Principal
from assistant.evaluation import LabelledQuestion
from assistant.question_sets import QuestionSets
from assistant.schema import citations, conversations, feedback, messages
from retrieval.catalogue import Catalogue
from retrieval.library import Library

MOST = 200
"""So many of the newest answers are looked at."""
KIND = "asked"
_REFUSED = "unanswerable"
_MOST_EARLIER = 2


@dataclass(frozen=True, slots=True)
class RealQuestions:
    """Finds them in conversations."""

    engine: Engine
    sets: QuestionSets
    library: Library
    catalogue: Catalogue

    def own(self, set_id: int, principal: Principal, *, liked: bool = False) -> tuple[LabelledQuestion, ...]:
        """What this person asked, the newest first; with `liked`, only where the answer helped them.

        What rests on documents of other collections alone is left out. Raises SetNotFound.
        """
        scope = frozenset({self.sets.get(set_id, principal).collection_id})
        paths = {entry.id: entry.path for entry in self.catalogue.documents(scope) if entry.id is not None}
        asked = messages.alias("asked")
        query = (
            select(
                messages.c.id, messages.c.work["answer"]["status"].as_string().label("status"), asked.c.id.label("of")
            )
            .add_columns(asked.c.text, asked.c.parent_id, feedback.c.is_helpful)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .join(asked, asked.c.id == messages.c.parent_id)
            .outerjoin(feedback, feedback.c.message_id == messages.c.id)  # Only its owner judges an answer.
            .where(
                conversations.c.owner == principal.key,
                conversations.c.deleted_at.is_(None),
                messages.c.role == "assistant",
                messages.c.state == "done",
            )
            .order_by(messages.c.id.desc())
            .limit(MOST)
        )
        if liked:
            query = query.where(feedback.c.is_helpful)
        with self.engine.connect() as connection:
            found = (self._question(connection, row, paths) for row in connection.execute(query).all())
            every = {question.text: question for question in reversed([each for each in found if each])}
        return tuple(reversed(every.values()))

    def _question(self, connection: Connection, row: Any, paths: dict[int, str]) -> LabelledQuestion | None:
        cited = connection.execute(
            select(citations).where(citations.c.message_id == row.id).order_by(citations.c.n)
        ).all()
        documents = tuple(dict.fromkeys(paths[each.document_id] for each in cited if each.document_id in paths))
        if row.status == _REFUSED:
            return LabelledQuestion(row.text, False, kind=KIND, earlier=_earlier(connection, row.parent_id))
        if not documents:
            return None
        quoted = self._quoted(cited, paths) if row.is_helpful else ()
        return LabelledQuestion(
            row.text, True, quoted, _earlier(connection, row.parent_id), kind=KIND, documents=documents
        )

    def _quoted(self, cited: Sequence[Any], paths: dict[int, str]) -> tuple[str, ...]:
        spans = [(each.document_id, each.start, each.end) for each in cited if each.document_id in paths]
        return tuple(dict.fromkeys(self.library.text_between(*span) for span in spans))


def _earlier(connection: Connection, parent_id: int | None) -> tuple[str, ...]:
    """What was asked before a question on its branch, oldest first."""
    return tuple(reversed(list(_above(connection, parent_id))[:_MOST_EARLIER]))


def _above(connection: Connection, message_id: int | None) -> Iterator[str]:
    while message_id is not None:
        row = connection.execute(
            select(messages.c.role, messages.c.text, messages.c.parent_id).where(messages.c.id == message_id)
        ).first()
        if row is None:
            return
        if row.role == "user":
            yield row.text
        message_id = row.parent_id
