"""A model's reply: the values it arrives in, and how one stream of chunks is read into them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assistant.errors import ModelError, ModelFailed, ReplyIncomplete
from assistant.thinking import ThinkingFilter

Role = Literal["system", "user", "assistant"]
Reason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt or of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class TextPiece:
    """More of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The endpoint is busy; the same request goes out again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The model ended its reply; the tokens are as the endpoint counted them, zero where it did not."""

    reason: Reason
    prompt_tokens: int = 0
    completion_tokens: int = 0


Piece = TextPiece | Waiting | Finished


class Failure(Exception):
    """One attempt failed: with what error, and whether asking again may help."""

    def __init__(
        self,
        error: ModelError,
        *,
        may_pass: bool = False,
        retry_after_s: float | None = None,
        unwanted: str = "",
        is_broken_off: bool = False,
    ) -> None:
        super().__init__(error.hint)
        self.error = error
        self.may_pass = may_pass
        self.retry_after_s = retry_after_s
        self.unwanted = unwanted
        self.is_broken_off = is_broken_off


class Reading:
    """What one stream has said so far."""

    def __init__(self, nothing_hint: str) -> None:
        self.reason: Reason | None = None
        self.begun = False
        """Whether the model has said anything, thinking included."""
        self.is_alive = False
        """Whether the last chunks brought anything."""
        self._has_text = False
        self._usage = (0, 0)
        self._thinking = ThinkingFilter()
        self._nothing_hint = nothing_hint
        self._fresh: list[str] = []

    def take(self, chunks: Iterable[Any]) -> None:
        """Read some more. Raises TypeError, AttributeError or ValueError at what is no chunk."""
        self.is_alive = False
        for chunk in chunks:
            if chunk.usage:
                self._usage = (chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0)
            for choice in (chunk.choices or ())[:1]:
                self._take_choice(choice)

    def _take_choice(self, choice: Any) -> None:
        if choice.finish_reason:
            self.reason = _REASONS.get(choice.finish_reason, "stop")
        said = _words(choice.delta, "content") or _words(choice.delta, "refusal")
        thought = _words(choice.delta, "reasoning_content") or _words(choice.delta, "reasoning")
        self.is_alive = self.is_alive or bool(said or thought or choice.finish_reason)
        self.begun = self.begun or bool(said or thought)
        self._fresh.append(self._thinking.feed(said))

    def fresh(self) -> Iterator[TextPiece]:
        """The text that came since it was last asked for, as one piece; none where there is none."""
        text = "".join(self._fresh)
        self._fresh.clear()
        self._has_text = self._has_text or bool(text.strip())
        if text:
            yield TextPiece(text)

    def rest(self) -> Iterator[TextPiece]:
        """What was held back until the end was sure."""
        self._fresh.append(self._thinking.finish())
        yield from self.fresh()

    def finished(self) -> Finished:
        """How the reply ended. Raises Failure where it did not end, or holds nothing."""
        if self.reason is None and self.begun:
            raise Failure(ReplyIncomplete("The model's answer broke off before its end; what came is kept, ask again."))
        if self.reason is None:
            raise Failure(ModelFailed(self._nothing_hint))
        if self.reason == "length" and not self._has_text:
            hint = "The model used up its reply before it began to answer; raise CITEWELL_REPLY_TOKENS."
            raise Failure(ModelFailed(hint))
        if self.reason == "stop" and not self._has_text:
            raise Failure(ModelFailed("The model answered with nothing; ask again."), may_pass=True)
        return Finished(self.reason, *self._usage)

    def broken(self, failure: Failure) -> Failure:
        """The failure as it looks in the middle of a reply."""
        if self.begun and failure.is_broken_off:
            hint = "The connection to the model broke off in the middle; what came is kept, ask again."
            return Failure(ReplyIncomplete(hint))
        return failure


_REASONS: Mapping[str, Reason] = {"length": "length", "content_filter": "content_filter"}


def _words(delta: object, name: str) -> str:
    words = getattr(delta, name, None)
    if words is not None and not isinstance(words, str):
        raise TypeError(f"delta.{name} is no text")
    return words or ""
