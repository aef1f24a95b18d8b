"""HTML: the text a reader of the page sees, without scripts, navigation and hidden parts."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from retrieval.invisible import note_removed, visible
from retrieval.parsing.dates import day_in
from retrieval.parsing.flow import Flow
from retrieval.parsing.hidden import note_doubtful, note_hidden
from retrieval.parsing.html_hidden import Sight, has_style_sheet, hidden_by_rules, is_hidden, sight_by_colour
from retrieval.parsing.names import stem
from retrieval.parsing.text import decode
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_LOOKS_LIKE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_WITHIN = 4096

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "nav",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "map",
        "button",
        "input",
        "select",
        "textarea",
        "datalist",
        "dialog",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "legend",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "search",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "ul",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_SKIPPED_ROLES = frozenset({"navigation", "search", "menu", "menubar", "toolbar"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_MAX_INDENT = 8
_TAG = re.compile(r"<[^<>]*>")
_DATE_KEYS = (
    "article:modified_time",
    "last-modified",
    "dcterms.modified",
    "article:published_time",
    "date",
    "dc.date",
    "dcterms.created",
)
_FEWEST_WORDS = 6
"""A comment of so many words is prose that somebody may have meant for a reader other than the page's."""


def looks_like_html(data: bytes) -> bool:
    """Whether the bytes begin as a whole HTML page does."""
    return bool(_LOOKS_LIKE.match(data[:_CHARSET_WITHIN]))


def parse(data: bytes, name: str) -> ParsedDocument:
    """The page's readable text, blocks on lines of their own, with a section for each heading."""
    from selectolax.lexbor import LexborHTMLParser

    source, notes = _decode(data, name)
    page = LexborHTMLParser(source)
    reader = _Reader(hidden_by_rules(page), is_styled=has_style_sheet(page))
    if root := page.body or page.root:
        reader.read(root)
    text, sections, first_heading = reader.flow.finish()
    return ParsedDocument(
        title=_title(page) or first_heading or stem(name),
        text=text,
        sections=sections,
        dated=_dated(page),
        notes=notes + note_removed(source) + note_hidden(reader.hidden) + note_doubtful(reader.doubtful),
    )


def _decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """By byte order mark, else by the page's own declaration, else as plain text is decoded."""
    declared = _CHARSET.search(data[:_CHARSET_WITHIN])
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        with suppress(LookupError, UnicodeDecodeError):  # then it is something else than it declares
            return data.decode(_codec(declared[1].decode("ascii", "replace"))), ()
    return decode(data, name)


def _codec(label: str) -> str:
    """The codec a browser takes for a label: Latin-1 means Windows-1252, and UTF-16 cannot be declared so."""
    lowered = label.lower()
    if lowered in {"iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"}:
        return "cp1252"
    return "utf-8" if lowered.startswith(("utf-16", "utf-32")) else lowered


def _title(page: "LexborHTMLParser") -> str:
    title = page.css_first("head > title")
    return " ".join(visible(title.text()).split()) if title else ""


def _dated(page: "LexborHTMLParser") -> date | None:
    """The newest kind of date the page declares: modified before published."""
    found: dict[str, date] = {}
    for meta in page.css("meta[content]"):
        attributes = meta.attributes
        key = attributes.get("name") or attributes.get("property") or attributes.get("http-equiv") or ""
        if day := day_in(attributes.get("content") or ""):
            found.setdefault(key.lower(), day)
    return next((found[key] for key in _DATE_KEYS if key in found), None)


@dataclass(slots=True)
class _List:
    """A list being written."""

    first: int | None
    """Its first number, None where it has bullets."""

    items: int = 0

    def marker(self) -> str:
        """What stands before the next item."""
        return "- " if self.first is None else f"{self.first + self.items}. "


