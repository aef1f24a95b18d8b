"""A page as it was printed, and where the words of a document stand on it.

The text of a document is the page's letters in the same order, but laid out: lines joined, hyphens mended, running
headers left out. Letters and digits alone are therefore compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from retrieval.values import ParsedDocument

SCALE = 10_000
"""Boxes are in so many parts of the page's width and height."""
_MOST_PIXELS = 8_000
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_SAME_LINE = 0.5
_CELL_GAP = 2.5
"""Words further apart than so many heights of a letter are marked each for themselves."""


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """A page's picture, WebP in base64, and its letters in order; `boxes` has left, top, right, bottom of each."""

    picture: str
    width: int
    height: int
    letters: str
    boxes: tuple[int, ...]

    @property
    def image(self) -> str:
        """The picture as an address that a browser shows."""
        return f"data:image/webp;base64,{self.picture}"


class Mark(NamedTuple):
    """A rectangle on a page, in per cent of its width and height."""

    left: float
    top: float
    width: float
    height: float


def page_header(page: PrintedPage) -> dict[str, Any]:
    """Everything but the picture, as it is sent to another process."""
    return {"width": page.width, "height": page.height, "letters": page.letters, "boxes": page.boxes}


def page_received(header: Any, picture: str) -> PrintedPage:
    """A page as it was sent; raises KeyError, ValueError or TypeError for what is none."""
    width, height, letters, boxes = (header[name] for name in ("width", "height", "letters", "boxes"))
    sound = isinstance(letters, str) and isinstance(boxes, list) and len(boxes) == 4 * len(letters)
    sound = sound and all(isinstance(edge, int) and 0 <= edge <= SCALE for edge in boxes)
    sound = sound and all(isinstance(side, int) and 0 < side <= _MOST_PIXELS for side in (width, height))
    if not sound or not _BASE64.issuperset(picture):
        raise ValueError("no printed page")
    return PrintedPage(picture, width, height, letters, tuple(boxes))


def marks_on(page: PrintedPage, document: ParsedDocument, number: int, start: int, end: int) -> tuple[Mark, ...]:
    """The rectangles over the words of a document from `start` to `end`, as far as they stand on this page, by number.

    None where they are not found on it, as on a page that is a picture.
    """
    first, last = _page_span(document, number)
    words = letters_of(document.text[max(first, start) : min(last, end)])
    before = letters_of(document.text[first : max(first, start)])
    at = _occurrence(page.letters, words, _times_in(before + words[:-1], words))
    if not words or at is None:
        return ()
    return tuple(_as_mark(box) for box in _rectangles(page.boxes[4 * at : 4 * (at + len(words))]))


def letters_of(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, text))


def _page_span(document: ParsedDocument, number: int) -> tuple[int, int]:
    starts = (*document.page_starts, len(document.text))
    return (starts[number - 1], starts[number]) if 0 < number < len(starts) else (0, 0)


def _times_in(text: str, words: str) -> int:
    """How often the words stand in a text, overlapping or not."""
    return sum(text.startswith(words, at) for at in range(len(text) - len(words) + 1)) if words else 0


def _occurrence(text: str, words: str, skipped: int) -> int | None:
    """Where the words stand after so many other times; where they stand less often, the last time."""
    at = found = text.find(words)
    while skipped and (at := text.find(words, at + 1)) >= 0:
        skipped, found = skipped - 1, at
    return found if found >= 0 else None


_Box = tuple[int, int, int, int]


def _rectangles(boxes: Sequence[int]) -> Iterator[_Box]:
    """The boxes of letters in order as one rectangle for each stretch of a line."""
    current: _Box | None = None
    for left, top, right, bottom in zip(*(boxes[edge::4] for edge in range(4)), strict=True):
        if right <= left or bottom <= top:
            continue
        if current is not None and _goes_on(current, (left, top, right, bottom)):
            current = (current[0], min(current[1], top), max(current[2], right), max(current[3], bottom))
            continue
        if current is not None:
            yield current
        current = (left, top, right, bottom)
    if current is not None:
        yield current


def _goes_on(line: _Box, letter: _Box) -> bool:
    """Whether a letter stands on the same line, close behind what came before."""
    overlap = min(line[3], letter[3]) - max(line[1], letter[1])
    height = min(line[3] - line[1], letter[3] - letter[1])
    return overlap > _SAME_LINE * height and letter[2] - line[0] >= 0 and letter[0] - line[2] < _CELL_GAP * height


def _as_mark(box: _Box) -> Mark:
    left, top, right, bottom = (edge * 100 / SCALE for edge in box)
    return Mark(left, top, round(right - left, 2), round(bottom - top, 2))
