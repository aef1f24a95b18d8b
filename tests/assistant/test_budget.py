"""What goes to the model fits its window to the token, and the question is never what is left out."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.budget import MESSAGE_TOKENS, REPLY_PRIMING_TOKENS, Budget, fit
from assistant.errors import ContextTooLong
from assistant.llm import Message
from retrieval.tokens import count_tokens
from retrieval.values import Passage, Source

TODAY = date(2026, 11, 3)
MARK = "5f2c9a1e7b3d4860"
PASSAGE = Passage(Source(1, "c", "leave.md", "Leave"), 0, 9, "Thirty days of leave. " * 20, ("Time off",), 2, 1.0)
PASSAGES = tuple(replace(PASSAGE, text=f"{n} {PASSAGE.text}") for n in range(8))
HISTORY = (
    Message("user", "How many days of leave do I have?"),
    Message("assistant", "You have 30 days [1][2]."),
    Message("user", "And in the first year?"),
    Message("assistant", "The same [1]."),
)


def fitted(
    question: str = "And next year?",
    history: tuple[Message, ...] = HISTORY,
    passages: tuple[Passage, ...] = PASSAGES,
    *,
    window_tokens: int,
    reply_tokens: int = 500,
) -> Budget:
    return fit(
        question,
        history,
        passages,
        window_tokens=window_tokens,
        reply_tokens=reply_tokens,
        count_tokens=count_tokens,
        today=TODAY,
        mark=MARK,
    )


def size(budget: Budget) -> int:
    return REPLY_PRIMING_TOKENS + sum(count_tokens(m.text) + MESSAGE_TOKENS for m in budget.messages)


def test_in_a_large_window_nothing_is_left_out() -> None:
    budget = fitted(window_tokens=128_000)
    assert (budget.dropped_passages, budget.dropped_history) == (0, 0)
    assert [message.role for message in budget.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert budget.messages[-1].text.endswith("Question: And next year?")
    assert budget.prompt_tokens == size(budget)


def test_old_replies_lose_their_markers_whose_numbers_meant_other_passages() -> None:
    assert fitted(window_tokens=128_000).history[1].text == "You have 30 days."


def test_the_oldest_history_goes_first_and_no_reply_stays_without_its_question() -> None:
    whole = fitted(window_tokens=128_000)
    budget = fitted(window_tokens=whole.prompt_tokens + 500 - 1)
    assert (budget.dropped_passages, budget.dropped_history) == (0, 2)
    assert [message.text for message in budget.history] == ["And in the first year?", "The same."]


def test_then_the_passages_of_the_lowest_rank_go() -> None:
    bare = fitted(history=(), passages=PASSAGES[:3], window_tokens=128_000)
    budget = fitted(window_tokens=bare.prompt_tokens + 500)
    assert budget.passages == PASSAGES[:3]
    assert (budget.dropped_passages, budget.dropped_history, budget.history) == (5, 4, ())


def test_a_prompt_that_fits_to_the_token_is_not_cut() -> None:
    whole = fitted(window_tokens=128_000)
    assert fitted(window_tokens=whole.prompt_tokens + 500) == whole


def test_a_question_longer_than_the_window_is_refused_with_what_to_do() -> None:
    with pytest.raises(ContextTooLong) as caught:
        fitted("why " * 4_000, window_tokens=4_096)
    assert "4," in caught.value.hint
    assert "3,596" in caught.value.hint
    assert "shorten" in caught.value.hint


def test_a_window_smaller_than_its_reply_is_refused() -> None:
    with pytest.raises(ContextTooLong):
        fitted(window_tokens=400)


def test_each_prompt_has_a_mark_of_its_own() -> None:
    def prompt() -> str:
        options = {"window_tokens": 9_000, "reply_tokens": 500, "count_tokens": count_tokens, "today": TODAY}
        return fit("Q", (), PASSAGES[:1], **options).messages[-1].text  # type: ignore[arg-type]

    assert prompt() != prompt()


_TEXTS = st.one_of(
    st.text(max_size=300),
    st.integers(1, 900).map("leave policy ".__mul__),
    st.sampled_from(["<|endoftext|>" * 20, "\n" * 50, "\u00e9\U0001f600 " * 90, "=== [1] " * 40]),
)


@given(
    question=_TEXTS,
    texts=st.lists(_TEXTS, max_size=12),
    said=st.lists(_TEXTS, max_size=8),
    window_tokens=st.sampled_from([4_096, 8_192, 32_768, 131_072, 1_000_000]),
    reply_tokens=st.integers(64, 2_048),
)
@settings(max_examples=150, deadline=None)
def test_from_four_thousand_to_a_million_tokens_the_prompt_fits_and_holds_what_it_can(
    question: str, texts: list[str], said: list[str], window_tokens: int, reply_tokens: int
) -> None:
    passages = tuple(replace(PASSAGE, text=text) for text in texts)
    history = tuple(Message("assistant" if i % 2 else "user", text) for i, text in enumerate(said))
    budget = fitted(question, history, passages, window_tokens=window_tokens, reply_tokens=reply_tokens)
    assert size(budget) == budget.prompt_tokens <= window_tokens - reply_tokens
    assert budget.passages == passages[: len(passages) - budget.dropped_passages]
    assert len(budget.history) + budget.dropped_history == len(history)
    assert not (budget.dropped_passages and budget.history)
    assert not budget.history or budget.history[0].role == "user"


def test_a_million_tokens_are_fitted_within_seconds() -> None:
    long = tuple(replace(PASSAGE, text=PASSAGE.text * 40) for _ in range(60))
    budget = fitted(passages=long, window_tokens=1_000_000)
    assert budget.dropped_passages == 0
    assert budget.prompt_tokens > 200_000
