"""A conversation on paper: questions set apart, every answer with its numbered sources below it, pages numbered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from assistant.answer_markup import marked_answer
from assistant.events import Citation
from assistant.export.paper import ACCENT, AMBER, INK, LINE, QUIET, RED, Paper, Run, Type
from assistant.export.wording import doubt_of, notices_of, one_line, origin_of, place_of, title_of
from assistant.markup import Element, Node, read_markup, text_of
from assistant.transcript import Entry, Transcript

_BODY = Type(10.5, INK)
_ASKED = Type(12, emphasis="B")
_SMALL = Type(9)
_STEP_MM, _DEEPEST_MM = 6.0, 36.0
_MOST_COLUMNS = 8
_TURN_MM, _SOURCE_MM = 50.0, 24.0
"""How much of a page a question or a source needs, so that it does not stand alone at its end."""


def pdf_of(transcript: Transcript, on: date) -> bytes:
    """The whole conversation as a PDF."""
    paper = Paper(title_of(transcript), on)
    paper.flow([Run(title_of(transcript), Type(20, emphasis="B"))], after=1)
    paper.flow([Run(origin_of(transcript, on), Type(9, QUIET))], after=6)
    number = 0
    for entry in transcript.entries:
        if entry.role == "user":
            number += 1
            _question(paper, entry, number)
        else:
            _answer(paper, entry)
    _unknown(paper)
    return paper.printed()


def _question(paper: Paper, entry: Entry, number: int) -> None:
    paper.keep_together(_TURN_MM)
    if number > 1:
        paper.ln(3)
        paper.rule()
        paper.ln(7)
    top, page = paper.y, paper.page
    paper.flow([Run(f"Question {number}", Type(8.5, ACCENT, "B"))], after=0.5)
    _blocks(paper, entry, read_markup(entry.text), _ASKED)
    paper.bar(top, page)
    paper.ln(3)


def _answer(paper: Paper, entry: Entry) -> None:
    _blocks(paper, entry, marked_answer(entry.text, entry.answer), _BODY)
    for notice in notices_of(entry):
        paper.flow([Run(notice, Type(9.5, AMBER, "I"))])
    if entry.answer and entry.answer.citations:
        paper.keep_together(_SOURCE_MM)
        paper.ln(1.5)
        paper.flow([Run("Sources", Type(8.5, QUIET, "B"))], after=1)
        for citation in entry.answer.citations:
            _source(paper, citation)


def _source(paper: Paper, citation: Citation) -> None:
    paper.keep_together(_SOURCE_MM)
    source, place = citation.passage.source, place_of(citation)
    named = [Run(f"[{citation.n}] ", replace(_SMALL, colour=ACCENT).bold()), Run(one_line(source.title), _SMALL.bold())]
    paper.flow([*named, Run(f" · {place}" if place else "", replace(_SMALL, colour=QUIET))], after=0.2)
    paper.flow([Run(one_line(source.path), Type(7.5, QUIET))], indent=_STEP_MM, after=0.8)
    top, page = paper.y, paper.page
    paper.flow([Run(one_line(citation.quote), replace(_SMALL, emphasis="I"))], indent=_STEP_MM, after=0)
    paper.bar(top, page, indent=_STEP_MM, colour=LINE, width=0.5)
    paper.ln(3)


def _unknown(paper: Paper) -> None:
    """What could not be printed, said where the reader ends."""
    if paper.unknown:
        letters = "1 letter" if paper.unknown == 1 else f"{paper.unknown:,} letters"
        said = f"{letters} of scripts that this PDF has no font for: shown as □. The exports as Markdown and JSON have all."
        paper.ln(4)
        paper.flow([Run(said, Type(8.5, AMBER, "I"))])


def _blocks(
    paper: Paper, entry: Entry, nodes: Sequence[Node], type_: Type, indent: float = 0, bullet: str = ""
) -> None:
    """The blocks of a tree; the bullet stands before the first of them."""
    line: list[Node] = []
    for node in (*nodes, None):
        if node is not None and (isinstance(node, str) or node.kind not in _BLOCKS):
            line.append(node)
            continue
        if runs := _trimmed(_runs(entry, line, type_)):
            paper.flow(runs, indent=indent, bullet=bullet)
            bullet = ""
        line = []
        if node is not None:
            _block(paper, entry, node, type_, indent, bullet)
            bullet = ""


_BLOCKS = frozenset(("p", "h", "ul", "ol", "quote", "table", "pre", "hr"))


def _block(paper: Paper, entry: Entry, node: Element, type_: Type, indent: float, bullet: str) -> None:
    match node.kind:
        case "h":
            paper.keep_together(_SOURCE_MM)
            paper.flow(_runs(entry, node.children, type_.bold()), indent=indent, bullet=bullet, after=1.2)
        case "ul" | "ol":
            _list(paper, entry, node, type_, min(indent + _STEP_MM, _DEEPEST_MM))
        case "quote":
            top, page = paper.y, paper.page
            deeper = min(indent + _STEP_MM, _DEEPEST_MM)
            _blocks(paper, entry, node.children, replace(type_, colour=QUIET), deeper, bullet)
            paper.bar(top, page, indent=deeper, colour=LINE, width=0.5)
        case "table":
            _table(paper, entry, node, indent)
        case "pre":
            paper.code(text_of(node.children), indent=indent)
        case "hr":
            paper.rule()
            paper.ln(3)
        case _:
            paper.flow(_trimmed(_runs(entry, node.children, type_)), indent=indent, bullet=bullet)


def _list(paper: Paper, entry: Entry, node: Element, type_: Type, indent: float) -> None:
    first = int(node.value) if node.kind == "ol" else None
    items = [child for child in node.children if isinstance(child, Element)]
    for place, item in enumerate(items):
        _blocks(paper, entry, item.children, type_, indent, "•" if first is None else f"{first + place}.")


def _table(paper: Paper, entry: Entry, node: Element, indent: float) -> None:
    rows = [[_words(entry, cell) for cell in row.children] for row in node.children if isinstance(row, Element)]
    if not rows or not rows[0]:
        return
    if len(rows[0]) <= _MOST_COLUMNS:
        paper.grid(rows)
        return
    for row in rows:
        paper.flow([Run(" | ".join(row), _SMALL)], indent=indent, after=0.5)


def _words(entry: Entry, cell: Node) -> str:
    return " ".join("".join(run.text for run in _runs(entry, (cell,), _SMALL)).split())


def _runs(entry: Entry, nodes: Sequence[Node], type_: Type, link: str = "") -> list[Run]:
    """What stands in a line, as stretches of one look each."""
    return [run for node in nodes for run in _run(entry, node, type_, link)]


def _run(entry: Entry, node: Node, type_: Type, link: str) -> Iterator[Run]:
    if isinstance(node, str):
        yield Run(node.replace("\n", " "), type_, link)
        return
    match node.kind:
        case "chip":
            yield Run(f"\u00a0[{node.value}]", Type(type_.size - 2, ACCENT, "B"))
        case "br":
            yield Run("\n", type_)
        case "sentence":
            yield from _runs(entry, node.children, type_, link)
            if doubt := doubt_of(entry, node.value):
                colour = RED if doubt.startswith("≠") else AMBER
                yield Run(f" [{doubt}]", Type(type_.size - 2, colour, "B"))
        case "strong":
            yield from _runs(entry, node.children, type_.bold(), link)
        case "em":
            yield from _runs(entry, node.children, replace(type_, emphasis=type_.emphasis or "I"), link)
        case "a":
            yield from _runs(entry, node.children, replace(type_, colour=ACCENT), node.value)
        case "host":
            yield Run(f" ({node.value})", type_, link)
        case _:
            yield from _runs(entry, node.children, type_, link)


def _trimmed(runs: list[Run]) -> list[Run]:
    """Without the space around a paragraph."""
    first = next((i for i, run in enumerate(runs) if run.text.strip()), len(runs))
    kept = runs[first:]
    return [replace(kept[0], text=kept[0].text.lstrip()), *kept[1:]] if kept else []
