"""EML: a mail's subject, who wrote to whom and when, its text, and the attachments that can be read."""

import email
import email.policy
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from retrieval.errors import ParseError
from retrieval.invisible import note_removed, visible
from retrieval.parsing.html import parse as parse_page
from retrieval.parsing.inside import opening
from retrieval.parsing.names import shown_path, stem
from retrieval.parsing.parts import Parts
from retrieval.parsing.pieces import Pieces
from retrieval.values import ParsedDocument

_SHOWN_HEADERS = ("From", "To", "Cc", "Date")
_MAX_HEADER_CHARS = 2_000
_MAX_ATTACHMENTS = 200


def parse(data: bytes, name: str) -> ParsedDocument:
    """The mail as plain text under its subject, each readable attachment under its name; the others are noted.

    Raises ParseError for a file without any header of a mail.
    """
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage), "what the policy makes"
    headers = {key: _header(message, key) for key in (*_SHOWN_HEADERS, "Subject")}
    if not any(headers.values()):
        raise ParseError(f"{name} is not a mail: it has no sender, subject or date. Give it its right ending.")
    pieces = Pieces()
    body, notes = _body(message, name)
    lines = [f"{key}: {headers[key]}" for key in _SHOWN_HEADERS if headers[key]]
    pieces.add((), "\n".join([f"Subject: {headers['Subject']}", *lines] if headers["Subject"] else lines))
    pieces.add((), body)
    parts = Parts(name, pieces)
    with opening(name):
        _add_attachments(message, parts)
    text, sections, _ = pieces.finish()
    return ParsedDocument(
        title=headers["Subject"] or stem(name),
        text=text,
        sections=sections,
        dated=_dated(message),
        notes=notes + parts.notes,
    )


def _header(message: EmailMessage, key: str) -> str:
    """A header decoded, on one line; "" where it is absent or cannot be understood."""
    try:
        value = str(message.get(key, ""))
    except (ValueError, TypeError, AttributeError, IndexError, LookupError):  # email's own parsers over odd headers
        return ""
    return " ".join(visible(value).split())[:_MAX_HEADER_CHARS]


def _dated(message: EmailMessage) -> date | None:
    try:
        return parsedate_to_datetime(_header(message, "Date")).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _body(message: EmailMessage, name: str) -> tuple[str, tuple[str, ...]]:
    """What the mail says: its plain text, else its HTML; "" where it has neither."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return "", ()
    source = _text(part)
    if part.get_content_subtype() != "html":
        return visible(source.replace("\r\n", "\n")), note_removed(source)
    page = parse_page(f'<meta charset="utf-8">{source}'.encode("utf-8", "replace"), name)
    return page.text, page.notes


def _text(part: Message) -> str:
    """A part's text; bytes that are no text in the encoding it names are read as well as can be."""
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    for encoding in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return raw.decode(encoding)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.decode("cp1252", "replace")


def _add_attachments(message: EmailMessage, parts: Parts) -> None:
    for number, part in enumerate(_attachments(message), start=1):
        shown = shown_path(part.get_filename() or f"attachment {number}")
        if number > _MAX_ATTACHMENTS:
            parts.leave_out(shown, f"and what follows was not read: a mail may have {_MAX_ATTACHMENTS} attachments.")
            return
        if part.get_content_type() == "message/rfc822":
            parts.add(_inner_mail(part), shown if shown.lower().endswith(".eml") else f"{shown}.eml")
        elif isinstance(content := part.get_payload(decode=True), bytes):
            parts.add(content, shown)


def _inner_mail(part: EmailMessage) -> bytes:
    inner = part.get_payload(0) if part.is_multipart() else None
    return inner.as_bytes() if isinstance(inner, Message) else b""


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """Parts with a file name or marked as attached, pictures in the text left out."""
    for part in message.iter_attachments():
        assert isinstance(part, EmailMessage), "what the policy makes"
        is_decoration = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
        if not is_decoration:
            yield part
