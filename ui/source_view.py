"""An opened source as the data that the component draws: the passage as it reads, the cited words marked."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from assistant.conversations import StoredMessage, Work
from assistant.markup import Element, Kind, Node, Sign, read_markup, text_of, visible
from assistant.places import place_and_date_of, reference_to
from retrieval.blocks import Block, blocks, marker_end
from retrieval.catalogue import Fate
from retrieval.plain import plain_text
from retrieval.values import Markup, Passage
from ui.answer_view import Data, as_json
from ui.state import OpenSource
from ui.words import fate_words

DOCUMENT_PAGE = "document"
_NUMBERING = "0123456789(abcdefghijklmnopqrstuvwxyz"
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:[^\r\n]{0,400}\r?\n){0,40}?---[ \t]*\r?\n")
_HEADING_CHARS = 70
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Code points of a text, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """A stretch of a text that `times` answers quoted."""

    start: int
    end: int
    times: int


@dataclass(frozen=True, slots=True)
class Source:
    """A passage, and the words in it that an answer cites, as offsets in the document."""

    passage: Passage
    cited: Span | None

    @property
    def start(self) -> int:
        """Where what is cited begins, else the passage."""
        return self.cited.start if self.cited else self.passage.start


def find_source(message: StoredMessage, opened: OpenSource) -> Source | None:
    """The source of a stored answer; None where it has no such one."""
    work = message.work
    if work is None:
        return None
    if opened.kind == "passage":
        in_range = 1 <= opened.n <= len(work.passages)
        return Source(work.passages[opened.n - 1], None) if in_range else None
    if opened.kind == "compared":
        return _compared(work, opened.n)
    citations = work.answer.citations if work.answer else ()
    found = next((c for c in citations if c.n == opened.n), None)
    return Source(found.passage, Span(found.start, found.end)) if found else None


def _compared(work: Work, n: int) -> Source | None:
    """What the n-th sentence of the answer was held against."""
    sentences = work.answer.sentences if work.answer else ()
    sentence = sentences[n - 1] if 1 <= n <= len(sentences) else None
    compared = sentence and (sentence.opposed or sentence.compared)
    if not compared or not 1 <= compared.passage <= len(work.passages):
        return None
    return Source(work.passages[compared.passage - 1], Span(compared.start, compared.end))


def source_data(
    message: StoredMessage,
    opened: OpenSource,
    source: Source,
    *,
    fate: Fate | None = None,
    timezone: str | None = None,
    can_narrow: bool = False,
) -> Data:
    """Everything on screen for an opened source; `fate` is what became of its document since it was quoted."""
    passage, cited = source.passage, source.cited
    inside = Span(cited.start - passage.start, cited.end - passage.start) if cited else None
    count = _count(message, opened.kind)
    is_there = fate is None or fate.is_renewed
    return {
        "label": _label(opened, count),
        "title": visible(passage.source.title),
        "where": visible(place_and_date_of(passage, at=source.start)),
        "notice": f"This document was {fate_words(fate, timezone)}; what was quoted is kept here." if fate else None,
        "blocks": as_json(marked_text(passage.text, passage.source.markup, inside)),
        "quotation": quotation(source),
        "address": f"{DOCUMENT_PAGE}?{urlencode(document_query(source))}" if is_there else None,
        "narrows": can_narrow and is_there,
        "previous": {"kind": opened.kind, "n": opened.n - 1} if 1 < opened.n <= count else None,
        "next": {"kind": opened.kind, "n": opened.n + 1} if opened.n < count else None,
    }


def quotation(source: Source) -> str:
    """The cited words with their reference, to be copied: `“…” — Travel policy, Meals, p. 3, 4 March 2026`."""
    passage, cited = source.passage, source.cited
    words = passage.text[cited.start - passage.start : cited.end - passage.start] if cited else passage.text
    quoted = " ".join(plain_text(words, passage.source.markup).split())
    return visible(f"“{quoted}” \N{EM DASH} {reference_to(passage, at=source.start)}")


def _label(opened: OpenSource, count: int) -> str:
    if opened.kind == "compared":
        return "What the sentence was held against"
    return f"{'Source' if opened.kind == 'citation' else 'Passage'} {opened.n} of {count}"


def document_query(source: Source) -> dict[str, str]:
    """What the address of the document's page carries: which document, and the span to mark."""
    span = source.cited or Span(source.passage.start, source.passage.end)
    return {"id": str(source.passage.source.id), "start": str(span.start), "end": str(span.end)}


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is to stand out in a text: of which kind, and with which value."""

    start: int
    end: int
    kind: Kind
    value: str = ""


def marked_text(text: str, markup: Markup, span: Span | None, quoted: Sequence[Quoted] = ()) -> tuple[Node, ...]:
    """A document's text as it reads, with the span marked, and lightly what was quoted (in order, apart from it).

    Markdown is laid out where the mark then covers exactly the words of the span. In any other case the
    text stands as it is written, block by block, and the mark is exact by construction.
    """
    if span is not None:
        start = min(max(0, span.start), len(text))
        span = Span(start, min(max(start, span.end), len(text)))
    if markup == "markdown":
        text, span, quoted = _without_front_matter(text, span, quoted)
        for light in (tuple(_that_fit(text, quoted)), ()):
            laid_out = _laid_out(text, span, light)
            if span is None or _same_words(text_of(laid_out, marked_only=True), text[span.start : span.end]):
                return laid_out
    opened = [_Mark(span.start, span.end, "mark")] if span else []
    light_marks = [_Mark(q.start, q.end, "quoted", str(q.times)) for q in quoted]
    marks = sorted([*opened, *light_marks], key=lambda mark: mark.start)
    return tuple(_grouped(_as_written(text, block, marks) for block in blocks(text)))


def _without_front_matter(
    text: str, span: Span | None, quoted: Sequence[Quoted]
) -> tuple[str, Span | None, Sequence[Quoted]]:
    """The facts at the head of a Markdown file are no part of what it says, unless they are cited."""
    found = _FRONT_MATTER.match(text)
    if found is None or (span and span.start < found.end()):
        return text, span, quoted
    cut = found.end()
    moved = Span(span.start - cut, span.end - cut) if span else None
    return text[cut:], moved, [Quoted(q.start - cut, q.end - cut, q.times) for q in quoted if q.start >= cut]


def _laid_out(text: str, span: Span | None, quoted: Iterable[Quoted]) -> tuple[Node, ...]:
    wanted = [(light.start, light.end, f"q{light.times}") for light in quoted]
    if span is not None and span.start < span.end:
        wanted.append((span.start, span.end, "m"))
    closing, opening = [], []
    found = blocks(text) if wanted else ()
    for first, last, name in wanted:
        start = _after_marker(text, first, found)
        opening.append(Sign(start, start, name))
        closing.append(Sign(max(start, last), max(start, last), f"/{name}"))
    # Where one ends and the next begins, it ends first.
    return read_markup(text, signs=(*closing, *opening))


def _that_fit(text: str, quoted: Sequence[Quoted]) -> Iterator[Quoted]:
    """The quoted stretches whose mark covers just their words, and leaves all others as they were."""
    starts = [block.start for block in blocks(text)] if quoted else []
    for light in quoted:
        first = starts[max(0, bisect_right(starts, light.start) - 1)] if starts else 0
        following = bisect_right(starts, max(light.start, light.end - 1))
        piece = text[first : starts[following] if following < len(starts) else len(text)]
        alone = Quoted(light.start - first, light.end - first, light.times)
        nodes = _laid_out(piece, None, (alone,))
        covers = _same_words("".join(_quoted_words(nodes)), text[light.start : light.end])
        if covers and text_of(nodes) == text_of(read_markup(piece)):
            yield light


def _quoted_words(nodes: Iterable[Node], *, inside: bool = False) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node if inside else ""
        else:
            yield from _quoted_words(node.children, inside=inside or node.kind == "quoted")


def _after_marker(text: str, offset: int, found: Sequence[Block]) -> int:
    """Past "- " or "1. ", which must stay the first thing on its line."""
    at = bisect_right(found, offset, key=lambda block: block.start) - 1
    return max(offset, marker_end(text, found[at])) if at >= 0 and offset < found[at].end else offset


def _same_words(marked: str, cited: str) -> bool:
    """Whether the mark covers the cited words: markup and spaces do not count."""
    return _letters(marked) in {_letters(cited), _letters(text_of(read_markup(cited)))}


def _letters(text: str) -> str:
    return _NOT_A_LETTER.sub("", text)


def _as_written(text: str, block: Block, marks: Sequence[_Mark]) -> Element:
    match block.kind:
        case "item" if text[block.start] not in _NUMBERING:
            return Element("li", _marked(text, Span(marker_end(text, block), block.end), marks))
        case "row" if " | " in text[block.start : block.end]:
            return Element("tr", tuple(_cells(text, block, marks)))
        case "code":
            return Element("pre", _marked(text, Span(block.start, block.end), marks))
        case _:
            kind: Kind = "h" if _is_heading(text, block) else "plain"
            value = "3" if kind == "h" else ""
            return Element(kind, _marked(text, Span(block.start, block.end), marks), value)


def _cells(text: str, block: Block, marks: Sequence[_Mark]) -> Iterator[Element]:
    at = block.start
    for cell in text[block.start : block.end].split(" | "):
        yield Element("td", _marked(text, Span(at, at + len(cell)), marks))
        at += len(cell) + len(" | ")


def _is_heading(text: str, block: Block) -> bool:
    """A short line that stands alone and ends in no punctuation. A matter of looks only."""
    line = text[block.start : block.end]
    is_last = not text[block.end :].strip()
    return block.kind == "heading" or (
        len(line) <= _HEADING_CHARS and "\n" not in line and line[-1:].isalnum() and line[:1].isupper() and not is_last
    )


def _marked(text: str, part: Span, marks: Sequence[_Mark]) -> tuple[Node, ...]:
    """A part of the text, with what the marks cover of it marked."""
    return tuple(node for node in _pieces(text, part, marks) if node)


def _pieces(text: str, part: Span, marks: Sequence[_Mark]) -> Iterator[Node]:
    at = part.start
    for mark in marks:
        start, end = (min(max(at, edge), part.end) for edge in (mark.start, mark.end))
        if start == end:
            continue
        yield visible(text[at:start])
        yield Element(mark.kind, (visible(text[start:end]),), mark.value)
        if mark.kind == "quoted" and mark.end <= part.end:
            yield Element("times", value=mark.value)
        at = end
    yield visible(text[at : part.end])


def _grouped(nodes: Iterable[Element]) -> Iterator[Element]:
    """Neighbouring items as one list, neighbouring rows as one table."""
    shells: dict[Kind, Kind] = {"li": "ul", "tr": "table"}
    for kind, group in groupby(nodes, key=lambda node: node.kind):
        if kind in shells:
            yield Element(shells[kind], tuple(group))
        else:
            yield from group


def _count(message: StoredMessage, kind: str) -> int:
    assert message.work is not None
    if kind == "compared":
        return 0
    if kind == "passage":
        return len(message.work.passages)
    return max((c.n for c in message.work.answer.citations), default=0) if message.work.answer else 0
