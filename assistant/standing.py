"""Whether what a model wrote may stand as the answer, by what the check says of its sentences."""

from collections.abc import Sequence
from typing import Literal

from assistant.events import CheckedSentence

Standing = Literal["stands", "unproven", "says_nothing"]


def standing(sentences: Sequence[CheckedSentence], *, has_citations: bool) -> Standing:
    """`unproven` where most claims lack support, `says_nothing` where nothing is claimed and nothing cited.

    A single contradicted statement stands: it is shown as such, and what its source says beside it.
    """
    claims = [sentence.support for sentence in sentences if sentence.support != "not_a_claim"]
    if not claims:
        return "stands" if has_citations else "says_nothing"
    lacking = [support for support in claims if support in {"unsupported", "contradicted"}]
    if lacking == ["contradicted"]:
        return "stands"
    return "unproven" if 2 * len(lacking) > len(claims) else "stands"
