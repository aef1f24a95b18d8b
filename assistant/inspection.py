"""A question looked into: the whole turn in one configuration, with the prompt as it was sent and what it left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.access import Principal, only_editor, scope_of
from assistant.asking import Asking
from assistant.bootstrap import Citewell
from assistant.budget import Budget
from assistant.circuit import GuardedModel
from assistant.configuration import Configuration
from assistant.conversations import Work
from assistant.events import AnswerFinished, AnswerReplaced, PassagesFound, TurnFailed, TurnStopped
from assistant.history import before
from assistant.llm import ChatModel, Message, Piece
from assistant.masking import MaskedModel
from assistant.narrowed import Narrowed
from assistant.turn import checked_question
from retrieval.values import Passage


@dataclass(frozen=True, slots=True)
class Inspection:
    """What came of it. `prompts` are the calls to a model in their order, each as its messages.

    `left_out` are the passages that were found and that the window had no room for.
    """

    question: str
    configuration: Configuration
    work: Work
    prompts: tuple[tuple[Message, ...], ...] = ()
    left_out: tuple[Passage, ...] = ()
    dropped_history: int = 0
    prompt_tokens: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Overheard:
    """A model whose prompts are kept."""

    model: ChatModel
    prompts: list[tuple[Message, ...]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The model as the endpoint calls it."""
        return self.model.name

    @property
    def window_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        return self.model.window_tokens

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Piece]:
        """The model's reply; raises ModelError."""
        self.prompts.append(_as_sent(self.model, messages))
        yield from self.model.stream(messages, **options)


def _as_sent(model: ChatModel, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages as they leave, with placeholders in place of what is personal where that is masked."""
    inner = model.model if isinstance(model, GuardedModel) else model
    return inner.masked(messages)[0] if isinstance(inner, MaskedModel) else tuple(messages)


def inspect(
    citewell: Citewell,
    question: str,
    configuration: Configuration,
    principal: Principal,
    *,
    earlier: Sequence[str] = (),
    collection: str | None = None,
) -> Inspection:
    """Ask within what this person may read, for editors and administrators.

    Raises NotAllowed, QuestionRefused, UnknownCollection, ConfigurationRefused or LimitReached.
    """
    only_editor(principal)
    question = checked_question(question)
    scope = scope_of(principal, citewell.library, collection=collection)
    asking = Asking(citewell, configuration, scope, principal=principal)
    with citewell.limits.answering(principal):
        return _followed(asking, question, earlier, Work(narrowed=Narrowed(collection) or None))


def _followed(asking: Asking, question: str, earlier: Sequence[str], work: Work) -> Inspection:
    assistant = asking.assistant
    overheard = Overheard(assistant.model) if assistant.model is not None else None
    history = before(question, tuple(Message("user", text) for text in earlier))
    failure = None
    turn = replace(assistant, model=overheard).answer(
        question, scope=asking.scope, history=history, principal=asking.principal
    )
    for event in turn:
        match event:
            case PassagesFound(passages, trace, rewrite):
                work = replace(work, passages=passages, trace=trace, rewrite=rewrite)
            case AnswerReplaced(answer):
                work = replace(work, replaced=answer)
            case AnswerFinished(answer) | TurnStopped(answer):
                work = replace(work, answer=answer)
            case TurnFailed(reason, answer):
                work, failure = replace(work, answer=answer), reason
    found = Inspection(question, asking.configuration, work, failure=failure)
    if overheard is None or not overheard.prompts:
        return found
    return _with_prompts(found, overheard, assistant.prompt(question, history, work.passages))


def _with_prompts(found: Inspection, overheard: Overheard, budget: Budget) -> Inspection:
    return replace(
        found,
        prompts=tuple(overheard.prompts),
        left_out=found.work.passages[len(budget.passages) :],
        dropped_history=budget.dropped_history,
        prompt_tokens=budget.prompt_tokens,
    )
