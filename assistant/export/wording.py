"""What all exports say alike: dates, where a quotation stands, what is wrong with a sentence, how an answer ended."""

from collections.abc import Iterator, Mapping
from datetime import date

from assistant.events import Citation, Support
from assistant.markup import visible
from assistant.notices import is_refusal, standing_notice
from assistant.places import place_and_date_of
from assistant.transcript import Entry, Transcript
from retrieval.dates import full_date

DOUBTS: Mapping[Support, str] = {
    "partly": "~ only partly supported by its source",
    "unsupported": "? not supported by the documents",
    "contradicted": "≠ contradicted by its source",
}
"""What is added to a sentence that its sources do not bear out."""
_UNFINISHED = "This answer was still being written when the conversation was exported."


def one_line(text: str) -> str:
    """A text without breaks, and with what cannot be seen made visible."""
    return visible(" ".join(text.split()))


def title_of(transcript: Transcript) -> str:
    """The title on one line."""
    return one_line(transcript.title) or "Conversation"


def origin_of(transcript: Transcript, on: date) -> str:
    """From when it is, and from when the export."""
    return f"Conversation of {full_date(transcript.created_at)}, exported from Citewell on {full_date(on)}"


def place_of(citation: Citation) -> str:
    """Where a quotation stands and how old it is: `Meals · page 3 · 1 February 2026`."""
    return one_line(place_and_date_of(citation.passage, at=citation.start))


def doubt_of(entry: Entry, sentence: str) -> str | None:
    """What is wrong with the sentence that stands at this place in the answer."""
    assert entry.answer is not None
    return DOUBTS.get(entry.answer.sentences[int(sentence)].support)


def notices_of(entry: Entry) -> Iterator[str]:
    """What a reader has to know beside the text of an answer."""
    if entry.state in {"pending", "streaming"}:
        yield _UNFINISHED
    answer = None if entry.answer and is_refusal(entry.answer) else entry.answer
    yield from (one_line(n) for n in (standing_notice(entry.state, entry.text, answer), entry.reason) if n)
