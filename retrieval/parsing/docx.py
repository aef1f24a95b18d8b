"""DOCX: paragraphs, headings, lists and tables in the order of the document."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from retrieval.invisible import note_removed, visible
from retrieval.parsing.archive import check_archive, member_names
from retrieval.parsing.flow import Flow
from retrieval.parsing.hidden import note_doubtful, note_hidden
from retrieval.parsing.names import sensible_title, stem
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from docx.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT = frozenset({f"{_W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
_SPACE = frozenset({f"{_W}tab", f"{_W}cr", f"{_W}noBreakHyphen", f"{_W}ptab"})
_SKIPPED = frozenset(
    f"{_W}{tag}"
    for tag in [
        "del",
        "moveFrom",
        "rPr",
        "pPr",
        "tblPr",
        "trPr",
        "tcPr",
        "sectPr",
        "sdtPr",
        "instrText",
        "delText",
    ]
) | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
_NOTE_MARKS = frozenset({f"{_W}footnoteReference", f"{_W}endnoteReference"})
_HEADING_NAME = re.compile(r"heading ([1-9])\b", re.IGNORECASE)
_MAIN_PART = re.compile(r"word/document\d*\.xml\Z")
_MAX_INDENT = 8
_WHITE = re.compile(r"[ef][0-9a-f]" * 3, re.IGNORECASE)
_TINY_HALF_POINTS = 4
"""Below two points letters are dots."""
NOTES_LEFT_OUT = "Footnotes and endnotes were left out."


def is_docx(data: bytes) -> bool:
    """Whether the bytes are a zip archive with a Word document in it."""
    names = member_names(data)
    return "[Content_Types].xml" in names and any(_MAIN_PART.match(name) for name in names)


def parse(data: bytes, name: str) -> ParsedDocument:
    """The document's body with a section for each heading; headers, footers and notes are left out."""
    from docx import Document

    check_archive(data, name)
    document = Document(io.BytesIO(data))
    title, dated = _properties(document)
    reader = _Reader(_styles(document), on_paper=document.element.find(f"{_W}background") is None)
    reader.blocks(document.element.body)
    text, sections, first_heading = reader.flow.finish()
    return ParsedDocument(
        title=title or reader.title or first_heading or stem(name),
        text=text,
        sections=sections,
        dated=dated,
        notes=reader.notes(),
    )


def _properties(document: "Document") -> tuple[str, date | None]:
    """Title and day of the last change; python-docx would make up both where the part is missing."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    relationships = document.part.package.rels.values() if document.part.package else ()
    if not any(each.reltype == RELATIONSHIP_TYPE.CORE_PROPERTIES for each in relationships):
        return "", None
    properties = document.core_properties
    day = properties.modified or properties.created
    return sensible_title(visible(properties.title)), day.date() if day else None


@dataclass(frozen=True, slots=True)
class _Look:
    """How letters look, as far as it decides whether anybody sees them."""

    hidden: bool = False
    white: bool = False
    tiny: bool = False
    shaded: bool = False
    """They stand on a colour of their own."""

    def with_run(self, properties: Any) -> "_Look":
        """The same with what a run, or a style, says of its letters."""
        if properties is None:
            return self
        hidden = _switch(properties.find(f"{_W}vanish"))
        colour, size = _value(properties.find(f"{_W}color")), _value(properties.find(f"{_W}sz"))
        return _Look(
            self.hidden if hidden is None else hidden,
            self.white if colour is None else bool(_WHITE.fullmatch(colour)),
            self.tiny if size is None else size.isdigit() and int(size) < _TINY_HALF_POINTS,
            self.shaded or _is_shaded(properties) or properties.find(f"{_W}highlight") is not None,
        )

    def on(self, other: "_Look") -> "_Look":
        """A character style's look over that of the paragraph."""
        return _Look(
            self.hidden or other.hidden,
            self.white or other.white,
            self.tiny or other.tiny,
            self.shaded or other.shaded,
        )


@dataclass(frozen=True, slots=True)
class _Style:
    level: int | None = None
    is_title: bool = False
    is_list: bool = False
    look: _Look = _Look()


