"""Untrusted Markdown read into a small tree of known kinds, from which everything on screen is drawn.

What is not in `Kind` cannot come out: no HTML, no images, no links beyond http, https and mailto.
Signs set into the text beforehand (citations, ends of sentences, the marked span) come out as nodes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from retrieval.invisible import SIGN, shown

Kind = Literal[
    "p", "h", "ul", "ol", "li", "quote", "table", "tr", "th", "td", "pre", "hr",
    "strong", "em", "del", "code", "a", "host", "br", "chip", "sentence", "mark", "sign", "plain",
    "page", "quoted", "times",
]  # fmt: skip

_OPEN, _CLOSE = "\u2e28", "\u2e29"
"""A sign stands in rare double parentheses: punctuation to Markdown, so it never breaks emphasis."""
_SIGN = re.compile(rf"{_OPEN}(c\d{{1,6}}_?|s\d{{1,6}}|q\d{{1,6}}|/q\d{{1,6}}|m|/m){_CLOSE}")
_OLD_BREAKS = str.maketrans(dict.fromkeys("\x0b\x0c\x85", SIGN))
_MARKER = re.compile(r"([ \t]*)\[([1-9]\d{0,3})\](?!\()")
_BLOCKS: dict[str, Kind] = {
    "paragraph": "p",
    "heading": "h",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "quote",
    "table": "table",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "strong": "strong",
    "em": "em",
    "s": "del",
    "link": "a",
}
_PLAIN_HOST = re.compile(r"[a-z0-9._-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?", re.IGNORECASE)
"""A host that every browser reads as we do; one of other letters arrives here in its ASCII form."""
_HOLDS_SENTENCES = frozenset(("p", "h", "li", "th", "td"))


@dataclass(frozen=True, slots=True)
class Element:
    """A node with a kind. `value` is a link's address or host, a chip's number, a heading's level, a list's first number."""

    kind: Kind
    children: tuple["Node", ...] = ()
    value: str = ""


Node = Element | str


@dataclass(frozen=True, slots=True)
class Sign:
    """Something to find again in place of `text[start:end]`.

    `c3` is a citation (`c3_` one with space before it), `s2` the end of a sentence, `m` and `/m` are the ends of the marked span,
    `q3` and `/q3` those of a span that three answers quoted.
    """

    start: int
    end: int
    name: str


def visible(text: str) -> str:
    """The text without what cannot be seen; what steers direction or hides words is replaced by a sign."""
    return shown(text).translate(_OLD_BREAKS)


def citation_signs(text: str, numbers: Iterable[int]) -> tuple[Sign, ...]:
    """A sign in place of each marker `[n]` of these numbers; `[n](…)` is a link and stays one."""
    known = frozenset(numbers)
    found = (m for m in _MARKER.finditer(text) if int(m[2]) in known)
    return tuple(Sign(*m.span(), f"c{m[2]}_" if m[1] else f"c{m[2]}") for m in found)


def read_markup(text: str, *, signs: Iterable[Sign] = ()) -> tuple[Node, ...]:
    """The blocks of an untrusted Markdown text, with chips, sentences and marks where the signs were set."""
    return _resolved(_nodes(_parser().parse(_with_signs(text, signs))))


def text_of(nodes: Iterable[Node], *, marked_only: bool = False) -> str:
    """The words of a tree, chips left out; with `marked_only` those inside the mark."""
    return "".join(_words(nodes, marked_only=marked_only, inside=False))


def safe_address(href: str) -> str | None:
    """The address of a link that may be followed, None for any other."""
    address = href.strip()
    return address if destination(address) else None


def destination(address: str) -> str:
    """Where a link leads, as a reader is told: the host of a web address, whom a mail is for; empty for any other.

    A name before the host, as in `https://bank.example@evil.example`, would be taken for it: no such link.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme in {"http", "https"}:
        return parts.netloc.lower() if _PLAIN_HOST.fullmatch(parts.netloc) else ""
    return parts.path if parts.scheme == "mailto" else ""


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _with_signs(text: str, signs: Iterable[Sign]) -> str:
    pieces, at = [], 0
    for sign in sorted(signs, key=lambda sign: (sign.start, sign.end)):
        pieces += [_plain(text[at : sign.start]), f"{_OPEN}{sign.name}{_CLOSE}"]
        at = max(at, sign.end)
    return "".join([*pieces, _plain(text[at:])])


def _plain(text: str) -> str:
    return visible(text).replace(_OPEN, "(").replace(_CLOSE, ")")


def _nodes(tokens: Sequence[Token]) -> list[Node]:
    """Nested tokens as a tree; kinds nobody knows lose their shell and keep what they hold."""
    stack: list[tuple[Token | None, list[Node]]] = [(None, [])]
    for token in tokens:
        if token.nesting == 1:
            stack.append((token, []))
        elif token.nesting == -1:
            opening, children = stack.pop()
            assert opening is not None
            stack[-1][1].extend(_closed(opening, children))
        else:
            stack[-1][1].extend(_leaf(token))
    return stack[0][1]


