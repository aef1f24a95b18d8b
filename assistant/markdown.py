"""A tree of `assistant.markup` written as Markdown again, with every letter that means something escaped.

How letters are escaped and citations look is the caller's: a page and a file want different things.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.markup import Element, Node

_LETTERS_OF_ADDRESS = re.compile(r"[\s<>\\()\[\]`$|\"']")
_SHELLS = {"strong": "**", "em": "*", "del": "~~"}


def _words_alone(words: str, _: str) -> str:
    return words


@dataclass(frozen=True, slots=True)
class MarkdownWriter:
    """Writes trees. `chip` gets a citation's number, `sentence` the words of a sentence and its place in the answer."""

    escape: Callable[[str], str]
    chip: Callable[[str], str]
    sentence: Callable[[str, str], str] = _words_alone

    def blocks(self, nodes: Sequence[Node]) -> str:
        """Blocks, a blank line between; inline content among them makes a block of its own."""
        return "\n\n".join(block for block in self._blocks(nodes) if block)

    def _blocks(self, nodes: Sequence[Node]) -> Iterator[str]:
        line = ""
        for node in nodes:
            block = None if isinstance(node, str) else self._block(node)
            if block is None:
                line += self._inline(node)
            else:
                yield from (line.strip(), block)
                line = ""
        yield line.strip()

    def _block(self, node: Element) -> str | None:
        """A block; None for what stands in a line."""
        match node.kind:
            case "p":
                return self._inlines(node.children).strip()
            case "h":
                return self._heading(node)
            case "ul" | "ol":
                return self._list(node)
            case "quote":
                return "\n".join(f"> {line}" for line in self.blocks(node.children).split("\n"))
            case "table":
                return self._table(node)
            case "pre":
                return _code_block(node)
            case "hr":
                return "---"
            case _:
                return None

    def _heading(self, node: Element) -> str:
        # Inside an answer no heading may outrank the page's own.
        words = " ".join(self._inlines(node.children).split())
        return f"#### {words}" if words else ""

    def _list(self, node: Element) -> str:
        first = int(node.value) if node.kind == "ol" else None
        items = []
        for i, item in enumerate(child for child in node.children if isinstance(child, Element)):
            bullet = "- " if first is None else f"{first + i}. "
            body = self.blocks(item.children).replace("\n", "\n" + " " * len(bullet))
            items.append(bullet + body)
        return "\n".join(items)

    def _table(self, node: Element) -> str:
        rows = [row for row in node.children if isinstance(row, Element)]
        if not rows:
            return ""
        lines = ["| " + " | ".join(self._cell(cell) for cell in row.children) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * len(rows[0].children))
        return "\n".join(lines)

    def _cell(self, node: Node) -> str:
        return " ".join(self._inline(node).split())

    def _inlines(self, nodes: Iterable[Node]) -> str:
        return "".join(self._inline(node) for node in nodes)

    def _inline(self, node: Node) -> str:
        if isinstance(node, str):
            return self.escape(node)
        match node.kind:
            case "strong" | "em" | "del":
                return _wrapped(self._inlines(node.children), _SHELLS[node.kind])
            case "code":
                return _code(_raw(node.children))
            case "a":
                return f"[{self._inlines(node.children)}](<{_address(node.value)}>)"
            case "host":
                return f" ({self.escape(node.value)})"
            case "br":
                return "\\\n"
            case "chip":
                return self.chip(node.value)
            case "sentence":
                return self.sentence(self._inlines(node.children), node.value)
            case _:
                return self._inlines(node.children)


def _code_block(node: Element) -> str:
    # No language: one of them, Mermaid, would be drawn.
    code = _raw(node.children)
    fence = "`" * max(3, _longest_run(code) + 1)
    return f"{fence}\n{code}\n{fence}"


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
