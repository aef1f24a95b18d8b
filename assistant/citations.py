"""Citation markers in a model's text: read while it streams, renumbered, and tied to sentences.

A marker is whatever models write for one: `[3]`, `[1, 2]`, `[2-4]`, `[^1]`, `[source 2]`, `【3†source】`.
What leaves here knows one form, `[1]` and `[1][2]`. Code, `[text](url)` links and other brackets stay as
they are.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Literal, NamedTuple

from retrieval.sentences import sentence_spans

MAX_MARKER_CHARS = 80
"""A bracket that is not closed within so many characters is not a marker."""

MAX_LINK_CHARS = 500
"""An address that is not closed within so many characters is not a link's."""

MAX_CODE_CHARS = 400
"""A backtick that is not closed within so many characters does not begin code."""

_MAX_RANGE = 100
_MAX_FENCE_CHARS = 200

_ITEM = r"\^?(?:[1-9][0-9]*\s?[-\u2013]\s?\^?[1-9][0-9]*|[0-9]+)(?:\s?†[^\[\]【】]*)?"
_NAME = r"(?:passages?|sources?|documents?|docs?|refs?|citations?)[\s:#]*"
_AS_WRITTEN = re.compile(rf"\s*(?:{_NAME})?{_ITEM}(?:(?:\s*[,;&]\s*|\s+and\s+|\s+){_ITEM})*\s*", re.IGNORECASE)
_CANONICAL = re.compile(r"[0-9]+")
_ITEM_NUMBERS = re.compile(r"†[^,;]*|([0-9]+)(?:\s?[-\u2013]\s?\^?([0-9]+))?")

_CLOSER = {"[": "]", "【": "】"}
_BRACKET_END = re.compile(r"[\[\]【】\n]")
_SPECIAL = re.compile(r"[`\[【\n]|\](?=\(|\Z)|(?<![ \t])[ \t]++(?=[\[【]|\Z)")
_INDENT = re.compile(r"[ \t]+")
_QUOTE = re.compile(r"[ \t]*>")
_LINK_END = re.compile(r"[\s)]")
_TICKS = re.compile(rf"`{{1,{_MAX_FENCE_CHARS}}}")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_INFO = rf"{{0,{_MAX_FENCE_CHARS}}}"
_FENCE = re.compile(rf"(?:(`{{3,99}})[^`\n]{_INFO}|(~{{3,99}})[^\n]{_INFO})\n")
_HALF_FENCE = re.compile(rf"(?:`{{1,2}}|`{{3,99}}[^`\n]{_INFO}|~{{1,2}}|~{{3,99}}[^\n]{_INFO})\Z")

_NEEDS_NO_SPACE = " \t\n.,;:!?)…"
"""Before these nothing is missing where a marker was taken out."""


class _Token(NamedTuple):
    kind: Literal["text", "space", "code", "marker"]
    end: int
    numbers: tuple[int, ...] = ()
    fence: str = ""
    """The code fence that is open after this token."""


class _Reader:
    """Cuts Markdown into tokens, taking what is decided and leaving what further text may still change."""

    def __init__(self, marker: re.Pattern[str]) -> None:
        self._marker = marker
        self._fence = ""
        self._line_start = True

    def read(self, text: str, *, final: bool) -> Iterator[tuple[str, _Token]]:
        """Every token that is decided, with its piece of the text, from the text's beginning on."""
        at = 0
        while at < len(text) and (token := self._next(text, at, final=final)):
            piece = text[at : token.end]
            _, newline, line = piece.rpartition("\n")
            self._line_start = (bool(newline) or self._line_start) and not line.strip(" \t>")
            self._fence = token.fence
            yield piece, token
            at = token.end

    def _next(self, text: str, at: int, *, final: bool) -> _Token | None:
        if self._fence:
            return self._inside_fence(text, at, final=final)
        if self._line_start and text[at] in "`~":
            if found := _FENCE.match(text, at):
                return _Token("code", found.end(), fence=found[1] or found[2])
            if not final and _HALF_FENCE.match(text, at):
                return None
        return self._inline(text, at, final=final)

    def _inside_fence(self, text: str, at: int, *, final: bool) -> _Token | None:
        line_end = text.find("\n", at) + 1 or len(text)
        whole = final or text.endswith("\n", at, line_end)
        if not self._line_start:
            return _Token("code", line_end, fence=self._fence)
        line = text[at:line_end].lstrip(" \t>")
        if not whole and (not line or line[0] == self._fence[0]):
            return None
        mark = line.strip()
        closes = len(mark) >= len(self._fence) and set(mark) == {self._fence[0]}
        return _Token("code", line_end, fence="" if closes else self._fence)

    def _inline(self, text: str, at: int, *, final: bool) -> _Token | None:
        if self._line_start and (quote := _QUOTE.match(text, at)):
            return _Token("text", quote.end())
        special = _SPECIAL.search(text, at)
        if special is None or special.start() > at:
            return self._plain(text, at, special.start() if special else len(text))
        if special[0][0] in " \t":
            return _Token("space", special.end())
        if special[0] == "\n":
            return _Token("text", at + 1)
        if special[0] == "`":
            return _code(text, at, final=final)
        if special[0] == "]":
            return _address(text, at, final=final)
        return self._bracket(text, at, final=final)

    def _plain(self, text: str, at: int, end: int) -> _Token:
        """Text up to `end`, its indentation apart, so that a fence behind it is seen at its line's start."""
        indent = _INDENT.match(text, at) if self._line_start else None
        return _Token("text", indent.end() if indent else end)

    def _bracket(self, text: str, at: int, *, final: bool) -> _Token | None:
        stop = _BRACKET_END.search(text, at + 1, at + MAX_MARKER_CHARS)
        if stop is None and len(text) < at + MAX_MARKER_CHARS and not final:
            return None
        if stop is None or stop[0] != _CLOSER[text[at]]:
            return _Token("text", at + 1)
        inner, end = text[at + 1 : stop.start()], stop.end()
        if not self._marker.fullmatch(inner):
            return _Token("text", at + 1)
        if stop[0] == "]" and end == len(text) and not final:
            return None
        if stop[0] == "]" and text.startswith("(", end):
            return _Token("text", end)
        return _Token("marker", end, _numbers(inner))


