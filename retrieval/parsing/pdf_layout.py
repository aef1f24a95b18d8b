"""From the lines of PDF pages to running text: paragraphs joined, hyphens mended, headings found.

PDF knows glyphs at places, no paragraphs; what is decided here is decided from geometry and punctuation.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from retrieval.parsing.progress import page_done
from retrieval.parsing.sections import Heading

CELL = " | "
"""Between two cells of a row, as the reader of the file found them."""

CELL_GAP = 1.2
"""How far apart two cells are at least, in multiples of the letters' size; words are 0.2 to 0.6 apart."""

_MARKER = re.compile(r"(?:[-*•◦‣▪●–·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+\S")
_COMPOUND = re.compile(r"[^\W\d_]+-[^\W\d_]+")
_HYPHENATED = re.compile(r"([^\W\d_]+)-\Z")
_LETTERS = re.compile(r"[^\W\d_]+")
_PAGE_NUMBER = re.compile(
    r"\b(?:page|seite|p\.)\s*\d+(?:\s*(?:of|von|/)\s*\d+)?|\b\d+\s*(?:of|von|/)\s*\d+\s*\Z|\A\W*\d{1,5}\W*\Z",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"[.…]{4,}|(?: \.){4,}")
_ENTRY = re.compile(r"…\s*\w{1,5}\Z")
"""The end of a line in a table of contents."""

_ENDED = re.compile(r"[.!?:;…][\"'”’)\]]*\Z")
_SAME_SIZE = 0.08
_SAME_ROW = 0.25
_WIDE_GAP = 1.3
_HEADING_SIZE = 1.12
_MAX_HEADING_CHARS = 120
_MAX_HEADING_SHARE = 0.3
_ROW_GAP = 2.5
_MARGIN_LINES = 2
_MARGIN_PAGES = 3
_MARGIN_TOLERANCE_PT = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: where it lies in points (y grows upwards), how large, and whether all in bold."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool = False
    hyphened: bool = False
    """The reader of the file found a word cut at the end of this line and took the hyphen away."""


class Place(NamedTuple):
    """Where a paragraph or heading stands: its offset in the text, and its page (from 0) and height on it."""

    start: int
    text: str
    page: int
    baseline: float