def _closed(opening: Token, children: list[Node]) -> list[Node]:
    kind = _BLOCKS.get(opening.type.removesuffix("_open"))
    if kind is None or opening.hidden:
        return children
    value = _value(opening, kind)
    if value is None:
        return children
    return [Element(kind, (*children, *_told(value, children)) if kind == "a" else tuple(children), value)]


def _told(address: str, words: Sequence[Node]) -> Iterator[Node]:
    """The place that a link leads to, unless its words are that place."""
    place = destination(address)
    said = text_of(words).strip()
    if place not in {said.lower(), destination(said)}:
        yield Element("host", value=place)


def _value(opening: Token, kind: Kind) -> str | None:
    """What belongs to the opening token; None where the element must not come out."""
    if kind == "h":
        return opening.tag.removeprefix("h")
    if kind == "ol":
        return str(opening.attrGet("start") or 1)
    if kind == "a":
        return safe_address(str(opening.attrGet("href") or ""))
    return ""


def _leaf(token: Token) -> list[Node]:
    match token.type:
        case "inline":
            return _nodes(token.children or ())
        case "text":
            return _split(token.content)
        case "code_inline":
            return [Element("code", tuple(_split(token.content)))]
        case "fence" | "code_block":
            return [Element("pre", tuple(_split(token.content.rstrip("\n"))))]
        case "image":
            return _split(token.content)
        case "softbreak":
            return ["\n"]
        case "hardbreak":
            return [Element("br")]
        case "hr":
            return [Element("hr")]
        case _:
            return _split(token.content)


def _split(text: str) -> list[Node]:
    """A text at its signs."""
    parts = _SIGN.split(text)
    return [Element("sign", value=part) if i % 2 else part for i, part in enumerate(parts) if part]


def _resolved(nodes: Sequence[Node]) -> tuple[Node, ...]:
    return tuple(_with_sentences(_with_marks(nodes, [], in_code=False)))


def _with_marks(nodes: Iterable[Node], inside: list[str], *, in_code: bool) -> Iterator[Node]:
    """Chips and marks in place of their signs; `inside` carries the open marks on from block to block."""
    for node in nodes:
        if isinstance(node, str):
            yield _within(node, inside) if inside and node.strip() else node
        elif node.kind != "sign":
            children = _with_marks(node.children, inside, in_code=in_code or node.kind in {"code", "pre"})
            yield Element(node.kind, tuple(children), node.value)
        elif node.value[0] in "mq":
            inside.append(node.value)
        elif node.value[0] == "/":
            if node.value[1:] in inside:
                inside.remove(node.value[1:])
            if node.value[1] == "q":
                yield Element("times", value=node.value[2:])
        elif node.value[0] == "c":
            yield _citation(node.value, in_code=in_code)
        elif not in_code:
            yield node


def _within(text: str, inside: Sequence[str]) -> Element:
    """The text in its mark; what a person opened outweighs what answers quoted."""
    return Element("mark", (text,)) if "m" in inside else Element("quoted", (text,), inside[-1][1:])


def _citation(sign: str, *, in_code: bool) -> Node:
    """The chip; in code, where brackets mean something else, what stood there."""
    number = sign.strip("c_")
    if not in_code:
        return Element("chip", value=number)
    return f" [{number}]" if sign.endswith("_") else f"[{number}]"


def _with_sentences(nodes: Iterable[Node]) -> Iterator[Node]:
    """What precedes the end of a sentence inside a block is gathered into that sentence."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node.kind in _HOLDS_SENTENCES and any(_ends(child) for child in node.children if _is_inline(child)):
            yield Element(node.kind, tuple(_gathered(node.children)), node.value)
        else:
            yield Element(node.kind, tuple(_with_sentences(node.children)), node.value)


def _is_inline(node: Node) -> bool:
    return isinstance(node, str) or node.kind not in _BLOCKS.values() or node.kind in {"strong", "em", "del", "a"}


def _gathered(nodes: Iterable[Node]) -> Iterator[Node]:
    held: list[Node] = []
    for node in nodes:
        if not _is_inline(node):
            yield from (*held, *_with_sentences((node,)))
            held = []
            continue
        ends = _ends(node)
        held.extend(_without_ends((node,)))
        if ends:
            yield Element("sentence", tuple(held), ends[-1])
            held = []
    yield from held


def _ends(node: Node) -> list[str]:
    if isinstance(node, str):
        return []
    if node.kind == "sign":
        return [node.value[1:]]
    return [end for child in node.children for end in _ends(child)]


def _without_ends(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node.kind != "sign":
            yield Element(node.kind, tuple(_without_ends(node.children)), node.value)


def _words(nodes: Iterable[Node], *, marked_only: bool, inside: bool) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            if inside or not marked_only:
                yield node
        elif node.kind == "br":
            yield "\n"
        else:
            yield from _words(node.children, marked_only=marked_only, inside=inside or node.kind == "mark")
            if node.kind in _HOLDS_SENTENCES:
                yield "\n"
