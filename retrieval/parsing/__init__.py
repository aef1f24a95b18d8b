"""Reads files: a table with a row for each format, and the one door to it.

To add a format, write one file with `parse(data, name)` and add one row (docs/formats.md shows one).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retrieval.errors import ParseError
from retrieval.parsing import delimited, docx, eml, html, markdown, pdf, picture, pptx, text, xlsx, zipped
from retrieval.parsing.names import ending, shown_name
from retrieval.parsing.signatures import DAMAGED_ZIP, foreign_kind, is_encrypted_office
from retrieval.values import ParsedDocument


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `recognises` tells it by its bytes; None where only the name can tell it from other text."""

    name: str
    media_type: str
    endings: tuple[str, ...]
    parse: Callable[[bytes, str], ParsedDocument]
    recognises: Callable[[bytes], bool] | None = None
    page_word: str = "page"
    """What a reader calls the pages that `ParsedDocument.page_starts` counts."""
    is_advised: bool = True
    """Whether a person with another kind of file is told to save it as this."""


_OFFICE = "application/vnd.openxmlformats-officedocument"

FORMATS = (
    Format("PDF", "application/pdf", (".pdf",), pdf.parse, pdf.is_pdf),
    Format("DOCX", f"{_OFFICE}.wordprocessingml.document", (".docx",), docx.parse, docx.is_docx),
    Format(
        "PPTX",
        f"{_OFFICE}.presentationml.presentation",
        (".pptx", ".pptm", ".ppsx"),
        pptx.parse,
        pptx.is_pptx,
        page_word="slide",
    ),
    Format("XLSX", f"{_OFFICE}.spreadsheetml.sheet", (".xlsx", ".xlsm"), xlsx.parse, xlsx.is_xlsx),
    Format("ZIP", "application/zip", (".zip",), zipped.parse, zipped.is_plain_zip, is_advised=False),
    Format("picture", "image/*", picture.ENDINGS, picture.parse, picture.is_picture, is_advised=False),
    Format("CSV", "text/csv", (".csv", ".tsv"), delimited.parse),
    Format("mail", "message/rfc822", (".eml",), eml.parse, is_advised=False),
    Format("HTML", "text/html", (".html", ".htm", ".xhtml"), html.parse),
    Format("Markdown", "text/markdown", (".md", ".markdown", ".mdown", ".mkd"), markdown.parse),
    Format("text", "text/plain", (".txt", ".text"), text.parse),
)

ENDINGS = tuple(ending for row in FORMATS for ending in row.endings)
"""The file endings that can be read, in lower case with their dot."""


_MOST_ENDING_CHARS = 12


def save_as(formats: Sequence[Format] = FORMATS) -> str:
    """The advice for a file that is not read: save it as PDF, …, or text."""
    *names, last = (row.name for row in formats if row.is_advised)
    return f"save it as {', '.join(names)} or {last}"


def parse_bytes(data: bytes, name: str, *, formats: Sequence[Format] = FORMATS) -> ParsedDocument:
    """Read one file. Its bytes decide what it is; its name tells only the text formats apart.

    Raises ParseError where there is nothing to read or the file is not what its name says. MemoryError passes.
    """
    shown = shown_name(name)
    if not data:
        raise ParseError(f"{shown} is empty; add it again once it has text.")
    row = format_of(data, name, formats=formats)
    try:
        document = row.parse(data, shown)
    except (ParseError, MemoryError):
        raise
    except Exception as error:  # The parsers raise anything over damaged files; this is their only door.
        raise ParseError(f"{shown} is damaged or unusual and could not be read; save it again and retry.") from error
    if not document.text.strip():
        raise ParseError(f"{shown} has no text; there is nothing to answer from.")
    return replace(document, format=row.name)


def format_named(name: str) -> str:
    """What a file's name says it is: a format's name, else its ending in capitals; empty without one."""
    known = next((row.name for row in FORMATS if ending(name) in row.endings), None)
    return known or ending(name).removeprefix(".").upper()[:_MOST_ENDING_CHARS]


def format_of(data: bytes, name: str, *, formats: Sequence[Format] = FORMATS) -> Format:
    """The row of the table that reads this file; raises ParseError where none does, or where its name deceives."""
    shown = shown_name(name)
    by_content = next((row for row in formats if row.recognises and row.recognises(data)), None)
    by_name = next((row for row in formats if ending(name) in row.endings), None)
    if by_content and by_name in {by_content, None}:
        return by_content
    if by_content:
        raise ParseError(
            f"{shown} is a {by_content.name} file by its content; rename it to end in {by_content.endings[0]}."
        )
    if is_encrypted_office(data):
        raise ParseError(f"{shown} is encrypted; save it without a password and add it again.")
    if by_name is None and ending(name):
        unread = shown_name(ending(name))
        raise ParseError(f"{shown} is a {unread} file, which Citewell does not read; {save_as(formats)}.")
    kind = foreign_kind(data)
    if kind == DAMAGED_ZIP and by_name is not None and by_name.recognises:
        raise ParseError(f"{shown} is damaged; save it again and add it once more.")
    if kind:
        raise ParseError(f"{shown} holds {kind}, which Citewell does not read; {save_as(formats)}.")
    if by_name is None:
        return next(row for row in formats if row.name == "text")
    if by_name.recognises:
        holds = "HTML" if html.looks_like_html(data) else "something else"
        raise ParseError(
            f"{shown} is not a {by_name.name} file: it holds {holds}. Give it its right ending, or {save_as(formats)}."
        )
    return by_name
