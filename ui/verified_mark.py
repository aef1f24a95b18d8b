"""The mark of a verified answer in a conversation: who vouched for it and when, and whether that still stands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.conversations import StoredMessage
from assistant.events import VerifiedMark
from assistant.markup import visible
from assistant.verified.values import Standing
from retrieval.dates import full_date
from ui.verified_state import VerifiedState, Verifying
from ui.visit import Visit
from ui.words import local_time, shortened

Data = dict[str, Any]
_QUESTION_CHARS = 200


def mark_data(mark: VerifiedMark, standing: Standing | None, timezone: str | None) -> Data:
    """The mark as the component draws it; `standing` is what is known of it today, None where it is gone."""
    day = full_date(local_time(mark.verified_at, timezone).date())
    is_same = standing is not None and standing.verified_at == mark.verified_at
    by = f" by {standing.owner}" if standing and is_same and standing.owner else ""
    doubt = ""
    if standing is None:
        doubt = "It was withdrawn since."
    elif standing.is_due:
        doubt = "It is due for review now: ask again for what the documents say."
    elif not is_same:
        doubt = "It was verified anew since: ask again for it as it is now."
    return {
        "text": visible(f"Verified{by} on {day}"),
        "question": visible(shortened(mark.question, _QUESTION_CHARS)),
        "doubt": doubt,
    }


def standings(visit: Visit, messages: Sequence[StoredMessage]) -> Mapping[int, Standing]:
    """What is known today of the verified answers among these messages."""
    answers = (message.work.answer for message in messages if message.work)
    ids = {answer.verified.id for answer in answers if answer and answer.verified}
    return visit.citewell.verified.standing(ids, visit.scope)


def may_verify(visit: Visit, message: StoredMessage) -> bool:
    """Whether this person may vouch for an answer: it was finished, and cites a collection of theirs to change."""
    answer = message.work.answer if message.work else None
    if answer is None or message.state != "done" or answer.verified or answer.listed:
        return False
    return any(citation.passage.source.collection in visit.editable for citation in answer.citations)


def verifier(message_id: int) -> Callable[[object], None]:
    """Opens the form for an answer."""

    def act(_: object) -> None:
        VerifiedState().open = Verifying(message_id=message_id)

    return act
