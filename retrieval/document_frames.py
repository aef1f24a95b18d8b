"""A parsed document as the frames in which one process gives it to another."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from retrieval.values import ParsedDocument, Section

_SECTIONS_PER_FRAME = 500
"""Few enough that reading a frame does not hold up the parent's other threads."""


def document_header(document: ParsedDocument) -> dict[str, Any]:
    """Everything but its text and its sections."""
    return {
        "title": document.title,
        "markup": document.markup,
        "page_starts": list(document.page_starts),
        "dated": document.dated.isoformat() if document.dated else None,
        "notes": list(document.notes),
        "format": document.format,
    }


def document_of(header: Mapping[str, Any], sections: Sequence[Section], text: str) -> ParsedDocument:
    """The document that was sent; raises KeyError, TypeError or ValueError for what is none."""
    if any(section.end > len(text) for section in sections):
        raise ValueError("a section outside the text")
    return ParsedDocument(
        title=str(header["title"]),
        text=text,
        sections=tuple(sections),
        markup="markdown" if header["markup"] == "markdown" else "plain",
        page_starts=tuple(_offset(start, len(text)) for start in header["page_starts"]),
        dated=date.fromisoformat(header["dated"]) if header["dated"] else None,
        notes=tuple(map(str, header["notes"])),
        format=str(header["format"]),
    )


def section_of(row: Any) -> Section:
    """A section as it was sent; ValueError for anything else. Whether it lies inside the text is seen later."""
    try:
        heading, start, end = row
        end = _offset(end, sys.maxsize)
        return Section(tuple(map(str, heading)), _offset(start, end), end)
    except TypeError as error:
        raise ValueError("no section") from error


def _offset(value: Any, limit: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= limit:
        raise ValueError("an offset outside the text")
    return value


def section_frames(document: ParsedDocument) -> Iterator[dict[str, Any]]:
    """Its sections, in frames that are read quickly."""
    rows = [[list(section.heading), section.start, section.end] for section in document.sections]
    for start in range(0, len(rows), _SECTIONS_PER_FRAME):
        yield {"sections": rows[start : start + _SECTIONS_PER_FRAME]}
