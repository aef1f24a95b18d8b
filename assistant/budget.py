"""What of a conversation and of the passages found fits the model's window, and the prompt made of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.citations import without_markers
from assistant.errors import ContextTooLong
from assistant.llm import Message
from prompts import AnswerPrompt, Style, SystemPrompt, as_data, fence_passage, new_mark
from retrieval.values import Passage

MESSAGE_TOKENS = 4
"""What a chat template adds around each message (role and separators), rounded up."""

REPLY_PRIMING_TOKENS = 3
"""What a chat template puts before the reply."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The prompt that fits, and what it holds: `passages[n - 1]` is the one the model knows as [n]."""

    messages: tuple[Message, ...]
    passages: tuple[Passage, ...]
    history: tuple[Message, ...]
    dropped_passages: int
    dropped_history: int
    prompt_tokens: int


def fit(
    question: str,
    history: Sequence[Message],
    passages: Sequence[Passage],
    *,
    window_tokens: int,
    reply_tokens: int,
    count_tokens: Callable[[str], int],
    today: date,
    style: Style = "standard",
    house_rules: str = "",
    mark: str | None = None,
) -> Budget:
    """The prompt with as much as leaves `reply_tokens` of the window free; the question is always whole.

    The oldest history goes first, then the passages of the lowest rank. `passages` come best first, `history`
    oldest first and without the question. Raises ContextTooLong where not even the question alone fits.
    """
    mark = mark or new_mark()
    system = SystemPrompt(today, style, house_rules, mark).render()
    draft = _Draft(question, tuple(history), tuple(passages), system, mark, count_tokens)
    limit = window_tokens - reply_tokens
    kept_passages, kept_history = len(draft.passages), len(draft.history)
    tokens = draft.count(kept_passages, kept_history)
    if tokens > limit:
        kept_passages, kept_history = draft.estimate(limit)
        tokens = draft.count(kept_passages, kept_history)
    while tokens > limit:
        if kept_history:
            kept_history -= 1
        elif kept_passages:
            kept_passages -= 1
        else:
            raise ContextTooLong(_too_long_hint(tokens, window_tokens=window_tokens, reply_tokens=reply_tokens))
        tokens = draft.count(kept_passages, kept_history)
    return draft.budget(kept_passages, kept_history, tokens)


@dataclass(frozen=True, slots=True)
class _Draft:
    question: str
    history: tuple[Message, ...]
    passages: tuple[Passage, ...]
    system: str
    mark: str
    count_tokens: Callable[[str], int]

    def estimate(self, limit: int) -> tuple[int, int]:
        """How many passages, then how many messages of history fit, by the sum of their own tokens."""
        left = limit - self.count(0, 0)
        kept_passages = 0
        for number, passage in enumerate(self.passages, 1):
            left -= self.count_tokens(fence_passage(passage, number=number, mark=self.mark))
            if left < 0:
                return kept_passages, 0
            kept_passages += 1
        kept_history = 0
        for message in reversed(self.history):
            left -= self.count_tokens(message.text) + MESSAGE_TOKENS
            if left < 0:
                break
            kept_history += 1
        return kept_passages, kept_history

    def messages(self, kept_passages: int, kept_history: int) -> tuple[Message, ...]:
        prompt = AnswerPrompt(self.question, self.passages[:kept_passages], self.mark)
        return (
            Message("system", self.system),
            *self.recent(kept_history),
            Message("user", prompt.render()),
        )

    def recent(self, kept_history: int) -> tuple[Message, ...]:
        """The last messages of the history, from a question on: a reply without its question says nothing.

        Replies lose their markers, whose numbers stood for the passages of another turn.
        """
        recent = self.history[len(self.history) - kept_history :]
        while recent and recent[0].role == "assistant":
            recent = recent[1:]
        return tuple(self.as_data(message) for message in recent)

    def as_data(self, message: Message) -> Message:
        text = without_markers(message.text) if message.role == "assistant" else message.text
        return Message(message.role, as_data(text, mark=self.mark))

    def count(self, kept_passages: int, kept_history: int) -> int:
        messages = self.messages(kept_passages, kept_history)
        return REPLY_PRIMING_TOKENS + sum(self.count_tokens(m.text) + MESSAGE_TOKENS for m in messages)

    def budget(self, kept_passages: int, kept_history: int, tokens: int) -> Budget:
        recent = self.recent(kept_history)
        return Budget(
            messages=self.messages(kept_passages, kept_history),
            passages=self.passages[:kept_passages],
            history=recent,
            dropped_passages=len(self.passages) - kept_passages,
            dropped_history=len(self.history) - len(recent),
            prompt_tokens=tokens,
        )


def _too_long_hint(tokens: int, *, window_tokens: int, reply_tokens: int) -> str:
    return (
        f"The question needs {tokens:,} tokens and the model takes {max(0, window_tokens - reply_tokens):,} "
        f"beside its reply: shorten the question or choose a model with a larger window."
    )
