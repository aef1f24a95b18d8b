"""Cuts a document into chunks small enough to embed, at the best seams its own structure offers.

Sections first, then paragraphs, list items and rows, then sentences, and words only where a sentence is too
long. Offsets are exact: `document.text[start:end] == chunk.text`.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from retrieval.blocks import Block, blocks
from retrieval.parsing.markdown import front_matter_end
from retrieval.sentences import spans_in_block
from retrieval.values import Chunk, ParsedDocument

TARGET_TOKENS = 64
"""Small chunks find more: PolicyQA's span recall rose from .524 at 128 tokens to .569 at 64, SciFact's dense
nDCG@10 from .645 whole to .689 (docs/evaluation.md). Neighbours are joined again for the reader."""

TABLE_SHARE = 2
"""Rows under one header may be so many times as long: in smaller pieces a good part of each is the header."""

MIN_TOKENS = 24
"""A section shorter than this is a poor passage alone and joins a neighbour under the same parent."""

_PARAGRAPH, _LINE, _SENTENCE, _WORD, _LEAD_IN = 4, 3, 2, 1, 0
_SEAM_BONUS = {_PARAGRAPH: 0.5, _LINE: 0.3, _SENTENCE: 0.0, _WORD: -0.3, _LEAD_IN: -0.6}
"""How much emptier a chunk may be, in shares of the target, to end at a better seam."""

_UNREAD = re.compile(
    r"[-=_*.]{4,}|(?<=\])\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)|(?<=\])\(\{%[^{}]*%\}[^()\s]*\)|</?[a-zA-Z][^<>]{0,2000}>"
)
"""What Markdown source holds that nobody reads: where links lead, tags, rules."""

_PIECE_SHARE = 0.5
_SEPARATORS = ["\n", "; ", ", ", " ", ""]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut further: `seam` says how good a place its start is to begin a chunk."""

    start: int
    end: int
    tokens: int
    seam: int


@dataclass(frozen=True, slots=True)
class _Group:
    """The units of one section, or of tiny neighbours under one parent."""

    heading: tuple[str, ...]
    units: tuple[_Unit, ...]
    tokens: int
    bare: bool
    """It holds nothing but its heading."""
    is_table: bool = False


def chunk_document(
    document: ParsedDocument,
    *,
    count_tokens: Callable[[str], int],
    target_tokens: int = TARGET_TOKENS,
    min_tokens: int = MIN_TOKENS,
    language: str = "en",
) -> tuple[Chunk, ...]:
    """Chunks in order, none overlapping, that hold every character that is not space but front matter.

    Sentences are counted once each, so a chunk may exceed the target by what its tokens gain when joined.
    Of Markdown only what is read is counted, not the addresses of its links.
    """

    def count(text: str) -> int:
        return count_tokens(_UNREAD.sub("", text) if document.markup == "markdown" else text)

    cutter = _Cutter(document.text, count, target_tokens, language)
    sections = (cutter.group(heading, start, end) for heading, start, end in _stretches(document))
    return tuple(
        _chunk(document, group.heading, part)
        for group in _Merger(min_tokens, target_tokens).merged(filter(None, sections))
        for part in _packed(group.units, _room(group, target_tokens), min_tokens)
    )


def _room(group: _Group, target_tokens: int) -> int:
    return TABLE_SHARE * target_tokens if group.is_table else target_tokens


def _stretches(document: ParsedDocument) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Heading path, start and end of each section, without the front matter and without gaps."""
    position = front_matter_end(document.text) if document.markup == "markdown" else 0
    sections = document.sections
    ends = [section.start for section in sections[1:]] + [len(document.text)]
    for section, end in zip(sections, ends, strict=False):
        yield section.heading, position, max(position, end)
        position = max(position, end)
    if not sections:
        yield (), position, len(document.text)


def _chunk(document: ParsedDocument, heading: tuple[str, ...], units: Sequence[_Unit]) -> Chunk:
    start, end = units[0].start, units[-1].end
    return Chunk(start, end, document.text[start:end], heading, document.page_at(start))


@dataclass(frozen=True, slots=True)
class _Cutter:
    text: str
    count_tokens: Callable[[str], int]
    target_tokens: int
    language: str

    def group(self, heading: tuple[str, ...], start: int, end: int) -> _Group | None:
        """One section's units, None where it holds nothing but space."""
        found = blocks(self.text, start, end)
        if not found:
            return None
        has_title = self._is_title(found[0], heading)
        units = tuple(self._units(found, has_title=has_title))
        body = found[1:] if has_title else found
        is_table = bool(body) and all(block.kind == "row" for block in body)
        return _Group(heading, units, sum(unit.tokens for unit in units), has_title and not body, is_table)

    def _is_title(self, block: Block, heading: tuple[str, ...]) -> bool:
        return block.kind == "heading" or self.text[block.start : block.end] in heading[-1:]

    def _units(self, found: Sequence[Block], *, has_title: bool) -> Iterator[_Unit]:
        """The smallest parts of a stretch, in order, none longer than the target."""
        after_lead_in = False
        for i, block in enumerate(found):
            seam = _LEAD_IN if after_lead_in else _PARAGRAPH if block.loose else _LINE
            after_lead_in = self.text[block.end - 1] == ":" or block.kind == "heading" or (has_title and not i)
            if block.kind == "code":
                yield from self._whole_or_parts(block, seam)
            else:
                yield from self._sentences(block, seam)

    def _whole_or_parts(self, block: Block, seam: int) -> Iterator[_Unit]:
        tokens = self.count_tokens(self.text[block.start : block.end])
        if tokens <= self.target_tokens:
            yield _Unit(block.start, block.end, tokens, seam)
        else:
            yield from self._sentences(block, seam)

    def _sentences(self, block: Block, seam: int) -> Iterator[_Unit]:
        within = _LINE if block.kind == "code" else _SENTENCE
        for start, end in spans_in_block(self.text, block, language=self.language):
            tokens = self.count_tokens(self.text[start:end])
            if tokens <= self.target_tokens:
                yield _Unit(start, end, tokens, seam)
            else:
                yield from self._words(start, end, tokens, seam)
            seam = within

    def _words(self, start: int, end: int, tokens: int, seam: int) -> Iterator[_Unit]:
        """Parts of an over-long sentence, cut at clauses where it has them, else between words."""
        size = max(1, int((end - start) * self.target_tokens * _PIECE_SHARE / tokens))
        for a, b in _pieces(self.text, start, end, size):
            counted = self.count_tokens(self.text[a:b])
            if counted > self.target_tokens and b - a > 1:
                yield from self._words(a, b, counted, seam)
            else:
                yield _Unit(a, b, counted, seam)
            seam = _WORD