def _styles(document: "Document") -> dict[str, _Style]:
    """What each style, with those it is based on, says of a paragraph or a run."""
    elements = {element.get(f"{_W}styleId", ""): element for element in document.styles.element.iter(f"{_W}style")}
    return {key: _style(key, elements) for key in elements}


def _style(key: str, elements: dict[str, Any]) -> _Style:
    chain: list[str] = []
    while key in elements and key not in chain:
        chain.append(key)
        key = _value(elements[key].find(f"{_W}basedOn")) or ""
    style = _Style()
    for each in reversed(chain):
        style = _refined(style, elements[each])
    return style


def _refined(base: _Style, element: Any) -> _Style:
    name = _value(element.find(f"{_W}name")) or ""
    properties = element.find(f"{_W}pPr")
    heading = _HEADING_NAME.match(name)
    level = int(heading[1]) if heading else _outline_level(properties)
    look = base.look.with_run(element.find(f"{_W}rPr"))
    return replace(
        base,
        level=base.level if level is None else level,
        is_title=base.is_title or name.lower() == "title",
        is_list=_is_list(properties, default=base.is_list),
        look=replace(look, shaded=look.shaded or _is_shaded(properties)),
    )


def _value(element: Any) -> str | None:
    return None if element is None else element.get(f"{_W}val")


def _switch(element: Any) -> bool | None:
    """An on/off property: on where it stands without a value, None where it is absent."""
    return None if element is None else _value(element) not in {"0", "false", "off"}


def _is_shaded(properties: Any) -> bool:
    shade = None if properties is None else properties.find(f"{_W}shd")
    return shade is not None and not _WHITE.fullmatch(shade.get(f"{_W}fill") or "ffffff")


def _outline_level(properties: Any) -> int | None:
    value = None if properties is None else _value(properties.find(f"{_W}outlineLvl"))
    return int(value) + 1 if value and value.isdigit() and int(value) < 9 else None


def _is_list(properties: Any, *, default: bool) -> bool:
    numbering = None if properties is None else properties.find(f"{_W}numPr/{_W}numId")
    return default if numbering is None else _value(numbering) != "0"


