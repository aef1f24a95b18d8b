"""The one door through which text that is not ours reaches Streamlit's Markdown.

Streamlit's Markdown fetches remote images, sets `$` as formulas and obeys directives of its own
(`:red[…]`, `:material/…:`, `:smile:`) wherever Markdown goes, labels included. So untrusted text is read
into a tree of known kinds and written again with every letter of significance as a character reference.
"""

import re

from assistant.markdown import MarkdownWriter
from assistant.markup import citation_signs, read_markup, visible

_SIGNIFICANT = re.compile(r"[\\`*_{}\[\]()<>#+!|~$:&@^=\"'-]")
_DIRECTIVE = re.compile(r":(?=[A-Za-z_+-][\w+-]*:)")
"""What a later stage would still take for an icon or an emoji, whatever the escaping."""
_AUTOLINK = re.compile(r"(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
"""Where Streamlit's page would make a link of bare words, again whatever the escaping; ours say where they lead."""
_NUMBERED = re.compile(r"(?m)^(\s*\d+)([.)])")


def literal(text: str) -> str:
    """The text as it is, on one line, for labels and captions: nothing in it is Markdown any more."""
    return _escaped(" ".join(visible(text).split()))


def safe_markdown(text: str, *, citations: int = 0) -> str:
    """Untrusted Markdown with its structure kept and nothing else: no images, no HTML, no directives.

    Links say where they lead, and lead to http, https or a mail alone.
    Markers `[1]` up to `citations` come out as small numbered badges.
    """
    return _WRITER.blocks(read_markup(text, signs=citation_signs(text, range(1, citations + 1))))


def _escaped(text: str) -> str:
    text = _DIRECTIVE.sub(":\u2060", text)
    text = _AUTOLINK.sub(lambda m: f"{m[0]}\u2060", text)
    text = _SIGNIFICANT.sub(lambda m: f"&#{ord(m[0])};", text)
    return _NUMBERED.sub(lambda m: f"{m[1]}&#{ord(m[2])};", text)


_WRITER = MarkdownWriter(_escaped, lambda number: f":primary-badge[{number}]")
