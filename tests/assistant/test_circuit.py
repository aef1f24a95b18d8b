"""A model that keeps failing is left alone for a while, then tried once; readers get quoted answers at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistant.circuit import FAILURES, REST_S, WITHIN_S, Circuit, GuardedModel
from assistant.errors import ContextTooLong, ModelBusy, ModelError, ModelFailed, ModelRejectedKey, ModelResting
from assistant.llm import Finished, Message, OpenAIModel, Piece, TextPiece
from tests.assistant.scripted_endpoint import ScriptedEndpoint, error


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Moody:
    """A model that does as its moods say, one a request: an error to raise, or a reply."""

    moods: list[ModelError | None] = field(default_factory=list)
    name: str = "moody"
    window_tokens: int = 4_096
    asked: int = 0

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancelled: Callable[[], bool],
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        del messages, max_tokens, schema
        mood = self.moods[self.asked] if self.asked < len(self.moods) else None
        self.asked += 1
        if mood:
            raise mood
        yield TextPiece("well")
        if not cancelled():
            yield Finished("stop")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guarded(clock: Clock, *moods: ModelError | None) -> tuple[GuardedModel, Moody]:
    model = Moody(list(moods))
    return GuardedModel(model, Circuit(clock)), model


def ask(model: GuardedModel, *, cancelled: bool = False) -> str:
    """How a request ends."""
    try:
        return str([type(p).__name__ for p in model.stream((), max_tokens=9, cancelled=lambda: cancelled)][-1])
    except ModelError as failure:
        return type(failure).__name__


DOWN = ModelFailed("The model is down.")


def test_a_model_that_fails_three_times_in_a_row_is_left_alone(clock):
    model, asked = guarded(clock, *[DOWN] * 9)
    assert [ask(model) for _ in range(FAILURES + 2)] == ["ModelFailed"] * FAILURES + ["ModelResting"] * 2
    assert asked.asked == FAILURES


def test_the_reader_is_told_when_it_is_tried_again(clock):
    model, _ = guarded(clock, *[DOWN] * 3)
    for _ in range(3):
        ask(model)
    clock.now += 12
    with pytest.raises(ModelResting) as resting:
        list(model.stream((), max_tokens=9, cancelled=lambda: False))
    assert "tried again in 18 s" in resting.value.hint


def test_after_its_rest_it_is_asked_as_before_once_a_trial_went_well(clock):
    model, asked = guarded(clock, *[DOWN] * 3)
    for _ in range(3):
        ask(model)
    clock.now += REST_S
    assert [ask(model) for _ in range(4)] == ["Finished"] * 4
    assert asked.asked == 7


def test_a_trial_that_fails_begins_the_rest_anew(clock):
    model, asked = guarded(clock, *[DOWN] * 4)
    for _ in range(3):
        ask(model)
    clock.now += REST_S
    assert [ask(model), ask(model)] == ["ModelFailed", "ModelResting"]
    assert asked.asked == 4


def test_while_one_tries_the_others_wait_for_how_it_ends(clock):
    model, _ = guarded(clock, *[DOWN] * 3)
    for _ in range(3):
        ask(model)
    clock.now += REST_S
    trial = model.stream((), max_tokens=9, cancelled=lambda: False)
    assert next(trial) == TextPiece("well")
    assert ask(model) == "ModelResting"
    assert list(trial) == [Finished("stop")]
    assert ask(model) == "Finished"


def test_a_trial_that_nobody_waits_for_any_more_lets_the_next_one_try(clock):
    model, _ = guarded(clock, *[DOWN] * 3)
    for _ in range(3):
        ask(model)
    clock.now += REST_S
    assert ask(model, cancelled=True) == "TextPiece"
    assert ask(model) == "Finished"


def test_failures_far_apart_or_with_a_success_between_them_are_borne(clock):
    model, _ = guarded(clock, DOWN, DOWN, None, DOWN, DOWN)
    assert [ask(model) for _ in range(5)][-1] == "ModelFailed"
    slow, _ = guarded(clock, *[DOWN] * 5)
    for _ in range(5):
        assert ask(slow) == "ModelFailed"
        clock.now += WITHIN_S / 2


@pytest.mark.parametrize("mistake", [ModelRejectedKey("k"), ContextTooLong("c"), ModelBusy("b", retry_after_s=2)])
def test_what_is_not_the_models_trouble_is_not_counted(mistake, clock):
    model, asked = guarded(clock, *[mistake] * 6)
    assert [ask(model) for _ in range(6)] == [type(mistake).__name__] * 6
    assert asked.asked == 6


def test_it_stands_before_a_real_endpoint_which_then_hears_nothing(clock):
    with ScriptedEndpoint([error(500, "out of memory")]) as endpoint:
        model = GuardedModel(OpenAIModel(endpoint.url, None, "m", max_retries=0), Circuit(clock))
        assert [ask(model) for _ in range(5)] == ["ModelFailed"] * 3 + ["ModelResting"] * 2
        assert len(endpoint.requests) == 3
        assert (model.name, model.window_tokens) == ("m", 16_384)
