"""An answer's text as it grows, in parts that will not change any more and a rest that may.

A finished part is sent to the browser once, so what goes over the wire grows with the text and not with its square.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["block", "item", "more"]
"""A part begins a block of its own, is an item of a list, or goes on with the paragraph before it."""

_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_ENDS_PARAGRAPH = re.compile(r"(?:[-*+]|1[.)])[ \t]+\S")
_MAY_BECOME_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)]?)[ \t]*\Z")
_HEADING = re.compile(r"#{1,6}[ \t]")
_INTERRUPTS = re.compile(r"#{1,6}[ \t]|```|~~~")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_PROSE = re.compile(r"[^#>|\s`~-](?:[^\n|]|\n(?=[^#>|\s`~-]))*")
"""A paragraph up to where another block may begin."""
_SENTENCE_END = re.compile(r"""[.!?…]["'”’)*_]*(?:[ \t]*\[\d{1,4}\])*[.!?…]?\s+(?=[^\W\d_])""")
_MARKS = re.compile(r"\*+|_+|~+|`+|[\[\]]")
_LEAST_CHARS = 80
"""A shorter stretch of a paragraph is not worth an element of its own."""
_STEP_CHARS = 48
_REST_SHARE = 6
"""What cannot be cut, such as a table, is sent again each time it has grown by this part of itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of Markdown that stands for itself."""

    text: str
    kind: Kind


@dataclass(slots=True)
class GrowingText:
    """Add what comes; take the parts that are finished; draw the rest again when it is worth it."""

    text: str = ""
    _finished_to: int = 0
    _kind: Kind = "block"
    _drawn_to: int = 0

    def add(self, piece: str) -> None:
        """Append what came."""
        self.text += piece

    @property
    def fresh_chars(self) -> int:
        """How much came since it was drawn last."""
        return len(self.text) - self._drawn_to

    @property
    def is_due(self) -> bool:
        """Whether enough has come: the first words at once, more for a longer rest, which is sent whole each time."""
        rest_chars = len(self.text) - self._finished_to
        return bool(self.fresh_chars) and (
            not self._drawn_to or self.fresh_chars >= max(_STEP_CHARS, rest_chars // _REST_SHARE)
        )

    def take_finished(self) -> tuple[Part, ...]:
        """The parts that were finished since the last call; what is left is `rest`, and counts as drawn."""
        parts = []
        for end, kind in _cuts(self.text, self._finished_to, self._kind):
            parts.append(Part(self.text[self._finished_to : end], self._kind))
            self._finished_to, self._kind = end, kind
        self._drawn_to = len(self.text)
        return tuple(parts)

    @property
    def rest(self) -> Part:
        """What may still change."""
        return Part(self.text[self._finished_to :], self._kind)


def _cuts(text: str, start: int, kind: Kind) -> Iterator[tuple[int, Kind]]:
    """Where the text from `start` on can be cut, and what begins there."""
    begin = at = start
    fenced, is_open = False, True
    for line in text[start:].splitlines(keepends=True):
        in_list = _is_item(text, begin, kind)
        if at > begin and not fenced and (following := _begins(line, in_list=in_list, is_open=is_open)):
            yield at, following
            begin, kind = at, following
        is_fence = bool(_FENCE.match(line))
        fenced ^= is_fence
        is_open = bool(line.strip()) and not _HEADING.match(line) and not (is_fence and not fenced)
        at += len(line)
    if not fenced and not _is_item(text, begin, kind) and (end := _last_sentence_end(text[begin:])):
        yield begin + end, "more"


def _is_item(text: str, begin: int, kind: Kind) -> bool:
    return kind != "more" and _ITEM.match(text, begin) is not None


def _begins(line: str, *, in_list: bool, is_open: bool) -> Kind | None:
    """What begins with this line; None where it may belong to what stands above it, which `is_open` for more."""
    if (_ITEM if in_list or not is_open else _ENDS_PARAGRAPH).match(line):
        return "item"
    if is_open:
        return "block" if _INTERRUPTS.match(line) else None
    return None if line[0].isspace() or _MAY_BECOME_ITEM.match(line) else "block"


def _last_sentence_end(part: str) -> int | None:
    """The end of a paragraph's last whole sentence, with nothing left open that emphasises, links or quotes code."""
    if (prose := _PROSE.match(part)) is None:
        return None
    ends = [match.end() for match in _SENTENCE_END.finditer(part, _LEAST_CHARS, prose.end())]
    return next((end for end in reversed(ends) if _is_closed(part[:end])), None)


def _is_closed(stretch: str) -> bool:
    marks = Counter(_MARKS.findall(stretch))
    brackets = marks.pop("[", 0) == marks.pop("]", 0)
    return brackets and all(count % 2 == 0 for count in marks.values())
