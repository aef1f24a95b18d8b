"""Question sets: what a collection's documents should answer, and what they should not.

A set belongs to a collection and is seen by whoever may change that: its editors and administrators. A question that
was taken from somebody's own conversation knows whose it was (`asked_by`), so that it goes when they are erased.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from assistant.access import Principal, editable_by, editable_collection
from assistant.errors import AssistantError
from assistant.evaluation import LabelledQuestion
from assistant.question_files import MOST_QUESTIONS, problem_of
from assistant.schema import question_sets, set_questions
from retrieval.catalogue import Catalogue
from retrieval.dates import utc_now
from retrieval.library import Library
from retrieval.schema import collections

MOST_NAME_CHARS = 200
_AT_ONCE = 500


class SetNotFound(AssistantError):
    """There is no such set for this person."""

    def __init__(self) -> None:
        super().__init__("There is no such question set; choose another one.")


class SetRefused(AssistantError):
    """A name or a question that a set does not take."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A set, without its questions; `changed_at` is UTC."""

    id: int
    name: str
    collection_id: str
    collection: str
    questions: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A question of a set, by its id."""

    id: int
    question: LabelledQuestion


class QuestionSets:
    """Keeps question sets."""

    def __init__(self, engine: Engine, library: Library, catalogue: Catalogue) -> None:
        self._engine = engine
        self._library = library
        self._catalogue = catalogue

    def list(self, principal: Principal) -> tuple[QuestionSet, ...]:
        """The sets of the collections that this person may change, by collection and name."""
        editable = editable_by(principal, self._library)
        query = _sets().where(question_sets.c.collection_id.in_(editable))
        with self._engine.connect() as connection:
            return tuple(map(_set, connection.execute(query)))

    def get(self, set_id: int, principal: Principal) -> QuestionSet:
        """One set. Raises SetNotFound."""
        editable = editable_by(principal, self._library)
        query = _sets().where(question_sets.c.id == set_id, question_sets.c.collection_id.in_(editable))
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise SetNotFound
        return _set(row)

    def create(self, collection_id: str, name: str, principal: Principal) -> int:
        """A new set without questions; returns its id. Raises UnknownCollection, and SetRefused for the name."""
        editable_collection(principal, self._library, collection_id)
        name = " ".join(name.split())
        if not name or len(name) > MOST_NAME_CHARS:
            raise SetRefused(f"A question set needs a name of at most {MOST_NAME_CHARS} characters.")
        now = utc_now()
        values = {"collection_id": collection_id, "name": name, "created_at": now, "changed_at": now}
        is_same = (question_sets.c.collection_id == collection_id, question_sets.c.name == name)
        with self._engine.begin() as connection:
            if connection.execute(select(question_sets.c.id).where(*is_same)).first():
                raise SetRefused("The collection has a question set of this name already; choose another name.")
            key = connection.execute(insert(question_sets).values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def delete(self, set_id: int, principal: Principal) -> None:
        """Delete a set with its questions and runs. Raises SetNotFound."""
        self.get(set_id, principal)
        with self._engine.begin() as connection:
            connection.execute(delete(question_sets).where(question_sets.c.id == set_id))

    def questions(self, set_id: int, principal: Principal) -> tuple[Kept, ...]:
        """The questions of a set, in their order. Raises SetNotFound."""
        self.get(set_id, principal)
        with self._engine.connect() as connection:
            return tuple(_kept(connection, set_id))

    def documents(self, set_id: int, principal: Principal) -> frozenset[str]:
        """What the documents are called that its questions may name. Raises SetNotFound."""
        scope = frozenset({self.get(set_id, principal).collection_id})
        return frozenset(entry.path for entry in self._catalogue.documents(scope))

    def add(
        self, set_id: int, questions: Sequence[LabelledQuestion], principal: Principal, *, asked_by: str | None = None
    ) -> int:
        """Add questions, all or none; returns how many were new. `asked_by` is whose conversations they are from.

        Raises SetNotFound, and SetRefused where one is none or names a document that the collection does not have.
        """
        known = self.documents(set_id, principal)
        for number, question in enumerate(questions, start=1):
            if problem := problem_of(question, known):
                raise SetRefused(f"Nothing was added. Question {number}: {problem}.")
        with self._engine.begin() as connection:
            there = {(kept.question.text, kept.question.earlier) for kept in _kept(connection, set_id)}
            new = {(q.text.strip(), q.earlier): q for q in questions if (q.text.strip(), q.earlier) not in there}
            if len(there) + len(new) > MOST_QUESTIONS:
                raise SetRefused(f"A set holds at most {MOST_QUESTIONS:,} questions; make another one.")
            if new:
                rows = [_row_of(question) | {"set_id": set_id, "asked_by": asked_by} for question in new.values()]
                connection.execute(insert(set_questions), rows)
                _touch(connection, set_id)
        return len(new)

    def remove(self, set_id: int, question_ids: Collection[int], principal: Principal) -> None:
        """Take questions out of a set, with what runs say of them. Raises SetNotFound."""
        self.get(set_id, principal)
        is_of_set = set_questions.c.set_id == set_id
        with self._engine.begin() as connection:
            for some in _in_parts(question_ids):
                connection.execute(delete(set_questions).where(is_of_set, set_questions.c.id.in_(some)))
            _touch(connection, set_id)

    def expire(self, before: datetime) -> int:
        """Remove the questions that were taken from conversations before then; returns how many."""
        is_old = set_questions.c.asked_by.is_not(None) & (set_questions.c.created_at < before)
        with self._engine.begin() as connection:
            return connection.execute(delete(set_questions).where(is_old)).rowcount


def _sets() -> Any:
    count = select(func.count()).where(set_questions.c.set_id == question_sets.c.id).scalar_subquery()
    columns = (question_sets.c.id, question_sets.c.name, question_sets.c.collection_id, question_sets.c.changed_at)
    query = select(*columns, collections.c.name.label("collection"), count.label("questions")).join(collections)
    return query.order_by(collections.c.name, question_sets.c.name)


def _set(row: Row[Any]) -> QuestionSet:
    return QuestionSet(row.id, row.name, row.collection_id, row.collection, row.questions, row.changed_at)


def _kept(connection: Connection, set_id: int) -> Iterable[Kept]:
    query = select(set_questions).where(set_questions.c.set_id == set_id).order_by(set_questions.c.id)
    for row in connection.execute(query):
        answers, earlier, documents = tuple(row.answers), tuple(row.earlier), tuple(row.documents)
        question = LabelledQuestion(
            row.text, row.is_answerable, answers, earlier, kind=row.kind or None, documents=documents
        )
        yield Kept(row.id, question)


def _row_of(question: LabelledQuestion) -> dict[str, Any]:
    return {
        "text": question.text.strip(),
        "is_answerable": question.answerable,
        "kind": question.kind or "",
        "documents": list(question.documents),
        "answers": list(question.answers),
        "earlier": list(question.earlier),
        "created_at": utc_now(),
    }


def _touch(connection: Connection, set_id: int) -> None:
    connection.execute(update(question_sets).where(question_sets.c.id == set_id).values(changed_at=utc_now()))


def _in_parts(ids: Collection[int]) -> Iterable[Sequence[int]]:
    every = list(ids)
    return (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))
