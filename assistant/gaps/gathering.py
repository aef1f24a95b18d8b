"""What was asked and not answered, taken from the stored conversations and put into gaps.

Each question is looked at once, by the ids of its answers: a clock may jump, a sequence does not. What counts is the
newest answer to it. A gap keeps no words: they are the messages', and go with them.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from assistant.access import LOCAL_USER, Principal, Role, scope_of
from assistant.choices import Choice, Chosen
from assistant.events import Answer
from assistant.feedback import JUDGED_STATES
from assistant.gaps.grouping import AT_ONCE, Grouping, Matrix, groups
from assistant.gaps.judging import proof_in, shortcoming
from assistant.gaps.values import UNSETTLED, Reason
from assistant.schema import citations, conversations, feedback, gap_collections, gap_questions, gaps, messages, people
from retrieval.catalogue import Catalogue
from retrieval.dates import utc_now
from retrieval.embedding import Embedder
from retrieval.errors import UnknownCollection
from retrieval.library import Library
from retrieval.values import Scope
from retrieval.writers import let_writers_finish

log = logging.getLogger(__name__)
LOOKED_AT: Choice[int] = Choice("gaps_looked_at", TypeAdapter(int))
"""The newest answer that was looked at."""
OPINIONS: Choice[str] = Choice("gaps_opinions", TypeAdapter(str))
"""What people found not helpful when it was looked at last: how much, and when that changed."""
OnDone = Callable[[int, int], None]
_ROWS_AT_ONCE = 500
_WRITTEN_WITHIN = timedelta(hours=1)
"""An answer that is open for longer is no longer waited for."""
_EMBEDDED_CHARS = 2_000
_NEAREST = 3
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_ASKED = messages.alias("asked")


@dataclass(frozen=True, slots=True)
class Gathered:
    """How many questions were new, and how many gaps there are now."""

    added: int
    gaps: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A question without a good answer, and what it asked, in words that stand by themselves."""

    question_id: int
    answer_id: int
    reason: Reason
    asked: str
    searched: Scope
    nearest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """What is read once for all questions of a run: who may have asked, what they search, whose files are whose."""

    library: Library
    askers: Mapping[str, Principal]
    private: Set[str]
    """The conversations that have files of their own."""
    scopes: dict[tuple[str, str | None], Scope] = field(default_factory=dict)

    def searched(self, owner: str, collection: str | None) -> Scope:
        """What this person's questions search, in one collection or in all; nothing where that is nothing any more."""
        key = owner, collection
        if key not in self.scopes:
            asker = self.askers.get(owner)
            try:
                scope = scope_of(asker, self.library, collection=collection) if asker else frozenset()
            except UnknownCollection:
                scope = frozenset()
            self.scopes[key] = scope
        return self.scopes[key]


