"""What one may ask next, and what a conversation is about: found once the answer is there, so that nobody waits.

A model suggests in the second and last call of a turn; without one, headings that were found and not quoted do.
What is suggested is searched for first: a suggestion that the documents do not answer is none.
"""

import logging
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.background import Background
from assistant.citations import without_markers
from assistant.conversations import Conversations
from assistant.errors import ModelError
from assistant.events import Answer
from assistant.llm import ChatModel
from assistant.short_call import ask_shortly
from assistant.usage import Prices, Usage
from prompts import FollowUpsPrompt, new_mark
from retrieval.evidence import assess
from retrieval.filters import NO_FILTERS, Filters
from retrieval.retriever import CitewellRetriever
from retrieval.values import Passage, Scope

log = logging.getLogger(__name__)
MOST = 3
CALL_S = 15.0
_SEARCHING, _ROOM = threading.Lock(), threading.BoundedSemaphore(4)
"""Questions go before these searches: one at a time, and where this many wait already, no more."""
_REPLY_TOKENS = 160
_PASSAGES = 6
_LEAD = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])?\s*[\"'“‘*_]*")
_TAIL = "\"'”’*_ "
_TITLE = re.compile(r"^\W*title\W*:\W*(.*)$", re.IGNORECASE)
_QUESTION_CHARS = (12, 140)
_TITLE_CHARS = 60
_NOT_PLAIN = re.compile(r"===|https?:|[<>\[\]{}|`]")


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn that ended with an answer."""

    message_id: int
    question: str
    answer: Answer
    passages: tuple[Passage, ...]
    scope: Scope
    filters: Filters = NO_FILTERS

    @property
    def leads_on(self) -> bool:
        """Whether there is anything from the documents to ask further about."""
        return self.answer.status != "unanswerable" and self.answer.listed is None


class Sought:
    """The answers for which follow-ups are being looked for in this process, for whoever waits for them."""

    def __init__(self) -> None:
        self._ended: dict[int, threading.Event] = {}

    def begin(self, message_id: int) -> None:
        """From now on there is something to wait for."""
        self._ended[message_id] = threading.Event()

    def end(self, message_id: int) -> None:
        """What was found is stored, or nothing will be."""
        self._ended.pop(message_id).set()

    def wait(self, message_id: int, *, timeout_s: float) -> bool:
        """Whether nothing is looked for any more; waits so long for it."""
        ended = self._ended.get(message_id)
        return ended is None or ended.wait(timeout_s)


SOUGHT = Sought()


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Suggests and stores; `model` None where none is configured."""

    retriever: CitewellRetriever
    conversations: Conversations
    model: ChatModel | None
    prices: Prices | None = None
    spend: Callable[[Usage], None] = lambda _: None
    """Is told what the call cost."""

    def seek(self, turn: Answered, background: Background) -> None:
        """Look for them in a thread of its own; `SOUGHT` knows until when."""

        def look() -> None:
            try:
                self.suggest(turn, cancelled=background.stopping.is_set)
            finally:
                SOUGHT.end(turn.message_id)

        SOUGHT.begin(turn.message_id)
        background.start(look)

    def suggest(self, turn: Answered, *, cancelled: Callable[[], bool]) -> None:
        """Store up to three questions with the answer, and a title for a conversation that has none."""
        questions, title, usage = from_headings(turn.passages, turn.answer), None, Usage()
        if self.model is not None and turn.answer.model_calls == 1:
            try:
                said = ask_shortly(
                    self.model, _prompt(turn), max_tokens=_REPLY_TOKENS, timeout_s=CALL_S, cancelled=cancelled
                )
                suggested, title = read_reply(said.text or "", turn.question)
                questions, usage = suggested or questions, said.usage
            except ModelError as error:
                log.info("no suggestions: %s", error.hint)
        answerable = self._answerable(questions, turn, cancelled)
        usage = self.prices.priced(usage) if self.prices else usage
        self.spend(usage)
        self.conversations.follow_up(turn.message_id, answerable[:MOST], title=title, usage=usage)

    def _answerable(self, questions: Sequence[str], turn: Answered, cancelled: Callable[[], bool]) -> tuple[str, ...]:
        """Those that the documents answer; none where many others wait for the same."""
        if not _ROOM.acquire(blocking=False):
            return ()
        try:
            with _SEARCHING:
                return tuple(asked for asked in questions if not cancelled() and self._is_answered(asked, turn))
        finally:
            _ROOM.release()

    def _is_answered(self, question: str, turn: Answered) -> bool:
        documents = self.retriever.catalogue.ids(turn.scope, turn.filters)
        found = self.retriever.find(question, scope=turn.scope, documents=documents)
        return assess(found.trace.signals).status == "answerable"


def from_headings(passages: Sequence[Passage], answer: Answer) -> tuple[str, ...]:
    """A question for each section that was found and not cited, best first."""
    cited = {_place(citation.passage) for citation in answer.citations}
    places = dict.fromkeys(_place(passage) for passage in passages if passage.heading)
    return tuple(
        f"What does “{title}” say about “{heading}”?"
        for title, heading in places
        if (title, heading) not in cited and heading != title and not _NOT_PLAIN.search(title + heading)
    )[:MOST]


def read_reply(text: str, question: str) -> tuple[tuple[str, ...], str | None]:
    """The questions and the title in a model's reply; what is neither is left out."""
    questions: dict[str, None] = {}
    title = None
    for line in text.splitlines():
        if named := _TITLE.match(line):
            title = _as_title(named[1])
        else:
            words = _LEAD.sub("", line).rstrip(_TAIL)
            if _is_question(words) and words.casefold() != question.strip().casefold():
                questions[words] = None
    return tuple(questions)[:MOST], title


def _place(passage: Passage) -> tuple[str, str]:
    return passage.source.title, passage.heading[-1].strip() if passage.heading else ""


def _is_question(words: str) -> bool:
    shortest, longest = _QUESTION_CHARS
    return words.endswith("?") and shortest <= len(words) <= longest and not _NOT_PLAIN.search(words)


def _as_title(words: str) -> str | None:
    title = words.strip().strip(_TAIL + "“‘.")
    fits = 0 < len(title) <= _TITLE_CHARS and re.search(r"\w", title) and not _NOT_PLAIN.search(title)
    return title if fits else None


def _prompt(turn: Answered) -> str:
    answer = without_markers(turn.answer.text)
    return FollowUpsPrompt(turn.question, answer, turn.passages[:_PASSAGES], new_mark()).render()
