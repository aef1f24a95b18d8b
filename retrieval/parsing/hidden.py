"""Text that a document holds and its reader does not see, in a sentence for whoever looks after the documents."""

import re
from collections.abc import Iterable

from retrieval.invisible import visible

_WORD = re.compile(r"\w+")
_MOST_CHARS = 120


def note_hidden(texts: Iterable[str]) -> tuple[str, ...]:
    """How much was left out because nobody sees it, and how it begins; nothing where there was none."""
    return _note(texts, "a reader does not see", "left out")


def note_doubtful(texts: Iterable[str]) -> tuple[str, ...]:
    """The same for what may be hidden and was kept."""
    return _note(texts, "a reader may not see", "kept")


def _note(texts: Iterable[str], who: str, done: str) -> tuple[str, ...]:
    text = " ".join(visible(" ".join(texts)).split())
    count = len(_WORD.findall(text))
    if not count:
        return ()
    words, they = ("1 word", "It was") if count == 1 else (f"{count:,} words", "They were")
    begins = text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - 1].rstrip()}…"
    return (f"This document holds {words} that {who}: “{begins}”. {they} {done}.",)