@dataclass(frozen=True, slots=True)
class Gathering:
    """Puts questions into gaps. Without an embedding nothing can be told to be alike, and nothing is gathered."""

    engine: Engine
    library: Library
    catalogue: Catalogue
    chosen: Chosen
    embedder: Embedder | None

    def has_news(self) -> bool:
        """Whether anything was said since that may make a gap, or close one."""
        with self.engine.connect() as connection:
            is_new = connection.execute(self._new(connection, self._looked_at()).limit(1)).first() is not None
            return is_new or (self.chosen.get(OPINIONS) or "") != _opinions(connection)

    def gather(
        self,
        on_done: OnDone = lambda _done, _total: None,
        stopping: threading.Event | None = None,
        *,
        anew: bool = False,
    ) -> Gathered:
        """Look at what is new; with `anew`, whatever nobody has taken up is grouped again, too."""
        if self.embedder is None:
            return Gathered(0, 0)
        if anew:
            self._free()
        self._tidy()
        with self.engine.connect() as connection:
            opinions = _opinions(connection)
        run = _Run(self.library, askers_of(self.engine), self.library.private_by_conversation().keys())
        newest, last = self._from_answers(run, self._looked_at())
        found = {each.question_id: each for each in (*newest, *self._from_feedback(run))}
        added = self._put_in(tuple(found.values()), on_done, stopping or threading.Event())
        if added is not None:
            self.chosen.set(LOOKED_AT, last)
            self.chosen.set(OPINIONS, opinions)
        with self.engine.connect() as connection:
            total = connection.execute(select(func.count()).select_from(gaps)).scalar_one()
        return Gathered(added or 0, total)

    def _looked_at(self) -> int:
        return self.chosen.get(LOOKED_AT) or 0

    # What is new.

    def _from_answers(self, run: _Run, last: int) -> tuple[tuple[_Found, ...], int]:
        """Questions whose newest answer lacks something, and the id of the last answer that was looked at.

        A question in a gap that has a better answer now is told to have it.
        """
        known = self._reasons()
        newest: dict[int, _Found | None] = {}
        for row in self._ended(last):
            last, answer = row.answer_id, _answer_of(row)
            reason = shortcoming(answer) if answer else None
            before = known.get(row.question_id)
            newest[row.question_id] = _found_by(row, reason, run) if reason else None
            if before and answer and before.answer_id != row.answer_id:
                self._prove(row.question_id, answer, before)
        is_new = (each for each in newest.values() if each and not _is_known(each, known))
        return tuple(is_new), last

    def _prove(self, question_id: int, answer: Answer, before: Row[Any]) -> None:
        """What whoever asked was told when they asked again."""
        if proof := proof_in(answer, but=cited_before(self.engine, before.answer_id, before.reason)):
            proved(self.engine, (question_id,), proof.passage.source.id, proof.start, proof.end)

    def _reasons(self) -> dict[int, Row[Any]]:
        query: Any = select(gap_questions.c.question_id, gap_questions.c.answer_id, gap_questions.c.reason)
        with self.engine.connect() as connection:
            return {row.question_id: row for row in connection.execute(query)}

    def _ended(self, last: int) -> Iterator[Row[Any]]:
        """The answers after an id, oldest first."""
        with self.engine.connect() as connection:
            let_writers_finish(connection, messages)
            query = self._new(connection, 0)
        while rows := self._some(query.where(messages.c.id > last)):
            yield from rows
            last = rows[-1].answer_id

    def _new(self, connection: Connection, last: int) -> Any:
        """Answers that have ended, after an id and up to the first one that is still being written."""
        is_recent = messages.c.created_at > utc_now() - _WRITTEN_WITHIN
        is_open = messages.c.state.in_(("pending", "streaming")) & is_recent
        newest = connection.execute(select(func.max(messages.c.id))).scalar() or 0
        before = connection.execute(select(func.min(messages.c.id)).where(is_open)).scalar()
        is_settled = messages.c.id <= newest if before is None else messages.c.id < before
        return _answers().where(*_ENDED, messages.c.id > last, is_settled)

    def _some(self, query: Any) -> Sequence[Row[Any]]:
        with self.engine.connect() as connection:
            return connection.execute(query.order_by(messages.c.id).limit(_ROWS_AT_ONCE)).all()

    def _from_feedback(self, run: _Run) -> Iterator[_Found]:
        """What people say did not help."""
        with self.engine.connect() as connection:
            wanted = connection.execute(_disliked()).scalars().all()
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            part = wanted[start : start + _ROWS_AT_ONCE]
            for row in self._some(_answers().where(messages.c.id.in_(part))):
                if found := _found_by(row, "disliked", run):
                    yield found

    # Into gaps.

    def _put_in(self, found: Sequence[_Found], on_done: OnDone, stopping: threading.Event) -> int | None:
        """Each joins the gap that it is most like, or founds one with others; returns how many were not in any yet.

        None where it was stopped: then the same is looked at again next time.
        """
        grouping, added = Grouping(self._known()), 0
        for start in range(0, len(found), AT_ONCE):
            if stopping.is_set():
                return None
            part = found[start : start + AT_ONCE]
            vectors = self._embedded(part)
            with self.engine.begin() as connection:
                added += self._store(connection, part, vectors, grouping)
            on_done(start + len(part), len(found))
        return added

    def _store(self, connection: Connection, part: Sequence[_Found], vectors: Matrix, grouping: Grouping) -> int:
        ids = [each.question_id for each in part]
        known: dict[int, int] = {row[0]: row[1] for row in connection.execute(_gap_of(ids))}
        joined = [
            known.get(each.question_id) or near for each, near in zip(part, grouping.nearest(vectors), strict=True)
        ]
        alone = [at for at, gap_id in enumerate(joined) if gap_id is None]
        for group in groups(vectors[alone]):
            gap_id = _new_gap(connection)
            for at in group:
                joined[alone[at]] = gap_id
        for into, vector in zip(joined, vectors, strict=True):
            assert into is not None
            grouping.add(into, vector)
        connection.execute(delete(gap_questions).where(gap_questions.c.question_id.in_(ids)))
        assert self.embedder is not None
        _insert(connection, part, joined, vectors, self.embedder.name)
        reopened = gaps.c.id.in_(set(joined)) & (gaps.c.state == "answered")
        connection.execute(update(gaps).where(reopened).values(state="open"))
        return len(part) - len(known)

    def _embedded(self, part: Sequence[_Found]) -> Matrix:
        """Each text once, however often it was asked."""
        assert self.embedder is not None
        texts = {asked: at for at, asked in enumerate(dict.fromkeys(each.asked for each in part))}
        vectors = self.embedder.embed_documents(list(texts))
        return np.asarray(vectors[[texts[each.asked] for each in part]])

    def _known(self) -> dict[int, tuple[Matrix, int]]:
        """The sum of the vectors of each gap, and how many they are."""
        assert self.embedder is not None
        query = select(gap_questions.c.gap_id, gap_questions.c.embedding).where(
            gap_questions.c.embedding_model == self.embedder.name
        )
        sums: dict[int, tuple[Matrix, int]] = {}
        with self.engine.connect() as connection:
            for gap_id, vector in connection.execute(query):
                total, count = sums.get(gap_id, (np.float32(0), 0))
                sums[gap_id] = np.asarray(total + np.frombuffer(vector, np.float32)), count + 1
        return sums

    # What is no longer so.

    def _free(self) -> None:
        """Take apart the gaps that nobody has taken up; what was in them is looked at once more."""
        has_proof = select(gap_questions.c.gap_id).where(gap_questions.c.answered_at.is_not(None))
        is_untouched = (gaps.c.state == "open") & gaps.c.assignee.is_(None) & gaps.c.id.not_in(has_proof)
        with self.engine.begin() as connection:
            connection.execute(delete(gaps).where(is_untouched))
        self.chosen.set(LOOKED_AT, 0)

    def _tidy(self) -> None:
        """Without what is disliked no more, and without questions of collections that are gone.

        A proof whose document is gone is none, and what another embedding made is made anew.
        """
        is_gone = gap_questions.c.question_id.not_in(select(gap_collections.c.question_id))
        with self.engine.begin() as connection:
            connection.execute(delete(gap_questions).where(gap_questions.c.question_id.in_(_liked_again())))
            connection.execute(delete(gap_questions).where(is_gone))
            self._forget_proofs(connection)
            connection.execute(delete(gaps).where(gaps.c.id.not_in(select(gap_questions.c.gap_id))))
        self._embed_anew()

    def _embed_anew(self) -> None:
        assert self.embedder is not None
        others = select(gap_questions.c.answer_id).where(gap_questions.c.embedding_model != self.embedder.name)
        while rows := self._some(_answers().where(messages.c.id.in_(others))):
            vectors = self.embedder.embed_documents([_asked_by(row) for row in rows])
            with self.engine.begin() as connection:
                for row, vector in zip(rows, vectors, strict=True):
                    values = {"embedding_model": self.embedder.name, "embedding": vector.tobytes()}
                    is_it = gap_questions.c.question_id == row.question_id
                    connection.execute(update(gap_questions).where(is_it).values(**values))

    def _forget_proofs(self, connection: Connection) -> None:
        query = select(gap_questions.c.document_id).where(gap_questions.c.document_id.is_not(None)).distinct()
        proving = frozenset(connection.execute(query).scalars())
        gone = proving - self.catalogue.readable(proving, frozenset(self.library.every_collection()))
        if not gone:
            return
        is_gone = gap_questions.c.document_id.in_(gone)
        reopened = select(gap_questions.c.gap_id).where(is_gone)
        connection.execute(update(gaps).where(gaps.c.id.in_(reopened), gaps.c.state == "answered").values(state="open"))
        nothing = {"answered_at": None, "document_id": None, "start": None, "end": None}
        connection.execute(update(gap_questions).where(is_gone).values(**nothing))


