"""The questions of gaps asked once more, in the scope of whoever asked, to see whether the documents answer them now.

Nothing is written into anybody's conversation: what is kept is the proof. The same question in the same scope is asked
once, and never more than `MOST` in one job.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, select, update

from assistant.access import LOCAL_USER, Principal, scope_of
from assistant.conversations import Conversations
from assistant.errors import ConversationNotFound
from assistant.events import Answer, AnswerFinished, Citation
from assistant.gaps.gathering import askers_of, cited_before, proved
from assistant.gaps.judging import proof_in
from assistant.gaps.values import UNSETTLED
from assistant.history import as_messages
from assistant.llm import Message
from assistant.narrowed import Narrowed
from assistant.schema import conversations, gap_collections, gap_questions, gaps, messages
from assistant.turn import Assistant
from retrieval.dates import utc_now
from retrieval.errors import UnknownCollection
from retrieval.folding import fold
from retrieval.values import Scope

MOST = 200
"""So many questions are asked in one job."""
_MOST_HISTORY = 60
_NARROWED: TypeAdapter[Narrowed] = TypeAdapter(Narrowed)
OnDone = Callable[[int, int], None]
_ANSWERED = messages.alias("answered")


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """How many questions were asked, how many have an answer now, and how many more there are than one job asks."""

    asked: int
    answered: int
    left: int


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as it was asked: by whom it may be seen what they may see, after what, in what."""

    text: str
    history: Sequence[Message]
    scope: Scope
    narrowed: Narrowed

    @property
    def key(self) -> object:
        """The same for questions that cannot be answered differently."""
        words = " ".join(fold(self.text).split())
        return words, tuple(message.text for message in self.history), self.scope, repr(self.narrowed)


@dataclass(frozen=True, slots=True)
class AskingAgain:
    """Asks the open questions of gaps."""

    engine: Engine
    conversations: Conversations

    def of_gaps(self, gap_ids: Sequence[int]) -> tuple[Row[Any], ...]:
        """What is open in these gaps, the newest first."""
        return self._open(gaps.c.id.in_(gap_ids))

    def of_collection(self, collection_id: str | None) -> tuple[Row[Any], ...]:
        """What is open in the gaps that somebody is to close, of one collection or of all, the newest first."""
        is_open = gaps.c.state.in_(UNSETTLED)
        if collection_id is None:
            return self._open(is_open)
        of_it = select(gap_collections.c.question_id).where(gap_collections.c.collection_id == collection_id)
        return self._open(is_open & gap_questions.c.question_id.in_(of_it))

    def ask(
        self, rows: Sequence[Row[Any]], assistant: Assistant, on_done: OnDone, stopping: threading.Event
    ) -> AskedAgain:
        """Ask them; what a model takes is counted to nobody's day, and to the month's budget as any answer."""
        alike: dict[object, list[tuple[Row[Any], _Question]]] = {}
        for row, question in self._questions(rows, assistant):
            alike.setdefault(question.key, []).append((row, question))
        wanted = list(alike.values())[:MOST]
        asked = answered = 0
        for done, same in enumerate(wanted, 1):
            if stopping.is_set():
                break
            answer = _answer(assistant, same[0][1], stopping)
            asked += 1
            answered += sum(self._keep(row, answer) for row, _ in same) if answer else 0
            on_done(done, len(wanted))
        self._note(rows)
        return AskedAgain(asked, answered, len(alike) - len(wanted))

    def _open(self, which: Any) -> tuple[Row[Any], ...]:
        query = (
            select(
                gap_questions.c.question_id,
                gap_questions.c.answer_id,
                gap_questions.c.gap_id,
                gap_questions.c.reason,
                messages.c.text,
                messages.c.conversation_id,
                conversations.c.owner,
                _ANSWERED.c.work["narrowed"].label("narrowed"),
            )
            .join(gaps, gaps.c.id == gap_questions.c.gap_id)
            .join(messages, messages.c.id == gap_questions.c.question_id)
            .join(_ANSWERED, _ANSWERED.c.id == gap_questions.c.answer_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(which, gap_questions.c.answered_at.is_(None), conversations.c.deleted_at.is_(None))
            .order_by(gap_questions.c.question_id.desc())
        )
        with self.engine.connect() as connection:
            return tuple(connection.execute(query))

    def _questions(self, rows: Sequence[Row[Any]], assistant: Assistant) -> Iterator[tuple[Row[Any], _Question]]:
        """Each as its asker would ask it today; without those of people who may search nothing any more."""
        askers = askers_of(self.engine)
        for row in rows:
            asker = askers.get(row.owner)
            if asker is None:
                continue
            narrowed = _NARROWED.validate_python(row.narrowed) if row.narrowed else Narrowed()
            try:
                scope = scope_of(asker, assistant.library, collection=narrowed.collection)
                history = self._history(row, asker)
            except (UnknownCollection, ConversationNotFound):
                continue
            if scope:
                yield row, _Question(row.text, history, scope, narrowed)

    def _history(self, row: Row[Any], asker: Principal) -> Sequence[Message]:
        branch = self.conversations.messages(
            row.conversation_id, asker, leaf=row.answer_id, newest=_MOST_HISTORY + 2, with_work=False
        )
        return as_messages(branch[:-2])

    def _keep(self, row: Row[Any], answer: Answer) -> bool:
        proof = self._proof(row, answer)
        if proof is not None:
            proved(self.engine, (row.question_id,), proof.passage.source.id, proof.start, proof.end)
        return proof is not None

    def _proof(self, row: Row[Any], answer: Answer) -> Citation | None:
        return proof_in(answer, but=cited_before(self.engine, row.answer_id, row.reason))

    def _note(self, rows: Sequence[Row[Any]]) -> None:
        asked = {row.gap_id for row in rows}
        with self.engine.begin() as connection:
            connection.execute(update(gaps).where(gaps.c.id.in_(asked)).values(asked_again_at=utc_now()))


def _answer(assistant: Assistant, question: _Question, stopping: threading.Event) -> Answer | None:
    """The answer that is given now, None where none came."""
    events = assistant.answer(
        question.text,
        scope=question.scope,
        history=question.history,
        filters=question.narrowed.filters,
        principal=LOCAL_USER,
        cancelled=stopping.is_set,
    )
    return next((event.answer for event in events if isinstance(event, AnswerFinished)), None)
