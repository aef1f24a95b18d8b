"""First questions, made of what documents are about: their headings that are questions, else what a heading promises.

By rules alone, so the same documents give the same questions, and nothing is asked that no document speaks of.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest

from retrieval.catalogue import Outline
from retrieval.values import Section

MOST = 4
_TEMPLATES: Mapping[str, str] = {
    "en": "What does “{title}” say about “{heading}”?",
    "de": "Was sagt „{title}“ zu „{heading}“?",
    "fr": "Que dit « {title} » sur « {heading} » ?",
    "es": "¿Qué dice «{title}» sobre «{heading}»?",
}
"""In other languages only headings that are questions are asked."""
_NUMBERING = re.compile(r"^\W*(?:(?:\d+|[A-Z])(?:\.\d+)*[.)]?\s+)?")
_EMPTY = frozenset(
    [
        "introduction",
        "overview",
        "summary",
        "contents",
        "scope",
        "purpose",
        "appendix",
        "notes",
        "references",
        "changes",
        "contact",
        "background",
        "einleitung",
        "überblick",
        "zusammenfassung",
        "inhalt",
        "anhang",
        "geltungsbereich",
        "zweck",
        "kontakt",
    ]
)
"""Headings that say nothing of what stands below them."""
_HEADING_CHARS, _TITLE_CHARS, _QUESTION_CHARS = (4, 48), 60, (12, 110)
_MOST_WORDS = 7
_LEAST_CHARS = 80
"""So much text stands under a heading that is worth asking about."""


def starters(outlines: Sequence[Outline], *, most: int = MOST) -> tuple[str, ...]:
    """Up to so many questions, one of a document and in turn of each collection, in the order given."""
    by_collection: dict[str, list[str]] = {}
    for outline in outlines:
        if question := next(questions_about(outline), None):
            by_collection.setdefault(outline.collection, []).append(question)
    in_turn = chain.from_iterable(zip_longest(*by_collection.values()))
    return tuple(islice(dict.fromkeys(filter(None, in_turn)), most))


def questions_about(outline: Outline) -> Iterator[str]:
    """Questions that headings of a document are, or make."""
    headings = tuple(_headings(outline))
    yield from (heading for heading in headings if heading.endswith("?") and _fits(heading, _QUESTION_CHARS))
    template = _TEMPLATES.get(outline.language or "")
    if template and len(outline.title) <= _TITLE_CHARS:
        asked = (heading for heading in headings if _is_topic(heading, outline.title))
        yield from (template.format(title=outline.title, heading=heading) for heading in asked)


def _headings(outline: Outline) -> Iterator[str]:
    """The innermost headings that have text below them, without their numbers."""
    for section in outline.sections:
        if section.heading and _length(section) >= _LEAST_CHARS:
            yield _NUMBERING.sub("", " ".join(section.heading[-1].split()))


def _is_topic(heading: str, title: str) -> bool:
    words = heading.split()
    is_plain = heading[-1:].isalnum() and not any(sign in heading for sign in '|“”„"«»{}:;')
    is_telling = heading.casefold() not in _EMPTY and heading.casefold() != title.casefold()
    return is_plain and is_telling and _fits(heading, _HEADING_CHARS) and len(words) <= _MOST_WORDS


def _fits(text: str, chars: tuple[int, int]) -> bool:
    return chars[0] <= len(text) <= chars[1]


def _length(section: Section) -> int:
    return section.end - section.start
