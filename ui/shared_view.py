"""An answer of a shared conversation, as the component draws it: with its proof, and with nothing to do but read."""

from datetime import date

from assistant.conversations import StoredMessage, Work
from assistant.transcript import Entry
from ui.answer_view import Data, answer_data

_REFUSAL = {
    "title": "The documents do not say",
    "text": "Citewell searched what whoever asked could read, and found nothing that answers this.",
    "nearest": [],
}


def shared_message(entry: Entry, place: int) -> StoredMessage:
    """The entry as a message, numbered by its place; nothing is known of how it was found."""
    work = Work(answer=entry.answer) if entry.answer else None
    return StoredMessage(place, entry.role, entry.text, entry.state, entry.reason, work)


def shared_data(message: StoredMessage, *, today: date) -> Data:
    """Everything on screen for such an answer."""
    data = answer_data(message, can_ask_again=False, today=today)
    return data | {"refusal": _REFUSAL} if "refusal" in data else data
