"""The one door through which text that is not ours reaches Streamlit's Markdown.

Streamlit's Markdown fetches remote images, sets `$` as formulas and obeys directives of its own
(`:red[…]`, `:material/…:`, `:smile:`) wherever Markdown goes, labels included. So untrusted text is read
into a tree of known kinds and written again with every letter of significance as a character reference.
"""

import re
from collections.abc import Iterable, Sequence

from ui.markup import Element, Node, citation_signs, read_markup, visible

_SIGNIFICANT = re.compile(r"[\\`*_{}\[\]()<>#+!|~$:&@^=\"'-]")
_DIRECTIVE = re.compile(r":(?=[A-Za-z_+-][\w+-]*:)")
"""What a later stage would still take for an icon or an emoji, whatever the escaping."""
_NUMBERED = re.compile(r"(?m)^(\s*\d+)([.)])")
_LETTERS_OF_ADDRESS = re.compile(r"[\s<>\\()\[\]`$|\"']")


def literal(text: str) -> str:
    """The text as it is, on one line, for labels and captions: nothing in it is Markdown any more."""
    return _escaped(" ".join(visible(text).split()))


def safe_markdown(text: str, *, citations: int = 0) -> str:
    """Untrusted Markdown with its structure kept and nothing else: no images, no HTML, no directives.

    Markers `[1]` up to `citations` come out as small numbered badges.
    """
    return _blocks(read_markup(text, signs=citation_signs(text, range(1, citations + 1))))


def _escaped(text: str) -> str:
    text = _DIRECTIVE.sub(":\u2060", text)
    text = _SIGNIFICANT.sub(lambda m: f"&#{ord(m[0])};", text)
    return _NUMBERED.sub(lambda m: f"{m[1]}&#{ord(m[2])};", text)


def _blocks(nodes: Sequence[Node]) -> str:
    """Blocks, a blank line between; inline content among them makes a block of its own."""
    written, line = [], ""
    for node in nodes:
        if isinstance(node, str) or node.kind not in _BLOCK_WRITERS:
            line += _inline(node)
            continue
        written += [line.strip(), _BLOCK_WRITERS[node.kind](node)]
        line = ""
    return "\n\n".join(block for block in (*written, line.strip()) if block)


def _paragraph(node: Element) -> str:
    return _inlines(node.children).strip()


def _heading(node: Element) -> str:
    # Inside an answer no heading may outrank the page's own.
    words = " ".join(_inlines(node.children).split())
    return f"#### {words}" if words else ""


def _list(node: Element) -> str:
    first = int(node.value) if node.kind == "ol" else None
    items = []
    for i, item in enumerate(child for child in node.children if isinstance(child, Element)):
        bullet = "- " if first is None else f"{first + i}. "
        body = _blocks(item.children).replace("\n", "\n" + " " * len(bullet))
        items.append(bullet + body)
    return "\n".join(items)


def _quote(node: Element) -> str:
    return "\n".join(f"> {line}" for line in _blocks(node.children).split("\n"))


def _table(node: Element) -> str:
    rows = [row for row in node.children if isinstance(row, Element)]
    if not rows:
        return ""
    lines = ["| " + " | ".join(_cell(cell) for cell in row.children) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0].children))
    return "\n".join(lines)


def _cell(node: Node) -> str:
    return " ".join(_inline(node).split())


def _code_block(node: Element) -> str:
    # No language: one of them, Mermaid, would be drawn.
    code = _raw(node.children)
    fence = "`" * max(3, _longest_run(code) + 1)
    return f"{fence}\n{code}\n{fence}"


def _rule(_: Element) -> str:
    return "---"


_BLOCK_WRITERS = {
    "p": _paragraph,
    "h": _heading,
    "ul": _list,
    "ol": _list,
    "quote": _quote,
    "table": _table,
    "pre": _code_block,
    "hr": _rule,
}


def _inlines(nodes: Iterable[Node]) -> str:
    return "".join(_inline(node) for node in nodes)


def _inline(node: Node) -> str:
    if isinstance(node, str):
        return _escaped(node)
    match node.kind:
        case "strong" | "em" | "del":
            return _wrapped(_inlines(node.children), {"strong": "**", "em": "*", "del": "~~"}[node.kind])
        case "code":
            return _code(_raw(node.children))
        case "a":
            return f"[{_inlines(node.children)}](<{_address(node.value)}>)"
        case "br":
            return "\\\n"
        case "chip":
            return f":primary-badge[{node.value}]"
        case _:
            return _inlines(node.children)


def _wrapped(words: str, mark: str) -> str:
    """Emphasis around words, not around the space beside them, which would undo it."""
    bare = words.strip()
    if not bare:
        return words
    start = words.index(bare)
    return f"{words[:start]}{mark}{bare}{mark}{words[start + len(bare) :]}"


def _code(code: str) -> str:
    code = " ".join(code.split("\n"))
    fence = "`" * (_longest_run(code) + 1)
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{fence}{pad}{code}{pad}{fence}" if code.strip() else code


def _longest_run(code: str) -> int:
    return max((len(run) for run in re.findall(r"`+", code)), default=0)


def _raw(nodes: Iterable[Node]) -> str:
    return "".join(node if isinstance(node, str) else _raw(node.children) for node in nodes)


def _address(address: str) -> str:
    coded = _LETTERS_OF_ADDRESS.sub(lambda m: f"%{ord(m[0]):02X}" if m[0].isascii() else "", address)
    return coded.replace("&", "&amp;")
