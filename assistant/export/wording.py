"""What all exports say alike: dates, where a quotation stands, what is wrong with a sentence, how an answer ended."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import PurePosixPath

from assistant.events import Citation, Support
from assistant.markup import visible
from assistant.notices import is_refusal, standing_notice
from assistant.transcript import Entry, Transcript
from retrieval.parsing import FORMATS

DOUBTS: Mapping[Support, str] = {
    "partly": "~ only partly supported by its source",
    "unsupported": "? not supported by the documents",
    "contradicted": "≠ contradicted by its source",
}
"""What is added to a sentence that its sources do not bear out."""
_PAGE_WORDS = {ending: row.page_word for row in FORMATS for ending in row.endings}
_UNFINISHED = "This answer was still being written when the conversation was exported."


def full_date(day: date) -> str:
    """`4 March 2026`."""
    return f"{day.day} {day:%B %Y}"


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
    source = citation.passage.source
    headings = [heading for heading in citation.heading if heading.strip() and heading != source.title]
    word = _PAGE_WORDS.get(PurePosixPath(source.path).suffix.lower(), "page")
    page = f"{word} {citation.page}" if citation.page else ""
    dated = full_date(source.dated) if source.dated else ""
    return one_line(" · ".join(part for part in (" › ".join(headings), page, dated) if part))


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