class CitationStream:
    """Rewrites the markers of one answer to `[1]`, `[2]`, … in order of appearance, piece by piece.

    `count` is how many passages the model was given. Numbers outside 1..count disappear. What comes out,
    joined, does not depend on how the text was cut into pieces.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._reader = _Reader(_AS_WRITTEN)
        self._order: dict[int, int] = {}
        self._buffer = ""
        self._last = "\n"
        self._spaces = ""
        self._gap = ""
        self._cluster: frozenset[int] = frozenset()

    @property
    def cited(self) -> tuple[int, ...]:
        """The model's numbers in order of appearance: marker `[n]` stands for passage `cited[n - 1]`."""
        return tuple(self._order)

    def number_of(self, passage: int) -> int:
        """The number that stands for a passage of the model's; the next one where it was not cited yet."""
        return self._order.setdefault(passage, len(self._order) + 1)

    def feed(self, delta: str) -> str:
        """What can be shown now; a piece that may yet become a marker or code is held back."""
        self._buffer += delta
        return self._drain(final=False)

    def finish(self) -> str:
        """The rest, decided as the text's end decides it."""
        return self._drain(final=True) + self._spaces

    def _drain(self, *, final: bool) -> str:
        shown, read = [], 0
        for piece, token in self._reader.read(self._buffer, final=final):
            read += len(piece)
            shown.append(self._rewrite(piece, token))
            self._last = (self._last + shown[-1])[-1]
        self._buffer = self._buffer[read:]
        return "".join(shown)

    def _rewrite(self, piece: str, token: _Token) -> str:
        if token.kind == "space":
            self._spaces += piece
            return ""
        if token.kind == "marker":
            return self._rewrite_marker(token.numbers)
        space = self._take_space(piece)
        self._cluster = frozenset()
        return space + piece

    def _rewrite_marker(self, numbers: tuple[int, ...]) -> str:
        known = dict.fromkeys(n for n in numbers if 1 <= n <= self._count)
        fresh = tuple(n for n in known if n not in self._cluster)
        if not fresh:
            self._gap, self._spaces = self._gap or self._spaces or " ", ""
            return ""
        space = self._take_space("[")
        markers = "".join(f"[{self.number_of(n)}]" for n in fresh)
        joined = bool(self._cluster)
        self._cluster |= frozenset(fresh)
        return markers if joined else space + markers

    def _take_space(self, piece: str) -> str:
        """The white space due before `piece`: what was held back, or a gap so that nothing grows together."""
        grows_together = not self._last.isspace() and piece[0] not in _NEEDS_NO_SPACE
        becomes_link = bool(self._cluster) and piece[0] == "("
        space = self._spaces or (self._gap if grows_together else "") or (" " if becomes_link else "")
        self._spaces = self._gap = ""
        return space


class CitedSentence(NamedTuple):
    """A sentence at `text[start:end]` with its markers; `sentence` and `numbers` keep the two apart."""

    start: int
    end: int
    sentence: str
    numbers: tuple[int, ...]


def without_markers(text: str) -> str:
    """The text as a reader would say it aloud: no markers, and no space left where they stood."""
    return "".join(text[offset] for offset in _split_markers(text)[0])


def cited_sentences(text: str, *, language: str = "en") -> tuple[CitedSentence, ...]:
    """The sentences of a finished text in order, each with the numbers cited in it or right after it.

    Only canonical markers count. A list item, a heading, a table row and a line of code are sentences.
    `sentence` has no markers, no list bullet and no surrounding white space.
    """
    kept, markers = _split_markers(text)
    plain = "".join(text[offset] for offset in kept)
    found = [(kept[start], kept[end - 1] + 1, plain[start:end]) for start, end in _spans(plain, language)]
    owners = [_owner(text, marker, found) for marker in markers]
    return tuple(
        _cite(sentence, [marker for marker, owner in zip(markers, owners, strict=True) if owner == index])
        for index, sentence in enumerate(found)
    )


