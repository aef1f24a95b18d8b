"""What the check says of the sentences decides whether a model's answer stands."""

import pytest

from assistant.events import CheckedSentence, Support
from assistant.standing import standing


def checked(*supports: Support) -> list[CheckedSentence]:
    return [CheckedSentence("A sentence.", 0, 11, support, ()) for support in supports]


@pytest.mark.parametrize(
    "supports",
    [
        ("supported",),
        ("supported", "unsupported"),
        ("partly", "contradicted", "not_a_claim"),
        ("contradicted",),
        ("partly", "partly"),
        ("supported", "supported", "unsupported", "contradicted"),
    ],
)
def test_an_answer_stands_while_no_more_than_half_lacks_support_or_one_statement_is_contradicted(supports):
    assert standing(checked(*supports), has_citations=True) == "stands"


@pytest.mark.parametrize(
    "supports",
    [
        ("unsupported",),
        ("unsupported", "not_a_claim", "not_a_claim"),
        ("supported", "unsupported", "unsupported"),
        ("contradicted", "contradicted"),
        ("contradicted", "unsupported", "partly"),
    ],
)
def test_an_answer_is_unproven_once_more_than_half_lacks_support(supports):
    assert standing(checked(*supports), has_citations=True) == "unproven"


def test_what_claims_and_cites_nothing_says_nothing():
    assert standing(checked("not_a_claim"), has_citations=False) == "says_nothing"
    assert standing([], has_citations=False) == "says_nothing"
    assert standing(checked("not_a_claim"), has_citations=True) == "stands"
