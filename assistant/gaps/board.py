"""Knowledge gaps as one viewer may see and change them.

A question belongs to the collections that were searched for it. Whoever may change one of them sees that it was asked,
when, and what came nearest. They read its words only if they may read every one of those collections, for it may speak
of what stands in any, and only while the organisation has not chosen to withhold words; nobody is told who asked.
An administrator may read every collection. One's own questions are one's own.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, func, select, update

from assistant.access import Principal, editable_by, only_admin, only_editor, scope_of
from assistant.choices import Choice, Chosen
from assistant.gaps.asking_again import AskingAgain
from assistant.gaps.gathering import Gathering
from assistant.gaps.naming import names_of
from assistant.gaps.values import CHOSEN, UNSETTLED, WEEKS, Gap, GapNotFound, GapQuestion, Proof, State
from assistant.job_table import Job, JobTable
from assistant.personal import find_personal
from assistant.schema import conversations, gap_collections, gap_questions, gaps, messages, people
from retrieval.catalogue import Catalogue
from retrieval.dates import utc_now
from retrieval.errors import UnknownDocument
from retrieval.library import Library
from retrieval.values import Scope, Source

GATHER, ASK_AGAIN = "gather_gaps", "ask_gaps_again"
"""The kinds of job."""
BY_ITSELF = "gaps"
"""Who did it, where nobody asked for it."""
WORDS: Choice[bool] = Choice("gap_words_shown", TypeAdapter(bool))
_MOST_TEXT_CHARS = 500
_MOST_NEAREST = 3
_SHOWN_INSTEAD = "[personal]"
_LOCAL_NAME = "whoever sits at this machine"


@dataclass(frozen=True, slots=True)
class Shown:
    """The stretch of a document that answers a question; `quote` is None where the document was read in anew since."""

    source: Source
    start: int
    end: int
    quote: str | None


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """A document that answers what was not answered before, and when that was found, UTC."""

    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a viewer may read, and whether words are shown at all."""

    principal: Principal
    readable: Scope
    shows_words: bool


