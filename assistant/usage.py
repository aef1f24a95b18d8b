"""What an answer cost: tokens, and money where prices are known."""

from dataclasses import dataclass, replace
from typing import Self

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of all calls for one answer; zero, and no model, where none was asked.

    `is_estimate`: the endpoint did not count all of them, so Citewell did, by its own tokenizer. `cost` is None
    where no price is set.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str | None = None
    is_estimate: bool = False
    cost: float | None = None
    currency: str = ""

    def plus(self, other: Self) -> Self:
        """Both together, without a cost."""
        return replace(
            self,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            model=self.model or other.model,
            is_estimate=self.is_estimate or other.is_estimate,
            cost=None,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost."""

    prompt: float
    completion: float
    currency: str

    def priced(self, usage: Usage) -> Usage:
        """The same with its cost."""
        if usage.model is None:
            return usage
        cost = (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / _MILLION
        return replace(usage, cost=cost, currency=self.currency)