def _found_by(row: Row[Any], reason: Reason, run: _Run) -> _Found | None:
    """None where whoever asked may search nothing, or asked with files of their own, which are nobody else's.

    And where nothing was searched, such as when no document passed the filters.
    """
    work = row.work or {}
    if row.conversation_id in run.private or not (work.get("trace") or {}).get("collections"):
        return None
    searched = run.searched(row.owner, (work.get("narrowed") or {}).get("collection"))
    if not searched:
        return None
    nearest = tuple(dict.fromkeys(passage["source"]["id"] for passage in work.get("passages", ())))[:_NEAREST]
    return _Found(row.question_id, row.answer_id, reason, _asked_by(row), searched, nearest)


def askers_of(engine: Engine) -> dict[str, Principal]:
    """Whoever may have asked, by their key, as they are today. Visitors of the demonstration are none of them."""
    query = select(people.c.id, people.c.issuer, people.c.subject, people.c.role)
    with engine.connect() as connection:
        found = [Principal(row.issuer, row.subject, Role(row.role), row.id) for row in connection.execute(query)]
    return {LOCAL_USER.key: LOCAL_USER} | {each.key: each for each in found}


def cited_before(engine: Engine, answer_id: int, reason: str) -> frozenset[int]:
    """The documents that are no news as a proof: those that an answer which did not help has rested on."""
    if reason != "disliked":
        return frozenset()
    query = select(citations.c.document_id).where(citations.c.message_id == answer_id)
    with engine.connect() as connection:
        return frozenset(connection.execute(query).scalars())


