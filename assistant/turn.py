"""One turn, from question to checked answer. Read `Assistant.ask` first; it tells the whole story.

The question is stored, the documents are searched, the evidence decides whether they can answer.
If they can, a model writes from the passages, or the best sentences are quoted where there is no
model; every sentence is held against what it cites. Whatever happens, what was written is kept.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Self

from assistant.access import LOCAL_USER, Principal, scope_of
from assistant.attached import AttachedFiles
from assistant.background import Background
from assistant.budget import Budget
from assistant.conversations import Conversations, Work
from assistant.draft import Draft
from assistant.errors import AssistantError, ModelError, ModelNotAllowed, QuestionRefused
from assistant.events import (
    AnswerFinished,
    Event,
    PassagesFound,
    SentenceChecked,
    Status,
    TextDelta,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from assistant.extractive import Quote, best_quotes, chosen_quotes, disagreement
from assistant.follow_ups import Answered, FollowUps
from assistant.history import as_messages, before, questions_in
from assistant.house_rules import HouseRules
from assistant.insights.happened import Happened, turned
from assistant.inventory import Inventory
from assistant.judge import judge
from assistant.limits import Limits
from assistant.llm import ChatModel, Message
from assistant.logs import log_event
from assistant.narrowed import Narrowed, nothing_fits
from assistant.notices import BUDGET_SPENT, INSTEAD, REPLACED, disagree, missing, not_in_documents
from assistant.record import Record
from assistant.rewrite import Attempt, Rewrite, rewrite_follow_up
from assistant.standing import standing
from assistant.stop_asked import StopAsked
from assistant.storing import begin
from assistant.turn_log import log_asked
from assistant.usage import Prices, Usage
from assistant.verified.store import VerifiedAnswers
from assistant.verified.telling import told
from assistant.verified.values import Verified
from assistant.writing import Writer
from prompts import Style, prompt_version
from retrieval.embedding import Embedder
from retrieval.errors import RetrievalError
from retrieval.evidence import Evidence
from retrieval.filters import NO_FILTERS, Filters
from retrieval.library import Library
from retrieval.outage import begun, through_outage
from retrieval.queries import leans_on_history
from retrieval.retriever import CitewellRetriever
from retrieval.trace import Found, SearchTrace
from retrieval.values import Passage, Scope

log = logging.getLogger(__name__)
MOST_QUESTION_CHARS = 8_000
_MOST_HISTORY = 60
_QUOTES: Mapping[Style, int] = {"short": 1, "standard": 3, "steps": 3, "detailed": 5}
"""How many sentences are quoted where no model writes."""

Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the steps of one turn share."""

    question: str
    history: Sequence[Message]
    draft: Draft
    cancelled: Cancelled


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions from the documents a person may read. Safe to share between threads."""

    library: Library
    retriever: CitewellRetriever
    conversations: Conversations
    embedder: Embedder | None
    model: ChatModel | None
    reply_tokens: int
    today: Callable[[], date] = date.today
    inventory: Inventory | None = None
    """Answers questions about the collection itself; without it they are searched for as any other."""
    prices: Prices | None = None
    prices_of: Mapping[str, Prices] = field(default_factory=dict)
    """What further models cost, by name, where that is known."""
    house_rules: HouseRules | None = None
    has_judge: bool = False
    """Whether the model is asked about sentences that the rules leave undecided."""
    background: Background | None = None
    """Finds follow-ups after an answer; without it there are none."""
    models: Mapping[str, ChatModel] = field(default_factory=dict)
    """The further models that may be chosen, by name."""
    attached: AttachedFiles | None = None
    """The files of conversations, which are read before a question is answered."""
    limits: Limits | None = None
    """How much each person may ask, and what all answers may cost; without it as much as they like."""
    verified: VerifiedAnswers | None = None
    """Answers that somebody vouches for, which go before everything else; without it there are none."""
    record: Callable[[Happened], None] | None = None
    """Is told of every turn of a conversation that ended; waits for nothing."""

    def ask(
        self,
        question: str,
        *,
        conversation_id: str,
        principal: Principal,
        collection: str | None = None,
        filters: Filters = NO_FILTERS,
        rewrite: str | None = None,
        style: Style = "standard",
        instead_of: int | None = None,
        files: Sequence[str] = (),
        cancelled: Cancelled = lambda: False,
    ) -> Iterator[Event]:
        """Answer a question in a conversation; the last event says how it ended.

        `rewrite` is what the reader says the question means, in place of the model's wording of it. `instead_of` is
        the question that is put differently, or the answer that is to be given again, whose question this is: it is
        given again from the documents, never as a verified one.
        `files` are the names of those that came with it: it waits until they are read, and fails where one cannot be.

        Raises QuestionRefused, ConversationNotFound, UnknownCollection or LimitReached before anything is stored.
        """
        question = checked_question(question)
        scope = through_outage(scope_of)(principal, self.library, collection=collection, conversation=conversation_id)
        with self.limits.answering(principal) if self.limits else nullcontext(), ExitStack() as ending:
            message_id = begin(self.conversations, conversation_id, principal, question, instead_of=instead_of)
            self.conversations.hold(message_id)
            ending.callback(self.conversations.let_go, message_id)
            log_asked(principal, conversation_id, message_id, chars=len(question), files=len(files))
            yield TurnStarted(message_id)
            branch = through_outage(self.conversations.messages)(
                conversation_id, principal, leaf=message_id, newest=_MOST_HISTORY + 2, with_work=False
            )
            cancelled = StopAsked(cancelled, partial(self.conversations.is_stop_asked, message_id))
            record = Record(self.conversations, message_id, Work(narrowed=Narrowed(collection, filters) or None))
            answering = self.answer(
                question,
                history=as_messages(branch[:-2]),
                scope=scope,
                filters=filters,
                rewrite=rewrite,
                style=style,
                principal=principal,
                cancelled=cancelled,
                from_documents=bool(files) or (instead_of is not None and branch[-2].id < instead_of),
            )
            for event in self._after_files(answering, conversation_id, principal, files, cancelled):
                record.keep(event)
                self._tell(turned(event, principal, record.work.passages, scope, message_id=message_id))
                yield event
        if record.answer:
            answered = Answered(message_id, question, record.answer, record.work.passages, scope, filters)
            self._follow_up(answered, principal)

    def _tell(self, done: Happened | None) -> None:
        if self.record and done:
            self.record(done)

    def written_by(self, name: str | None) -> Self:
        """The same with a model of this name, None for the usual one; raises ModelNotAllowed."""
        if name is None or (self.model is not None and name == self.model.name):
            return self
        if name not in self.models:
            raise ModelNotAllowed(f"The model {name!r} may not be used here; choose another one beside the style.")
        return replace(self, model=self.models[name], prices=self.prices_of.get(name))

    def _after_files(
        self,
        answering: Iterator[Event],
        conversation_id: str,
        principal: Principal,
        files: Sequence[str],
        cancelled: Cancelled,
    ) -> Iterator[Event]:
        """The answer, once the conversation's own files are read; none where one that came with the question is not."""
        if self.attached is not None:
            try:
                reason = yield from self.attached.awaited(conversation_id, principal, new=files, cancelled=cancelled)
            except Exception:
                log.exception("the files of a conversation could not be looked at")
                reason = "The files of this chat could not be looked at; tell whoever runs Citewell."
            if reason is not None:
                yield TurnFailed(
                    f"{reason} Nothing was answered: this file was to be read first. Ask again to go on without it.",
                    None,
                )
                return
            if cancelled():
                yield TurnStopped(Draft().answer("partial"))
                return
        yield from answering

    def _follow_up(self, turn: Answered, principal: Principal) -> None:
        """Beside everything else, when the answer is there: what may be asked next."""
        if self.background is not None and turn.leads_on:
            spend = partial(self._spend, principal=principal)
            follow_ups = FollowUps(self.retriever, self.conversations, self.model, self.prices, spend)
            follow_ups.seek(turn, self.background)

    def _spend(self, usage: Usage, principal: Principal) -> None:
        """Count what a model took, where anything is counted."""
        if self.limits is not None:
            self.limits.spend(usage, principal)

    def answer(
        self,
        question: str,
        *,
        scope: Scope,
        history: Sequence[Message] = (),
        filters: Filters = NO_FILTERS,
        rewrite: str | None = None,
        style: Style = "standard",
        principal: Principal = LOCAL_USER,
        cancelled: Cancelled = lambda: False,
        from_documents: bool = False,
    ) -> Iterator[Event]:
        """The turn itself, nothing stored but what it cost. One broad catch: whatever breaks becomes TurnFailed.

        With `from_documents` no verified answer takes the place of what the documents say.
        """
        draft = Draft(style=style, prices=self.prices)
        try:
            turn = _Turn(question, history, draft, cancelled)
            is_offered = not (from_documents or filters or rewrite)
            yield from begun(partial(self._offered_or_new, turn, scope, filters, rewrite, is_offered=is_offered))
        except (AssistantError, RetrievalError) as error:
            yield TurnFailed(error.hint, draft.answer("partial") if draft.text else None, error)
        except Exception as error:
            log.exception("a turn failed")
            yield TurnFailed(
                "Something went wrong inside Citewell; your question is kept. Ask again, or tell whoever runs it.",
                draft.answer("partial") if draft.text else None,
                error,
            )
        finally:
            self._spend(draft.usage, principal)

    def _offered_or_new(
        self, turn: _Turn, scope: Scope, filters: Filters, rewrite: str | None, *, is_offered: bool
    ) -> Iterator[Event]:
        """A verified answer where there is one and it may be given, else one from the documents."""
        offered = self._offered(turn, scope) if is_offered else None
        return told(offered, turn.draft) if offered else self._answer(turn, scope, filters, rewrite)

    def _offered(self, turn: _Turn, scope: Scope) -> Verified | None:
        """The verified answer to a question that stands alone; to a follow-up that leans on others, none."""
        if self.verified is None or (turn.history and leans_on_history(turn.question)):
            return None
        return self.verified.offer((turn.question,), scope)

    def _answer(self, turn: _Turn, scope: Scope, filters: Filters, rewrite: str | None) -> Iterator[Event]:
        """Count, or search and then decide who writes."""
        inventory, draft = self.inventory, turn.draft
        asked = inventory and inventory.recognise(turn.question, scope, is_follow_up=bool(turn.history))
        if inventory and asked:
            yield from inventory.answer(turn.question, asked, scope=scope, filters=filters, draft=draft)
            return
        documents = self.retriever.catalogue.ids(scope, filters)
        if documents == frozenset() and self.library.document_count(scope):
            yield from self._nothing_fits(draft, filters)
            return
        turn = replace(turn, history=before(turn.question, turn.history))
        model = self._model_within_budget()
        attempt = self._rewrite(turn, rewrite, model)
        draft.used(attempt.usage)
        draft.model_calls += attempt.has_called
        draft.lap("rewrite")
        found = self._find(turn, scope, attempt, documents)
        draft.lap("search")
        yield PassagesFound(found.passages, found.trace, attempt.rewrite)
        if attempt.rewrite and attempt.rewrite.by == "reader":
            turn = replace(turn, question=attempt.rewrite.text)
        if model is not None:
            yield from self._write(turn, found, model)
            return
        if self.model is not None and found.trace.evidence.status != "unanswerable":
            draft.note(f"{BUDGET_SPENT} {INSTEAD}")
        yield from self._quote(turn, found)

    def _model_within_budget(self) -> ChatModel | None:
        """The model; none where this month's budget is used up."""
        if self.model is None or self.limits is None or not self.limits.is_budget_spent():
            return self.model
        log_event("budget_spent")
        return None

    def _nothing_fits(self, draft: Draft, filters: Filters) -> Iterator[Event]:
        """The filters leave no document: nothing is searched, which is another thing than finding nothing."""
        yield PassagesFound((), SearchTrace())
        yield TextDelta(draft.write(nothing_fits(filters)))
        yield AnswerFinished(draft.answer("unanswerable"))

    def _rewrite(self, turn: _Turn, given: str | None, model: ChatModel | None) -> Attempt:
        """The reader's own words, else the model's where there is one and the question needs it."""
        if given is not None and given.strip():
            return Attempt(Rewrite(checked_question(given), "reader"))
        if model is None:
            return Attempt()
        return rewrite_follow_up(turn.question, turn.history, model, cancelled=turn.cancelled)

    def _find(self, turn: _Turn, scope: Scope, attempt: Attempt, documents: frozenset[int] | None) -> Found:
        words = attempt.rewrite.text if attempt.rewrite else None
        found = self.retriever.find(
            turn.question, scope=scope, history=questions_in(turn.history), rewrite=words, documents=documents
        )
        notes = (attempt.note, *found.trace.notes) if attempt.note else found.trace.notes
        return replace(found, trace=replace(found.trace, notes=notes))

    def _decline(self, draft: Draft, found: Found) -> Iterator[Event]:
        """The documents do not say: name the nearest, claim nothing."""
        yield TextDelta(draft.write(not_in_documents(found)))
        yield AnswerFinished(draft.answer("unanswerable"))

    def _quote(self, turn: _Turn, found: Found) -> Iterator[Event]:
        """Quote the best sentences, each with its citation, where they are evidence enough."""
        draft = turn.draft
        draft.evidence = evidence = found.trace.evidence
        quotes: tuple[Quote, ...] = ()
        if evidence.status != "unanswerable":
            quotes = chosen_quotes(
                turn.question, found.passages, self.embedder, asked=found.trace.asked, most=_QUOTES[draft.style]
            )
        if not quotes:
            yield from self._decline(draft, found)
            return
        left_open = missing(found, evidence)
        draft.note(left_open)
        if pair := disagreement(quotes):
            draft.note(disagree(*pair))
        for quote in quotes:
            delta, sentence = draft.quote(quote)
            yield TextDelta(delta)
            yield SentenceChecked(sentence)
        yield AnswerFinished(draft.answer(_status(draft, left_open)))

    def _write(self, turn: _Turn, found: Found, model: ChatModel) -> Iterator[Event]:
        """Let the model write from the passages; without a first word from it, quote instead and say so."""
        draft = turn.draft
        draft.evidence = evidence = found.trace.evidence
        if evidence.status == "unanswerable":
            yield from self._decline(draft, found)
            return
        try:
            yield from self._writer(model, draft).write(
                turn.question, turn.history, found.passages, draft=draft, cancelled=turn.cancelled
            )
        except ModelError as error:
            log_event("model_failed", model=model.name, error=type(error).__name__)
            if draft.text:
                yield from draft.finish()
                yield TurnFailed(error.hint, draft.answer("partial"), error)
                return
            draft.note(f"{error.hint} {INSTEAD}")
            yield from self._quote(turn, found)
            return
        if turn.cancelled():
            yield TurnStopped(draft.answer("partial"))
            return
        if self.has_judge:
            yield from judge(draft, model, cancelled=turn.cancelled)
        yield from self._conclude(turn, found, evidence)

    def prompt(self, question: str, history: Sequence[Message], passages: Sequence[Passage]) -> Budget:
        """What the model is sent for these passages, where there is one. Raises ContextTooLong."""
        assert self.model is not None
        return self._writer(self.model, Draft()).prompt(question, history, passages)

    def _writer(self, model: ChatModel, draft: Draft) -> Writer:
        """The model with what it is told beside the question."""
        rules = self.house_rules.current() if self.house_rules else None
        draft.prompt_version = prompt_version(draft.style, rules.id if rules else None)
        return Writer(model, self.reply_tokens, self.today(), draft.style, rules.text if rules else "")

    def _conclude(self, turn: _Turn, found: Found, evidence: Evidence) -> Iterator[Event]:
        """Let what the model wrote stand, or put what the documents do say in its place."""
        draft = turn.draft
        match standing(draft.sentences, has_citations=draft.has_citations):
            case "says_nothing":
                yield draft.withdraw()
                yield from self._decline(draft, found)
            case "unproven":
                yield draft.withdraw()
                draft.note(REPLACED)
                yield from self._quote(turn, found)
            case "stands":
                left_open = missing(found, evidence)
                if draft.has_citations:
                    draft.note(left_open)
                    draft.note(self._conflict(turn, found))
                yield AnswerFinished(draft.answer(_status(draft, left_open)))

    def _conflict(self, turn: _Turn, found: Found) -> str | None:
        """The two documents that disagree on what was asked, where the answer rests on one of them."""
        pair = disagreement(best_quotes(turn.question, found.passages, self.embedder, asked=found.trace.asked))
        cited = {citation.passage.source.id for citation in turn.draft.citations}
        return disagree(*pair) if pair and cited & {quote.passage.source.id for quote in pair} else None


def checked_question(question: str) -> str:
    """The question without surrounding space; raises QuestionRefused where it is empty or too long."""
    question = question.strip()
    if not question:
        raise QuestionRefused("The question is empty; write one.")
    if len(question) > MOST_QUESTION_CHARS:
        raise QuestionRefused(
            f"The question has {len(question):,} characters; at most {MOST_QUESTION_CHARS:,} can be asked at once. "
            "Shorten it, or add the text as a document and ask about it."
        )
    return question


def _status(draft: Draft, left_open: str | None) -> Status:
    if not draft.has_citations:
        return "unanswerable"
    return "partial" if left_open else "answered"