def _pieces(text: str, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `size` characters that hold all of `text[start:end]` but space."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS, keep_separator="end", chunk_size=size, chunk_overlap=0, length_function=len
    )
    position = start
    for piece in map(str.strip, splitter.split_text(text[start:end])):
        found = text.find(piece, position, end)
        assert found >= 0, "the splitter changed text"
        assert not text[position:found].strip(), "the splitter lost text"
        position = found + len(piece)
        if piece:
            yield found, position


@dataclass(frozen=True, slots=True)
class _Merger:
    min_tokens: int
    target_tokens: int

    def merged(self, sections: Iterable[_Group]) -> tuple[_Group, ...]:
        """Tiny sections joined to the next one under the same parent, or to the one before where none follows."""
        groups: list[_Group] = []
        for section in sections:
            if groups and self._is_tiny(groups[-1]) and self._fit(groups[-1], section):
                groups[-1] = _joined(groups[-1], section)
                continue
            self._close(groups)
            groups.append(section)
        self._close(groups)
        return tuple(groups)

    def _close(self, groups: list[_Group]) -> None:
        """Join the last group to the one before where it stayed tiny."""
        if len(groups) > 1 and self._is_tiny(groups[-1]) and self._fit(groups[-2], groups[-1]):
            last = groups.pop()
            groups[-1] = _joined(groups[-1], last)

    def _is_tiny(self, group: _Group) -> bool:
        return group.tokens < self.min_tokens

    def _fit(self, first: _Group, second: _Group) -> bool:
        if first.bare and first.heading == second.heading[:-1]:
            return True
        related = first.heading[:-1] == second.heading[:-1] or first.heading == second.heading[:-1]
        return related and first.tokens + second.tokens <= self.target_tokens


def _joined(first: _Group, second: _Group) -> _Group:
    heading = second.heading if first.bare else _common(first.heading, second.heading)
    tokens = first.tokens + second.tokens
    is_table = second.is_table and (first.bare or first.is_table)
    return _Group(heading, first.units + second.units, tokens, first.bare and second.bare, is_table)


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    same = 0
    while same < min(len(first), len(second)) and first[same] == second[same]:
        same += 1
    return first[:same]


def _packed(units: Sequence[_Unit], target: int, least: int) -> Iterator[Sequence[_Unit]]:
    """Runs of units of about the target, cut at the best seams, the last two shared out evenly."""
    totals = (0, *accumulate(unit.tokens for unit in units))
    start = 0
    while totals[-1] - totals[start] > target:
        cut = _best_cut(units, totals, start, target, least)
        yield units[start:cut]
        start = cut
    if start < len(units):
        yield units[start:]


def _best_cut(units: Sequence[_Unit], totals: Sequence[int], start: int, target: int, least: int) -> int:
    """Where the next chunk begins: as full as possible, a better seam making up for some emptiness."""
    rest = totals[-1] - totals[start]
    wanted = rest / 2 if rest < 1.6 * target else target
    last = max(start + 1, bisect_right(totals, totals[start] + target) - 1)

    def worth(cut: int) -> float:
        filled = totals[cut] - totals[start]
        tiny = 1.0 if min(filled, totals[-1] - totals[cut]) < least else 0.0
        return _SEAM_BONUS[units[cut].seam] - abs(wanted - filled) / target - tiny

    return max(range(start + 1, min(last, len(units) - 1) + 1), key=worth)
