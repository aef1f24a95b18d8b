"""The line under an answer says what is so, and no more."""

from datetime import date

import pytest

from assistant.events import CheckedSentence, Support, Usage
from retrieval.dates import full_date
from tests.ui.values import answer, citation, sentence
from ui.verdict import verdict_of
from ui.words import counted, seconds, shortened

TEXT = "One. Two. Three."


def sentences(*supports: Support) -> tuple[CheckedSentence, ...]:
    names = ("One.", "Two.", "Three.")
    return tuple(sentence(name, TEXT, support, 1) for name, support in zip(names, supports, strict=True))


@pytest.mark.parametrize(
    ("supports", "tone", "words"),
    [
        (("supported", "supported", "supported"), "quiet", "every statement supported"),
        (("supported", "not_a_claim", "not_a_claim"), "quiet", "supported"),
        (("supported", "unsupported", "supported"), "amber", "1 of 3 statements not supported"),
        (("unsupported", "partly", "supported"), "amber", "1 of 3 statements not supported, 1 only partly supported"),
        (("contradicted", "unsupported", "supported"), "red", "1 of 3 statements contradicted by the source, 1 not supported"),
        (("not_a_claim", "unsupported", "not_a_claim"), "amber", "1 of 1 statement not supported"),
    ],
)  # fmt: skip
def test_the_line_counts_claims_alone(supports: tuple[Support, ...], tone: str, words: str) -> None:
    verdict = verdict_of(answer(TEXT, *sentences(*supports), citations=(citation(1), citation(2))))
    assert verdict.tone == tone
    assert verdict.text == f"2 sources, newest January 2026 · {words} · 1.2 s"


def test_quotations_without_a_model_claim_no_more_than_that_they_are_quoted() -> None:
    quoted = answer(TEXT, *sentences("supported", "supported", "supported"), citations=(citation(1),), usage=Usage())
    assert verdict_of(quoted).text == "1 source · quoted word for word · 1.2 s"


def test_what_is_not_borne_out_is_listed_with_the_reason() -> None:
    verdict = verdict_of(answer(TEXT, *sentences("contradicted", "partly", "supported")))
    assert [(doubt.sentence, doubt.label) for doubt in verdict.doubts] == [
        ("One.", "The source says otherwise"),
        ("Two.", "The source says only part of this"),
    ]


def test_nothing_is_claimed_supported_where_nothing_is_claimed() -> None:
    assert verdict_of(answer("Hello.")).text == "1.2 s"


def test_words_for_numbers_and_dates() -> None:
    assert counted(1, "source") == "1 source"
    assert counted(12_000, "passage") == "12,000 passages"
    assert full_date(date(2026, 3, 4)) == "4 March 2026"
    assert (seconds(40), seconds(1250)) == ("under 0.1 s", "1.2 s")
    assert shortened("one two   three four", 12) == "one two…"