def proved(engine: Engine, question_ids: Iterable[int], document_id: int, start: int, end: int) -> None:
    """Keep the proof that questions have an answer now, and close the gaps in which nothing is left open."""
    values = {"answered_at": utc_now(), "document_id": document_id, "start": start, "end": end}
    is_meant = gap_questions.c.question_id.in_(tuple(question_ids))
    with engine.begin() as connection:
        connection.execute(update(gap_questions).where(is_meant).values(**values))
        touched = select(gap_questions.c.gap_id).where(is_meant)
        left = select(gap_questions.c.gap_id).where(gap_questions.c.answered_at.is_(None))
        is_over = gaps.c.id.in_(touched) & gaps.c.id.not_in(left) & gaps.c.state.in_(UNSETTLED)
        connection.execute(update(gaps).where(is_over).values(state="answered"))


_ENDED = (messages.c.role == "assistant", messages.c.state == "done", messages.c.parent_id.is_not(None))


def _answers() -> Any:
    """Answers with their questions, but for those of deleted conversations."""
    return (
        select(
            messages.c.id.label("answer_id"),
            messages.c.parent_id.label("question_id"),
            messages.c.work,
            messages.c.conversation_id,
            conversations.c.owner,
            _ASKED.c.text.label("question"),
        )
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(_ASKED, _ASKED.c.id == messages.c.parent_id)
        .where(conversations.c.deleted_at.is_(None))
    )


def _disliked() -> Any:
    """The answers that did not help and are not known as such: none that has a newer version that was looked at."""
    known = select(gap_questions.c.question_id).where(
        gap_questions.c.question_id == messages.c.parent_id, gap_questions.c.answer_id >= messages.c.id
    )
    return (
        select(messages.c.id)
        .join(feedback, feedback.c.message_id == messages.c.id)
        .where(feedback.c.is_helpful.is_(False), messages.c.state.in_(JUDGED_STATES), ~known.exists())
        .order_by(messages.c.id)
    )


def _opinions(connection: Connection) -> str:
    """Another text whenever somebody finds an answer not helpful, or no longer so; empty while nobody does."""
    query = select(func.count(), func.max(feedback.c.updated_at)).where(feedback.c.is_helpful.is_(False))
    count, changed_at = connection.execute(query).one()
    return f"{count} {changed_at}" if count else ""


def _liked_again() -> Any:
    """The questions that are in a gap for an opinion that is no longer there."""
    still = select(feedback.c.message_id).where(feedback.c.is_helpful.is_(False))
    return select(gap_questions.c.question_id).where(
        gap_questions.c.reason == "disliked", gap_questions.c.answer_id.not_in(still)
    )


def _answer_of(row: Row[Any]) -> Answer | None:
    given = (row.work or {}).get("answer")
    return None if given is None else _ANSWER.validate_python(given)


def _asked_by(row: Row[Any]) -> str:
    """What a search was judged by: a follow-up together with what it leans on."""
    trace = (row.work or {}).get("trace") or {}
    queries = trace.get("queries") or ()
    asked: str = queries[trace.get("judged", 0)]["text"] if queries else row.question
    return asked[:_EMBEDDED_CHARS]


def _is_known(found: _Found, known: Mapping[int, Row[Any]]) -> bool:
    before = known.get(found.question_id)
    return before is not None and before.answer_id == found.answer_id


def _gap_of(question_ids: Sequence[int]) -> Any:
    return select(gap_questions.c.question_id, gap_questions.c.gap_id).where(
        gap_questions.c.question_id.in_(question_ids)
    )


def _new_gap(connection: Connection) -> int:
    key = connection.execute(insert(gaps).values(state="open", created_at=utc_now())).inserted_primary_key
    assert key is not None
    return int(key[0])


def _insert(
    connection: Connection, part: Sequence[_Found], gap_ids: Sequence[int | None], vectors: Matrix, model: str
) -> None:
    rows = [
        {
            "question_id": each.question_id,
            "answer_id": each.answer_id,
            "gap_id": gap_id,
            "reason": each.reason,
            "embedding_model": model,
            "embedding": vector.tobytes(),
            "nearest": list(each.nearest),
        }
        for each, gap_id, vector in zip(part, gap_ids, vectors, strict=True)
    ]
    connection.execute(insert(gap_questions), rows)
    searched = [{"question_id": each.question_id, "collection_id": id_} for each in part for id_ in each.searched]
    connection.execute(insert(gap_collections), searched)
