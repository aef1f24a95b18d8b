"""Whether an answer leaves a gap."""

from assistant.events import Answer, Citation
from assistant.gaps.values import Reason

_LEAST_UNSUPPORTED = 0.5
_SUPPORTED = frozenset(("supported", "partly"))


def shortcoming(answer: Answer) -> Reason | None:
    """What an answer lacks, None where it lacks nothing. A count of documents is no answer from them."""
    if answer.listed is not None:
        return None
    if answer.status == "unanswerable":
        return "unanswered"
    if answer.status == "partial":
        return "partly"
    claims = [sentence.support for sentence in answer.sentences if sentence.support != "not_a_claim"]
    unsupported = sum(support not in _SUPPORTED for support in claims)
    return "unsupported" if claims and unsupported >= _LEAST_UNSUPPORTED * len(claims) else None


def proof_in(answer: Answer, *, but: frozenset[int] = frozenset()) -> Citation | None:
    """What an answer that lacks nothing rests on, in another document than these; None where that is nothing."""
    if shortcoming(answer) is not None:
        return None
    return next((citation for citation in answer.citations if citation.passage.source.id not in but), None)
