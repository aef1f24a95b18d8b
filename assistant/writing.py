"""How a model writes an answer from the passages: the prompt that fits, and its reply as it streams."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from assistant.budget import Budget, fit
from assistant.draft import Draft, context_of
from assistant.errors import ContextTooLong
from assistant.events import Event, ModelWaiting
from assistant.llm import ChatModel, Finished, Message, TextPiece, Waiting
from assistant.notices import ENDINGS, shortened_prompt
from assistant.usage import Usage
from assistant.verify import prepare
from prompts import Style
from retrieval.tokens import count_tokens
from retrieval.values import Passage

_ASKED_AFTER_S = 0.02
"""By then the request has left; what runs before would delay it."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes with one model."""

    model: ChatModel
    reply_tokens: int
    today: date
    style: Style = "standard"
    house_rules: str = ""

    def write(
        self,
        question: str,
        history: Sequence[Message],
        passages: Sequence[Passage],
        *,
        draft: Draft,
        cancelled: Callable[[], bool],
    ) -> Iterator[Event]:
        """The model's answer, put into the draft as it comes. Raises ModelError; what came before it stands.

        Where the endpoint finds the prompt too long, it is asked once more with the better half of the passages.
        """
        prompt = self.prompt(question, history, passages)
        try:
            yield from self._stream(prompt, draft, cancelled)
        except ContextTooLong:
            half = prompt.passages[: max(1, len(prompt.passages) // 2)]
            if draft.text or (half == prompt.passages and not prompt.history):
                raise
            draft.note(shortened_prompt(len(half), len(passages), has_history=bool(history)))
            yield from self._stream(self.prompt(question, (), half), draft, cancelled)

    def prompt(self, question: str, history: Sequence[Message], passages: Sequence[Passage]) -> Budget:
        """What the model is sent. Raises ContextTooLong where not even the question fits."""
        return fit(
            question,
            history,
            passages,
            window_tokens=self.model.window_tokens,
            reply_tokens=self.reply_tokens,
            count_tokens=count_tokens,
            today=self.today,
            style=self.style,
            house_rules=self.house_rules,
        )

    def _stream(self, prompt: Budget, draft: Draft, cancelled: Callable[[], bool]) -> Iterator[Event]:
        draft.cite_from(prompt.passages)
        draft.sent(self.model.name, prompt.prompt_tokens)
        draft.lap("to_model")
        with _read_ahead(prompt.passages):
            for piece in self.model.stream(prompt.messages, max_tokens=self.reply_tokens, cancelled=cancelled):
                match piece:
                    case TextPiece(text):
                        draft.lap("first_token")
                        yield from draft.feed(text)
                    case Finished(reason, prompt_tokens, completion_tokens):
                        draft.used(Usage(prompt_tokens, completion_tokens, self.model.name))
                        draft.note(ENDINGS.get(reason))
                    case Waiting(seconds):
                        yield ModelWaiting(seconds)
        yield from draft.finish()


@contextmanager
def _read_ahead(passages: Sequence[Passage]) -> Iterator[None]:
    """Make the passages ready for the check while the model thinks: eight of them take 15 to 40 ms."""
    contexts = [context_of(passage) for passage in passages]
    work = threading.Timer(_ASKED_AFTER_S, prepare, [[passage.text for passage in passages]], {"contexts": contexts})
    work.daemon = True
    work.start()
    try:
        yield
    finally:
        work.cancel()
