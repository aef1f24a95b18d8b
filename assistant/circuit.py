"""Leaves a model alone that keeps failing: a few failures in a row, and for a while nobody waits for it.

After the rest one request is let through; how it ends decides for all. A retry belongs to one request and knows
nothing of others, so it is no substitute.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import ModelFailed, ModelResting, ModelTooSlow, ModelUnreachable, ReplyIncomplete
from assistant.llm import ChatModel, Finished, Message, Piece

FAILURES = 3
"""So many requests that fail one after the other ..."""
WITHIN_S = 60.0
"""... within so long, and the model rests ..."""
REST_S = 30.0
"""... for so long."""
_COUNTED = (ModelUnreachable, ModelTooSlow, ModelFailed, ReplyIncomplete)
"""What is the endpoint's own trouble; a wrong key or a prompt that is too long fails in every state of its health."""


@dataclass(slots=True)
class Circuit:
    """Counts failures, decides who may ask. Safe to share between threads."""

    clock: Callable[[], float] = time.monotonic
    _failed_at: tuple[float, ...] = ()
    _rests_until: float | None = None
    _is_on_trial: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self) -> float | None:
        """None where the model may be asked, else for how many seconds it still rests."""
        with self._lock:
            if self._rests_until is None:
                return None
            left = self._rests_until - self.clock()
            if left > 0 or self._is_on_trial:
                return max(left, 0.0)
            self._is_on_trial = True
            return None

    def succeeded(self) -> None:
        """A request ended well: all is forgotten."""
        with self._lock:
            self._failed_at, self._rests_until = (), None

    def failed(self) -> None:
        """A request failed; after the last one that is borne, or on trial, the rest begins."""
        with self._lock:
            now = self.clock()
            self._failed_at = (*(at for at in self._failed_at if now - at < WITHIN_S), now)
            if self._is_on_trial or len(self._failed_at) >= FAILURES:
                self._rests_until = now + REST_S

    def ended(self) -> None:
        """A request is over, however it ended; one that nobody waited for has proven nothing."""
        with self._lock:
            self._is_on_trial = False


@dataclass(frozen=True, slots=True)
class GuardedModel:
    """A model behind a circuit. Raises ModelResting while it is left alone."""

    model: ChatModel
    circuit: Circuit = field(default_factory=Circuit)

    @property
    def name(self) -> str:
        """The model as the endpoint calls it."""
        return self.model.name

    @property
    def window_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        return self.model.window_tokens

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancelled: Callable[[], bool],
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        """The model's reply; raises ModelError."""
        if (rests_s := self.circuit.admit()) is not None:
            raise ModelResting(
                "The model failed several times in a row, so it is left alone for the moment; "
                f"it is tried again in {max(1, round(rests_s))} s."
            )
        try:
            for piece in self.model.stream(messages, max_tokens=max_tokens, cancelled=cancelled, schema=schema):
                if isinstance(piece, Finished):
                    self.circuit.succeeded()
                yield piece
        except _COUNTED:
            self.circuit.failed()
            raise
        finally:
            self.circuit.ended()