class _Reader:
    """Walks the body (libxml2 refuses nesting deeper than 256) and writes what can be read."""

    def __init__(self, styles: dict[str, _Style], *, on_paper: bool) -> None:
        self.flow = Flow()
        self.title = ""
        self._styles = styles
        self._on_paper = on_paper
        """Nothing but the white page can be behind the letters: no cell, no box, no coloured page."""
        self._left_out: set[str] = set()
        self._hidden: list[str] = []
        self._doubtful: list[str] = []

    def notes(self) -> tuple[str, ...]:
        """What was left out, a sentence each."""
        return (*sorted(self._left_out), *note_hidden(self._hidden), *note_doubtful(self._doubtful))

    def blocks(self, parent: Any) -> None:
        """Write the paragraphs and tables below `parent`."""
        for element in parent:
            if element.tag == f"{_W}p":
                self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                self._table(element)
            elif element.tag not in _SKIPPED and isinstance(element.tag, str):
                self.blocks(element)

    def _paragraph(self, element: Any) -> None:
        properties = element.find(f"{_W}pPr")
        style = self._style_of(properties, "pStyle")
        boxes: list[Any] = []
        look = replace(style.look, shaded=style.look.shaded or _is_shaded(properties))
        pieces = tuple(self._pieces(element, look, boxes))
        self._write(properties, style, pieces)
        with self._off_paper():
            for box in boxes:
                self.blocks(box)

    @contextmanager
    def _off_paper(self) -> Iterator[None]:
        """While what is read stands in a cell or a box, which may have a colour."""
        before, self._on_paper = self._on_paper, False
        try:
            yield
        finally:
            self._on_paper = before

    def _write(self, properties: Any, style: _Style, pieces: tuple[str, ...]) -> None:
        own_level = _outline_level(properties)
        level = style.level if own_level is None else own_level
        if not "".join(pieces).strip():
            self.flow.paragraph()
        elif style.is_title or level is not None:
            self._heading(0 if style.is_title else level or 1, pieces)
        elif _is_list(properties, default=style.is_list):
            depth = _value(properties.find(f"{_W}numPr/{_W}ilvl")) if properties is not None else None
            indent = min(int(depth), _MAX_INDENT) if depth and depth.isdigit() else 0
            self.flow.item("  " * indent + "- ")
            self._words(pieces)
            self.flow.item_ends()
        else:
            self.flow.paragraph()
            self._words(pieces)
            self.flow.paragraph()

    def _heading(self, level: int, pieces: tuple[str, ...]) -> None:
        if level == 0 and not self.title:
            self.title = " ".join(visible("".join(pieces)).split())
        self.flow.heading_begins(level)
        self._words(tuple(" " if piece == "\n" else piece for piece in pieces))
        self.flow.heading_ends()

    def _words(self, pieces: tuple[str, ...]) -> None:
        for piece in pieces:
            self._left_out.update(note_removed(piece))
            if piece == "\n":
                self.flow.line()
            else:
                self.flow.words(piece)

    def _pieces(self, parent: Any, look: _Look, boxes: list[Any]) -> Iterator[str]:
        """The text below a paragraph or run; text boxes in it are gathered to be read after it."""
        for element in parent:
            tag = element.tag
            if tag in _TEXT:
                if element.text and self._is_seen(look, element.text):
                    yield element.text
            elif tag in _SPACE:
                yield "-" if tag.endswith("noBreakHyphen") else " "
            elif tag == f"{_W}br":
                yield "\n"
            elif tag == f"{_W}txbxContent":
                boxes.append(element)
            elif tag in _NOTE_MARKS:
                self._left_out.add(NOTES_LEFT_OUT)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                yield from self._pieces(element, self._look_of(element, look), boxes)

    def _is_seen(self, look: _Look, text: str) -> bool:
        """Whether text is to be read; noted where it is not, or where that is in doubt."""
        is_white = look.white and not look.shaded
        if look.hidden or look.tiny or (is_white and self._on_paper):
            self._hidden.append(text)
            return False
        if is_white:
            self._doubtful.append(text)
        return True

    def _look_of(self, element: Any, inherited: _Look) -> _Look:
        properties = element.find(f"{_W}rPr") if element.tag == f"{_W}r" else None
        if properties is None:
            return inherited
        return self._style_of(properties, "rStyle").look.on(inherited).with_run(properties)

    def _style_of(self, properties: Any, kind: str) -> _Style:
        key = None if properties is None else _value(properties.find(f"{_W}{kind}"))
        return self._styles.get(key or "", _Style())

    def _table(self, table: Any) -> None:
        with self._off_paper():
            self._rows([list(_cells(row)) for row in _rows(table)])

    def _rows(self, rows: Sequence[Sequence[Any]]) -> None:
        self.flow.paragraph()
        for cells in rows:
            if len(cells) == 1 and all(len(row) == 1 for row in rows):
                self.blocks(cells[0])
                continue
            texts = [self._cell(cell) for cell in cells]
            if any(texts):
                self.flow.line()
                self.flow.words(" | ".join(texts))
        self.flow.paragraph()

    def _cell(self, cell: Any) -> str:
        reader = _Reader(self._styles, on_paper=False)
        reader.blocks(cell)
        self._left_out |= reader._left_out
        self._hidden += reader._hidden
        self._doubtful += reader._doubtful
        return " ".join(reader.flow.finish().text.split())


def _rows(table: Any) -> Iterator[Any]:
    """The rows of a table, without those of tables in its cells."""
    for element in table:
        if element.tag == f"{_W}tr":
            if _switch(element.find(f"{_W}trPr/{_W}hidden")) is not True:
                yield element
        elif element.tag not in _SKIPPED:
            yield from _rows(element)


def _cells(row: Any) -> Iterator[Any]:
    for element in row:
        if element.tag == f"{_W}tc":
            yield element
        elif element.tag not in _SKIPPED:
            yield from _cells(element)
