"""Makes words that are not Markdown safe to stand in Markdown source: they read as they were written."""

import re

_MEANS_SOMETHING = re.compile(r"[\\`*\[\]<|~&]|(?<![^\W_])_|_(?![^\W_])")
_BEGINS_SOMETHING = re.compile(r"(?=[#>+=-])|(?<=\d)(?=[.)])")
_BEGINNING = re.compile(r"(?:#{1,6}|>|[+-]|\d{1,9}[.)]|=+|-+)(?=\s|\Z)|>")


def escaped(text: str) -> str:
    """One line of words with every character that Markdown would act on written as itself."""
    return _MEANS_SOMETHING.sub(r"\\\g<0>", " ".join(text.split()))


def escaped_line(text: str) -> str:
    """The same for words that stand at the beginning of a line, where more characters mean something."""
    line = escaped(text)
    return _BEGINS_SOMETHING.sub(r"\\", line, count=1) if _BEGINNING.match(line) else line