class _Marker(NamedTuple):
    start: int
    end: int
    numbers: tuple[int, ...]


def _cite(sentence: tuple[int, int, str], markers: list[_Marker]) -> CitedSentence:
    start, end, words = sentence
    return CitedSentence(
        min(start, *(m.start for m in markers)) if markers else start,
        max(end, *(m.end for m in markers)) if markers else end,
        words,
        tuple(dict.fromkeys(number for marker in markers for number in marker.numbers)),
    )


def _owner(text: str, marker: _Marker, sentences: list[tuple[int, int, str]]) -> int:
    """The sentence a marker stands in or behind, or the next one where it opens that one's line."""
    before = bisect_left(sentences, marker.start, key=lambda sentence: sentence[0]) - 1
    after = before + 1
    if before < 0 or after == len(sentences):
        return max(before, 0)
    opens_line = "\n" in text[sentences[before][1] : marker.start]
    same_line = "\n" not in text[marker.end : sentences[after][0]]
    return after if opens_line and same_line else before


def _split_markers(text: str) -> tuple[list[int], list[_Marker]]:
    """The offsets of the characters that are not markers nor the space left by one, and the markers."""
    kept: list[int] = []
    markers: list[_Marker] = []
    at, space = 0, range(0)
    after_marker = False
    for piece, token in _Reader(_CANONICAL).read(text, final=True):
        here = range(at, at + len(piece))
        at = here.stop
        if token.kind == "marker":
            markers.append(_Marker(here.start, here.stop, token.numbers))
            after_marker = True
        elif token.kind == "space":
            space = space or here
        else:
            if not after_marker or piece[0] not in _NEEDS_NO_SPACE:
                kept.extend(space)
            opens_line = after_marker and (not kept or text[kept[-1]] == "\n")
            kept.extend(here[len(piece) - len(piece.lstrip(" \t")) :] if opens_line else here)
            space, after_marker = range(0), False
    return kept if after_marker else [*kept, *space], markers


_BULLET = re.compile(r"[ \t>]*(?:[-*+•]|[0-9]{1,3}[.)])[ \t]+")
_FENCE_LINE = re.compile(r"[ \t>]*(?:`{3}|~{3})")
_WORDLIKE = re.compile(r"[^\W_]")
_LEFT_BEHIND = re.compile(r"(?:\*{1,3}|_{1,3}|[\"\u201d\u2019»)]+)(?=\s|\Z)\s*")
"""What closes a sentence's bold, quotation or bracket, found at the beginning of the next one."""


def _spans(plain: str, language: str) -> Iterator[tuple[int, int]]:
    """The sentences of the text without markers, trimmed, without bullets; none of them without a word."""
    held: tuple[int, int] | None = None
    for start, end in sentence_spans(plain, language=language):
        left_behind = _LEFT_BEHIND.match(plain, start, end) if held else None
        if held and left_behind:
            held = held[0], start + len(left_behind[0].rstrip())
        if held:
            yield held
        begin = left_behind.end() if left_behind else start
        bullet = _BULLET.match(plain, begin, end)
        begin = bullet.end() if bullet else begin
        is_words = _WORDLIKE.search(plain, begin, end) and not _FENCE_LINE.match(plain, begin, end)
        held = (begin, end) if is_words else None
    if held:
        yield held


def _address(text: str, at: int, *, final: bool) -> _Token | None:
    """The `](address)` of a link as a whole, for an address may hold brackets; else the bracket alone."""
    if at + 1 == len(text):
        return _Token("text", at + 1) if final else None
    limit = at + 2 + MAX_LINK_CHARS
    end = _LINK_END.search(text, at + 2, limit)
    if end and end[0] == ")":
        return _Token("text", end.end())
    return None if not end and not final and len(text) < limit else _Token("text", at + 1)


def _code(text: str, at: int, *, final: bool) -> _Token | None:
    """The code span that the backticks at `at` open, or those backticks alone where nothing closes them."""
    opening = _TICKS.match(text, at)
    start = opening.end() if opening else at
    if start == len(text) < at + _MAX_FENCE_CHARS and not final:
        return None
    limit = min(len(text), start + MAX_CODE_CHARS)
    blank = _BLANK_LINE.search(text, start, limit)
    for closing in _TICKS.finditer(text, start, blank.start() if blank else limit):
        if closing.end() == len(text) < start + MAX_CODE_CHARS and not final:
            return None
        if len(closing[0]) == start - at:
            return _Token("code", closing.end())
    undecided = not final and not blank and len(text) < start + MAX_CODE_CHARS
    return None if undecided else _Token("text", start)


def _numbers(inner: str) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for item in _ITEM_NUMBERS.finditer(inner):
        if item[1]:
            first, last = int(item[1]), int(item[2] or item[1])
            found.update(dict.fromkeys(range(first, min(last, first + _MAX_RANGE) + 1)))
    return tuple(found)