class LaidOut(NamedTuple):
    """The text of all pages, where each page begins, the headings found by their looks, and every paragraph."""

    text: str
    page_starts: tuple[int, ...]
    headings: tuple[Heading, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A paragraph, list item or heading: several printed lines as one."""

    text: str
    lines: tuple[Line, ...]
    gap: str
    """What separates it from the piece before on the same page."""


def lay_out(pages: Sequence[Sequence[Line]]) -> LaidOut:
    """The pages as running text. Running headers and footers stay on their first page only."""
    kept = _without_repeated_margins([[_without_leaders(line) for line in page] for page in pages])
    every = [line for page in kept for line in page]
    compounds = frozenset(word.lower() for line in every for word in _COMPOUND.findall(line.text))
    leading = _leading(kept)
    pieces = [_pieces(page, leading, compounds) for page in kept]
    return _assemble(pieces, _heading_levels(pieces, _body(every)))


def _without_leaders(line: Line) -> Line:
    """The line with the dots of a table of contents as one sign: they are hundreds of tokens that say nothing."""
    shorter = _LEADERS.sub(" … ", line.text)
    return line if shorter == line.text else replace(line, text=" ".join(shorter.split()))


def _assemble(pages: Sequence[Sequence[_Piece]], levels: dict[tuple[float, bool], int]) -> LaidOut:
    parts: list[str] = []
    starts: list[int] = []
    places: list[Place] = []
    headings: list[Heading] = []
    length = 0
    previous: _Piece | None = None
    for number, page in enumerate(pages):
        separator = "" if previous is None or not page else _between_pages(previous, page[0])
        starts.append(length + len(separator))
        for i, piece in enumerate(page):
            gap = piece.gap if i else separator
            start = length + len(gap)
            places.append(Place(start, piece.text, number, piece.lines[0].baseline))
            if level := _heading_level(piece, levels):
                headings.append(Heading(start, level, piece.text))
            parts += [gap, piece.text]
            length = start + len(piece.text)
            previous = piece
    return LaidOut("".join(parts), tuple(starts), tuple(headings), tuple(places))


def _between_pages(last: _Piece, first: _Piece) -> str:
    """One newline where a sentence goes on on the next page, else a blank line."""
    goes_on = not _ENDED.search(last.text) and first.text[0].islower() and not _MARKER.match(first.text)
    return "\n" if goes_on else "\n\n"


# Running headers and footers


def _without_repeated_margins(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    seen: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for number, page in enumerate(pages):
        for line in _margins(page):
            seen[_margin_key(line)].append(number)
    repeated = {key: found[0] for key, found in seen.items() if len(set(found)) >= _MARGIN_PAGES}
    return [
        [line for line in page if not _is_repetition(line, page, number, repeated)] for number, page in enumerate(pages)
    ]


def _is_repetition(line: Line, page: Sequence[Line], number: int, repeated: dict[tuple[str, int], int]) -> bool:
    first = repeated.get(_margin_key(line))
    if first is None or line not in _margins(page):
        return False
    return first != number or not _PAGE_NUMBER.sub("", line.text).strip()


def _margins(page: Sequence[Line]) -> list[Line]:
    """The two highest and the two lowest lines."""
    by_height = sorted(page, key=lambda line: line.baseline)
    return by_height[:_MARGIN_LINES] + by_height[_MARGIN_LINES:][-_MARGIN_LINES:]


def _margin_key(line: Line) -> tuple[str, int]:
    """Equal for lines of the same words at the same height, page numbers apart; other numbers count as words."""
    return _PAGE_NUMBER.sub("0", line.text), round(line.baseline / _MARGIN_TOLERANCE_PT)


# Paragraphs


def _leading(pages: Sequence[Sequence[Line]]) -> float:
    """The usual distance between two lines of a paragraph, in multiples of the letters' size."""
    gaps = [
        (above.baseline - below.baseline) / above.size
        for page in pages
        for above, below in pairwise(page)
        if _same_size(above, below) and 0.5 < (above.baseline - below.baseline) / above.size < 2.5
    ]
    return median(gaps) if gaps else 1.2


def _pieces(page: Sequence[Line], leading: float, compounds: frozenset[str]) -> list[_Piece]:
    groups: list[list[Line]] = []
    gaps: list[str] = []
    rights = _column_rights(page)
    for i, line in enumerate(page):
        joint = _joint(page[i - 1], line, rights[i - 1], leading) if i else "\n\n"
        if joint == "":
            groups[-1].append(line)
        else:
            groups.append([line])
            gaps.append(joint)
    joined = ((_joined(group, compounds), tuple(group), gap) for group, gap in zip(groups, gaps, strict=True))
    page_done()
    return [_Piece(*piece) for piece in joined if piece[0]]


def _column_rights(page: Sequence[Line]) -> list[float]:
    """For each line how far right the text around it goes: over its neighbours that begin no further right."""
    return [
        max(
            (other.right for other in page[max(0, i - 8) : i + 9] if _overlap(line, other)),
            default=line.right,
        )
        for i, line in enumerate(page)
    ]


def _overlap(line: Line, other: Line) -> bool:
    return other.left < line.right and other.right > line.left


def _joint(above: Line, below: Line, column_right: float, leading: float) -> str:
    """What stands between two lines: "" joins them, else a newline or a blank line."""
    if above.hyphened:
        return ""
    if not _same_size(above, below) or above.bold != below.bold:
        same_row = abs(above.baseline - below.baseline) < _SAME_ROW * above.size
        return "" if same_row and below.left > above.left else "\n\n"
    gap = (above.baseline - below.baseline) / above.size
    if abs(gap) < _SAME_ROW:
        return "" if below.left >= above.left else "\n"
    if _MARKER.match(below.text):
        return "\n" if 0 < gap <= leading * 2.5 else "\n\n"
    if _ENTRY.search(above.text) or CELL in above.text or CELL in below.text:
        return "\n" if 0 < gap <= leading * _ROW_GAP else "\n\n"
    is_soft = _is_full(above, below, column_right) or (below.text[0].islower() and not _ENDED.search(above.text))
    if 0 < gap <= leading * _WIDE_GAP:
        return "" if is_soft else "\n"
    jumps = gap < 0 and below.text[0].islower() and not _ENDED.search(above.text)
    return "" if jumps else "\n\n"


def _same_size(above: Line, below: Line) -> bool:
    return abs(above.size - below.size) <= _SAME_SIZE * max(above.size, below.size)


def _is_full(above: Line, below: Line, column_right: float) -> bool:
    """Whether the next line's first word would not have fitted any more."""
    letter = (above.right - above.left) / max(1, len(above.text))
    word = below.text.split(maxsplit=1)[0]
    return above.right + (len(word) + 1) * letter > column_right - letter


def _joined(group: Sequence[Line], compounds: frozenset[str]) -> str:
    text = group[0].text
    for above, below in pairwise(group):
        # The first condition is the third's cheapest part: the search costs as much as the text is long.
        is_cut = text.endswith("-") and below.text[:1].islower() and _HYPHENATED.search(text)
        if above.hyphened or is_cut:
            text = _mended(text.removesuffix("-"), below.text, compounds)
        else:
            text += (CELL if _is_next_cell(above, below) else " ") + below.text
    return text


def _is_next_cell(above: Line, below: Line) -> bool:
    """Whether two lines are cells of one row that the file gives apart."""
    is_same_row = abs(above.baseline - below.baseline) < _SAME_ROW * above.size
    return is_same_row and below.left - above.right > CELL_GAP * above.size


def _mended(text: str, words: str, compounds: frozenset[str]) -> str:
    """A word cut at the line's end as one, its hyphen kept where the document writes it so elsewhere."""
    head = re.search(r"[^\W\d_]+\Z", text)
    tail = _LETTERS.match(words)
    if head is None or tail is None:
        return f"{text}-{words}"
    keeps = f"{head[0]}-{tail[0]}".lower() in compounds
    return f"{text}-{words}" if keeps else text + words


# Headings


def _body(every: Sequence[Line]) -> tuple[float, bool]:
    """Size and boldness of most of the text."""
    weights: Counter[tuple[float, bool]] = Counter()
    for line in every:
        weights[_look(line)] += len(line.text)
    return weights.most_common(1)[0][0] if weights else (0.0, False)


def _look(line: Line) -> tuple[float, bool]:
    return round(line.size * 2) / 2, line.bold


def _heading_levels(pages: Sequence[Sequence[_Piece]], body: tuple[float, bool]) -> dict[tuple[float, bool], int]:
    """Which looks mean a heading and of which level; none where that would make headings of much of the text."""
    pieces = [piece for page in pages for piece in page]
    candidates = [piece for piece in pieces if _may_be_heading(piece, body)]
    share = sum(len(piece.text) for piece in candidates) / max(1, sum(len(piece.text) for piece in pieces))
    looks = {_look(piece.lines[0]) for piece in candidates} if share <= _MAX_HEADING_SHARE else set()
    return {look: level for level, look in enumerate(sorted(looks, reverse=True), start=1)}


def _may_be_heading(piece: _Piece, body: tuple[float, bool]) -> bool:
    size, bold = _look(piece.lines[0])
    stands_out = size >= body[0] * _HEADING_SIZE or (bold and not body[1] and size >= body[0])
    return stands_out and _reads_like_heading(piece)


def _heading_level(piece: _Piece, levels: dict[tuple[float, bool], int]) -> int | None:
    return levels.get(_look(piece.lines[0])) if _reads_like_heading(piece) else None


def _reads_like_heading(piece: _Piece) -> bool:
    text = piece.text
    one_look = len({_look(line) for line in piece.lines}) == 1
    ends_well = CELL not in text and not text.endswith((".", ",", ";", ":")) and not _ENTRY.search(text)
    return one_look and ends_well and len(text) <= _MAX_HEADING_CHARS and any(map(str.isalpha, text))
