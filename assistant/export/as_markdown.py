"""A conversation as Markdown that any viewer may open: nothing in it runs, loads or sets a formula.

Letters that mean something to any flavour of Markdown or to a formula setter are written as character references.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial

from assistant.answer_markup import marked_answer
from assistant.events import Citation
from assistant.export.wording import doubt_of, notices_of, one_line, origin_of, place_of, title_of
from assistant.markdown import MarkdownWriter
from assistant.markup import read_markup
from assistant.transcript import Entry, Transcript

_SIGNIFICANT = re.compile(r"[<>&$\[\]{}\\*`#|~]|!\Z|(?<![^\W_])_|_(?![^\W_])")
_SLASHED = frozenset("*`#|~_!")
"""Of these, what a backslash makes harmless everywhere; all others become character references."""
_AT_START = re.compile(r"(?m)^(\s*)(?:(\d+)([.)])|([+=:-]))")
_OPENS_LINK = re.compile(r"\[(\d+)\](?=[(\[:])")


def markdown_of(transcript: Transcript, on: date) -> bytes:
    """The whole conversation, in UTF-8."""
    return ("\n\n".join(_parts(transcript, on)) + "\n").encode()


def _parts(transcript: Transcript, on: date) -> Iterator[str]:
    yield f"# {escaped(title_of(transcript))}"
    yield f"{origin_of(transcript, on)}."
    number = 0
    for entry in transcript.entries:
        if entry.role == "user":
            number += 1
            yield f"## Question {number}"
            yield _quoted(_writer(entry).blocks(read_markup(entry.text)))
        else:
            yield from _answer(entry)


def _answer(entry: Entry) -> Iterator[str]:
    yield "### Answer"
    text = _writer(entry).blocks(marked_answer(entry.text, entry.answer))
    if text:
        yield _OPENS_LINK.sub(r"&#91;\1&#93;", text)
    for notice in notices_of(entry):
        yield f"*{escaped(notice)}*"
    if entry.answer and entry.answer.citations:
        yield "### Sources"
        yield from (_source(citation) for citation in entry.answer.citations)


def _source(citation: Citation) -> str:
    source = citation.passage.source
    place = place_of(citation)
    named = f"[{citation.n}] **{escaped(one_line(source.title))}**" + (f" · {escaped(place)}" if place else "")
    return f"{named}  \n{escaped(one_line(source.path))}\n\n{_quoted(escaped(one_line(citation.quote)))}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _writer(entry: Entry) -> MarkdownWriter:
    return MarkdownWriter(escaped, lambda number: f" [{number}]", partial(_doubted, entry))


def _doubted(entry: Entry, words: str, sentence: str) -> str:
    doubt = doubt_of(entry, sentence)
    return f"{words} **({escaped(doubt)})**" if doubt else words


def escaped(text: str) -> str:
    """The text as it reads, nothing in it Markdown any more."""
    text = _SIGNIFICANT.sub(lambda m: f"\\{m[0]}" if m[0] in _SLASHED else _reference(m[0]), text)
    return _AT_START.sub(lambda m: f"{m[1]}{m[2] or ''}{_reference(m[3] or m[4])}", text)


def _reference(letter: str) -> str:
    return f"&#{ord(letter)};"