class _Reader:
    """Walks the tree without recursion (pages nest thousands deep) and writes what can be read."""

    def __init__(self, by_rules: frozenset[int], *, is_styled: bool) -> None:
        self.flow = Flow()
        self.hidden: list[str] = []
        """What nobody sees, left out."""
        self.doubtful: list[str] = []
        """What perhaps nobody sees, kept."""
        self._by_rules = by_rules
        self._is_styled = is_styled
        self._doubted: int | None = None
        """The element in doubt that is being read; nothing inside it is noted again."""
        self._lists: list[_List] = []
        self._tables_of_data: list[bool] = []
        self._pre = 0

    def read(self, root: "LexborNode") -> None:
        """Write everything under `root`."""
        opened: list[LexborNode] = []
        node = root
        while True:
            if self._enters(node):
                child = node.first_child
                if child is not None:
                    opened.append(node)
                    node = child
                    continue
                self._leave(node)
            while opened and node.next is None:
                node = opened.pop()
                self._leave(node)
            if not opened or node.next is None:
                return
            node = node.next

    def _enters(self, node: "LexborNode") -> bool:
        """Write what stands before the node's children; False where they are not to be read."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        if tag in _SKIPPED or tag.startswith("-"):
            self._skip(node, tag)
            return False
        attributes = node.attributes
        if self._hides(node, tag, attributes):
            return False
        if attributes.get("role") in _SKIPPED_ROLES or (tag == "tr" and self._writes_row(node)):
            return False
        self._open(node, tag, attributes)
        return True

    def _skip(self, node: "LexborNode", tag: str) -> None:
        """Note what never was for readers, where it reads as if it were."""
        if tag in {"template", "-comment"}:
            text = _TAG.sub(" ", node.html or "") if tag == "template" else node.comment_content or ""
            if len(text.split()) >= _FEWEST_WORDS:
                self.hidden.append(text)

    def _hides(self, node: "LexborNode", tag: str, attributes: dict[str, str | None]) -> bool:
        """Whether an element is left out because it cannot be seen; noted, as is one in doubt."""
        # Pages hide their whole body until their scripts have run; that hides nothing from readers.
        if tag == "body":
            return False
        sight: Sight = "hidden" if node.mem_id in self._by_rules or is_hidden(attributes) else "seen"
        if sight == "seen" and self._doubted is None:
            sight = sight_by_colour(node, attributes, is_styled=self._is_styled)
        if sight == "hidden":
            self.hidden.append(node.text(separator=" "))
        elif sight == "doubtful":
            self.doubtful.append(node.text(separator=" "))
            self._doubted = node.mem_id
        return sight == "hidden"

    def _text(self, text: str) -> None:
        if self._pre:
            self.flow.verbatim(text)
        else:
            self.flow.words(text)

    def _open(self, node: "LexborNode", tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _HEADINGS:
            self.flow.heading_begins(_HEADINGS[tag])
        elif tag in {"br", "tr", "td", "th", "dd"}:
            self.flow.line()
        elif tag == "li":
            self._item()
        elif tag in _LISTS:
            self._open_list(tag, attributes)
        elif tag in _BLOCKS:
            self.flow.paragraph()
        if tag == "table":
            self._tables_of_data.append(_holds_data(node, attributes))
        self._pre += tag == "pre"

    def _leave(self, node: "LexborNode") -> None:
        tag = node.tag or ""
        if node.mem_id == self._doubted:
            self._doubted = None
        if tag in _HEADINGS:
            self.flow.heading_ends()
        elif tag == "li":
            self.flow.item_ends()
        elif tag in {"tr", "td", "th", "dt", "dd"}:
            self.flow.line()
        elif tag in _LISTS:
            self._lists.pop()
            if not self._lists:
                self.flow.paragraph()
        elif tag in _BLOCKS:
            self.flow.paragraph()
        if tag == "table":
            self._tables_of_data.pop()
        self._pre -= tag == "pre"

    def _open_list(self, tag: str, attributes: dict[str, str | None]) -> None:
        if not self._lists:
            self.flow.paragraph()
        start = attributes.get("start") or "1"
        number = int(start) if start.isascii() and start.isdigit() else 1
        self._lists.append(_List(number if tag == "ol" else None))

    def _item(self) -> None:
        current = self._lists[-1] if self._lists else _List(None)
        indent = "  " * min(max(0, len(self._lists) - 1), _MAX_INDENT)
        self.flow.item(indent + current.marker(), tight=current.items > 0 or len(self._lists) > 1)
        current.items += 1

    def _writes_row(self, row: "LexborNode") -> bool:
        """Write a row of a table that holds data on one line; False for a table that only arranges the page."""
        if not (self._tables_of_data and self._tables_of_data[-1]):
            return False
        cells = [self._cell(cell) for cell in row.iter() if cell.tag in {"td", "th"}]
        if any(cells):
            self.flow.line()
            self.flow.words(" | ".join(cells))
            self.flow.line()
        return True

    def _cell(self, cell: "LexborNode") -> str:
        reader = _Reader(self._by_rules, is_styled=self._is_styled)
        reader.read(cell)
        self.hidden += reader.hidden
        self.doubtful += reader.doubtful
        return " ".join(reader.flow.finish().text.split())


def _holds_data(table: "LexborNode", attributes: dict[str, str | None]) -> bool:
    arranges = attributes.get("role") in {"presentation", "none"}
    return not arranges and table.css_first("table table, h1, h2, h3, h4, h5, h6, pre") is None