@dataclass(frozen=True, slots=True)
class Gaps:
    """Lists gaps and changes their state. `wake` makes the worker look at once."""

    engine: Engine
    library: Library
    catalogue: Catalogue
    gathering: Gathering
    asking: AskingAgain
    jobs: JobTable
    wake: threading.Event
    chosen: Chosen
    countries: tuple[str, ...] = ()
    """In which phone numbers are known as people write them there."""
    now: Callable[[], datetime] = utc_now

    # What there is.

    def list(self, principal: Principal) -> tuple[Gap, ...]:
        """Every gap that this person may see, the one that was asked for most in the last weeks first."""
        return self._seen(principal)

    def get(self, gap_id: int, principal: Principal) -> Gap:
        """One of them. Raises GapNotFound."""
        found = next((gap for gap in self._seen(principal) if gap.id == gap_id), None)
        if found is None:
            raise GapNotFound
        return found

    def nearest(self, gap: Gap, principal: Principal) -> tuple[Source, ...]:
        """The documents that came nearest to its questions, the most frequent first, of those the person may read."""
        scope = scope_of(principal, self.library)
        counted = Counter(document_id for question in gap.questions for document_id in question.nearest)
        readable = self.catalogue.readable(counted, scope)
        best = [id_ for id_, _ in counted.most_common() if id_ in readable][:_MOST_NEAREST]
        found = (self._source(document_id, scope) for document_id in best)
        return tuple(dict.fromkeys(source for source in found if source is not None))

    def proof(self, proof: Proof, principal: Principal) -> Shown | None:
        """The passage that answers a question; None where this person may not read it, or it is gone."""
        current = self.library.current_id(proof.document_id)
        try:
            source, document = self.library.document(current, scope_of(principal, self.library))
        except UnknownDocument:
            return None
        quote = document.text[proof.start : proof.end] if current == proof.document_id else None
        return Shown(source, proof.start, proof.end, quote)

    def job_of(self, gap_id: int, principal: Principal) -> Job | None:
        """The job that asks its questions again, while it waits or runs."""
        self.get(gap_id, principal)
        return self._asking(gap_id)

    # What is done with them.

    def take(self, gap_id: int, principal: Principal, *, wanted: bool = True) -> None:
        """It is this person's to close from now on, or nobody's. Raises GapNotFound."""
        self.get(gap_id, principal)
        self._change(gap_id, assignee=principal.key if wanted else None)

    def set_state(self, gap_id: int, state: State, principal: Principal) -> None:
        """Open it, say that a document was written, or dismiss it. Raises GapNotFound."""
        self.get(gap_id, principal)
        if state not in CHOSEN:
            raise GapNotFound
        self._change(gap_id, state=state)

    def ask_again(self, gap_id: int, principal: Principal) -> int:
        """Have its questions asked again; returns the job's id, of the one under way where there is one."""
        self.get(gap_id, principal)
        if (job := self._asking(gap_id)) is not None:
            return job.id
        return self._start(ASK_AGAIN, {"gap_ids": [gap_id]}, principal.key)

    def look(self, principal: Principal) -> bool:
        """Have the worker look at what was asked since; whether it has to."""
        only_editor(principal)
        if self.jobs.open((GATHER,)):
            return True
        if self.gathering.embedder is None or not self.gathering.has_news():
            return False
        self._start(GATHER, {}, principal.key)
        return True

    def group_anew(self, principal: Principal) -> None:
        """Have whatever nobody has taken up grouped anew; raises NotAllowed."""
        only_admin(principal)
        self._start(GATHER, {"anew": True}, principal.key)

    def documents_came(self, collection_id: str | None) -> None:
        """Documents were read into a collection: what waits for them is asked again, without a model."""
        with self.engine.connect() as connection:
            waits = connection.execute(select(gaps.c.id).where(gaps.c.state.in_(UNSETTLED)).limit(1)).first()
        work = {"collection_id": collection_id}
        is_due = any(job.state == "waiting" and job.work == work for job in self.jobs.open((ASK_AGAIN,)))
        if not is_due and (waits or self.gathering.has_news()):
            self._start(ASK_AGAIN, work, BY_ITSELF)

    # Whose words are shown.

    @property
    def shows_words(self) -> bool:
        """Whether the words of other people's questions are shown to whoever may read what was searched for them."""
        return self.chosen.get(WORDS) is not False

    def show_words(self, principal: Principal, *, shown: bool) -> None:
        """Choose that; raises NotAllowed."""
        only_admin(principal)
        self.chosen.set(WORDS, shown)

    # For whoever asked.

    def answers_now(self, answer_ids: Collection[int], principal: Principal) -> dict[int, AnswerNow]:
        """Which of these answers of theirs, by id, were found to have a better one now, in what they may read."""
        query = (
            select(gap_questions)
            .join(messages, messages.c.id == gap_questions.c.question_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(
                gap_questions.c.answer_id.in_(answer_ids),
                gap_questions.c.answered_at.is_not(None),
                conversations.c.owner == principal.key,
                conversations.c.deleted_at.is_(None),
            )
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        scope = scope_of(principal, self.library) if rows else frozenset()
        sources = ((row, self._source(row.document_id, scope)) for row in rows)
        return {row.answer_id: AnswerNow(source.title, row.answered_at) for row, source in sources if source}

    # How it is found out.

    def _seen(self, principal: Principal) -> tuple[Gap, ...]:
        editable = editable_by(principal, self.library)
        if not editable:
            return ()
        sight = _Sight(principal, scope_of(principal, self.library), self.shows_words)
        searched, by_gap = self._searched(), dict[int, list[Row[Any]]]()
        for row in self._rows():
            if searched.get(row.question_id, frozenset()) & editable:
                by_gap.setdefault(row.gap_id, []).append(row)
        questions = {
            id_: tuple(self._question(row, searched[row.question_id], sight) for row in each)
            for id_, each in by_gap.items()
        }
        titles = {c.id: c.name for c in self.library.collections() if c.id in editable}
        names, owners = (
            self._names(questions, sight.readable),
            self._owners({each[0].assignee for each in by_gap.values()}),
        )
        found = (
            Gap(
                id_,
                names[id_],
                each[0].state,
                owners.get(each[0].assignee),
                each[0].assignee == principal.key,
                questions[id_],
                len({row.owner for row in each}),
                self._weeks(row.asked_at for row in each),
                tuple(sorted({titles[c] for row in each for c in searched[row.question_id] if c in titles})),
                each[0].asked_again_at,
            )
            for id_, each in by_gap.items()
        )
        return tuple(sorted(found, key=lambda gap: (-sum(gap.weeks), -gap.size, gap.id)))

    def _rows(self) -> tuple[Row[Any], ...]:
        """Questions with their gaps, the newest first; none of a deleted conversation."""
        query = (
            select(
                gap_questions,
                gaps.c.state,
                gaps.c.assignee,
                gaps.c.asked_again_at,
                func.substr(messages.c.text, 1, _MOST_TEXT_CHARS).label("text"),
                messages.c.created_at.label("asked_at"),
                conversations.c.owner,
            )
            .join(gaps, gaps.c.id == gap_questions.c.gap_id)
            .join(messages, messages.c.id == gap_questions.c.question_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(conversations.c.deleted_at.is_(None))
            .order_by(gap_questions.c.question_id.desc())
        )
        with self.engine.connect() as connection:
            return tuple(connection.execute(query))

    def _searched(self) -> dict[int, Scope]:
        """The collections that were searched for each question."""
        found: dict[int, set[str]] = {}
        with self.engine.connect() as connection:
            for question_id, collection_id in connection.execute(select(gap_collections)):
                found.setdefault(question_id, set()).add(collection_id)
        return {question_id: frozenset(each) for question_id, each in found.items()}

    def _question(self, row: Row[Any], searched: Scope, sight: _Sight) -> GapQuestion:
        is_own = row.owner == sight.principal.key
        is_read = is_own or (sight.shows_words and searched <= sight.readable)
        text = (row.text if is_own else self._masked(row.text)) if is_read else None
        proof = Proof(row.document_id, row.start, row.end, row.answered_at) if row.answered_at else None
        return GapQuestion(row.question_id, row.reason, row.asked_at, text, proof, tuple(row.nearest))

    def _masked(self, text: str) -> str:
        """The words of somebody else, without what is personal in them by its form."""
        for each in reversed(find_personal(text, self.countries)):
            text = f"{text[: each.start]}{_SHOWN_INSTEAD}{text[each.end :]}"
        return text

    def _names(self, questions: Mapping[int, tuple[GapQuestion, ...]], scope: Scope) -> dict[int, str]:
        """By the words that the viewer may read; where there are none, by the document that came nearest."""
        words = names_of({id_: [q.text for q in each if q.text] for id_, each in questions.items()})
        nameless = {id_: questions[id_] for id_, name in words.items() if not name}
        nearest = {n for each in nameless.values() for q in each for n in q.nearest}
        sources = {document_id: self._source(document_id, scope) for document_id in nearest}
        return words | {id_: _near(each, sources) for id_, each in nameless.items()}

    def _source(self, document_id: int, scope: Scope) -> Source | None:
        """How a document is named, as it is now; None where it is outside the scope."""
        try:
            entry = self.catalogue.entry(self.library.current_id(document_id), scope)
        except UnknownDocument:
            return None
        return Source(entry.id or document_id, entry.collection, entry.path, entry.title)

    def _owners(self, keys: Iterable[str | None]) -> dict[str | None, str]:
        """Names by the keys of people."""
        wanted = {key for key in keys if key}
        if not wanted:
            return {}
        key = people.c.issuer + "|" + people.c.subject
        query = select(key, people.c.name).where(key.in_(wanted))
        with self.engine.connect() as connection:
            known = {row[0]: row[1] for row in connection.execute(query)}
        return {each: known.get(each, _LOCAL_NAME) for each in wanted}

    def _weeks(self, times: Iterable[datetime]) -> tuple[int, ...]:
        """Questions in each of the last weeks. What a clock that jumped dates later than now is of this week."""
        counts, now = [0] * WEEKS, self.now()
        for at in times:
            ago = max(now - at, timedelta(0)) // timedelta(weeks=1)
            if ago < WEEKS:
                counts[WEEKS - 1 - ago] += 1
        return tuple(counts)

    def _asking(self, gap_id: int) -> Job | None:
        """One that asks for this gap, or, after documents came in, for whichever waits for them."""
        jobs = self.jobs.open((ASK_AGAIN,))
        return next((job for job in jobs if gap_id in job.work.get("gap_ids", (gap_id,))), None)

    def _change(self, gap_id: int, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(gaps).where(gaps.c.id == gap_id).values(**values))

    def _start(self, kind: str, work: Mapping[str, Any], owner: str) -> int:
        job_id = self.jobs.add(kind, work, owner=owner)
        self.wake.set()
        return job_id


def _near(questions: tuple[GapQuestion, ...], sources: Mapping[int, Source | None]) -> str:
    counted = Counter(document_id for question in questions for document_id in question.nearest)
    titles = [source.title for document_id, _ in counted.most_common() if (source := sources[document_id])]
    return f"Near “{titles[0]}”" if titles else "Questions without words to show"
