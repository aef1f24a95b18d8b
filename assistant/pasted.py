"""Which stretches of a pasted text are its writer's own words: no mail headers, salutation, signature or quoted mail."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:[^\n]{0,400}\n){0,40}?---[ \t]*(?:\n|\Z)")
_HEADER = re.compile(
    r"[*_]{0,2}(?:from|sent|date|to|cc|bcc|reply-to|subject|betreff|von|an|gesendet|datum)[*_]{0,2}:[*_]{0,2}[ \t]",
    re.IGNORECASE,
)
_TELLING_HEADER = re.compile(r"[*_]{0,2}(?:from|subject|von|betreff)[*_]{0,2}:", re.IGNORECASE)
_EARLIER_MAIL = re.compile(
    r"[-_ ]{2,}(?:original message|forwarded message|urspr\u00fcngliche nachricht)[-_ ]{2,}$"
    r"|begin forwarded message:$|_{10,}$|on [^\n]{6,200} wrote:$|am [^\n]{6,200} schrieb[^\n]{0,80}:$",
    re.IGNORECASE,
)
_SALUTATION = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?![-\w])(?:[ \t]+[^\s,!?:;\d]{1,30}){0,4}[ \t]*(?:[,!:][ \t]*|$)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|kindest|warmest|many)? ?regards|best|all the best|best wishes|cheers|sincerely"
    r"|(?:many )?thanks(?: a lot| again| in advance)?|thank you|yours(?: sincerely| faithfully| truly)?)[ \t]*[,.!]?$",
    re.IGNORECASE,
)
_SIGNATURE_LINES = 8
_SIGNATURE_CHARS = 90
"""Longer lines, or more of them, below a closing are no signature but more text."""


class Stretch(NamedTuple):
    """`text[start:end]`, and whether it says something of its writer's own."""

    start: int
    end: int
    is_own: bool


def stretches(text: str) -> tuple[Stretch, ...]:
    """The whole text in order, cut where the writer's own words begin and end."""
    found: list[Stretch] = []
    for start, end, is_own in _lines(text):
        if start == end:
            continue
        if found and found[-1].is_own == is_own:
            found[-1] = Stretch(found[-1].start, end, is_own)
        else:
            found.append(Stretch(start, end, is_own))
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    at = _head_end(text)
    yield 0, at, False
    last = _tail_start(text, at)
    is_first = True
    while at < last:
        end = text.find("\n", at, last) + 1 or last
        line = text[at:end].strip()
        greeting = _SALUTATION.match(text, at, _line_end(text, at, end)) if is_first else None
        is_first = is_first and not line
        if greeting:
            yield at, greeting.end(), False
            at = greeting.end()
        yield at, end, not line.startswith(">")
        at = end
    yield last, len(text), False


def _line_end(text: str, at: int, end: int) -> int:
    return end - 1 if end > at and text[end - 1] == "\n" else end


def _head_end(text: str) -> int:
    """Past the facts at the head of a file and the headers of a mail."""
    front = _FRONT_MATTER.match(text)
    at = front.end() if front else 0
    first = len(text) - len(text[at:].lstrip())
    end = _headers_end(text, first)
    return end if end > first else at


def _headers_end(text: str, start: int) -> int:
    """The end of the header lines that begin at `start`; `start` itself where there are none."""
    at, telling = start, False
    while _HEADER.match(text, at):
        telling = telling or bool(_TELLING_HEADER.match(text, at))
        at = text.find("\n", at) + 1 or len(text)
    return at if telling else start


def _tail_start(text: str, start: int) -> int:
    """Where the writer ends: at an earlier mail, a signature, or a closing with a name below it."""
    at = start
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        line = text[at:end].strip()
        if _EARLIER_MAIL.match(line) or line == "--" or _begins_earlier_mail(text, at):
            return at
        if _CLOSING.match(line) and _is_signature(text[end:]):
            return at
        at = end
    return len(text)


def _begins_earlier_mail(text: str, at: int) -> bool:
    end = _headers_end(text, at)
    return text.count("\n", at, end) > 1


def _is_signature(following: str) -> bool:
    """Whether no more follows than a signature, before an earlier mail if there is one."""
    lines = []
    for line in following.splitlines():
        if line.startswith(">") or line.strip() == "--" or _EARLIER_MAIL.match(line.strip()):
            break
        if line.strip():
            lines.append(line)
    return len(lines) <= _SIGNATURE_LINES and all(len(line) <= _SIGNATURE_CHARS for line in lines)
