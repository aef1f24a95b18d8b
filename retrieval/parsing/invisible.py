"""Characters that a reader cannot see but a model reads: they carry hidden instructions."""

import re

_ZERO_WIDTH = re.compile(r"[\u00ad\u180e\u200b\u2060-\u2064\ufeff]|(?<=[\x00-\u024f])[\u200c\u200d]")
"""Joiners stay where scripts and emoji need them: after anything but Latin letters."""

_TAGS = re.compile(r"[\U000e0001\U000e0020-\U000e007f]")
_OVERRIDES = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]")
_SUSPECT = re.compile(r"[\U000e0001\U000e0020-\U000e007f\u202a-\u202e\u2066-\u2069]")

NOTE = "Characters that cannot be seen (tags or changes of writing direction) were {}."


def visible(text: str) -> str:
    """`text` without zero-width characters, tags, direction marks and control characters."""
    for pattern in (_ZERO_WIDTH, _TAGS, _OVERRIDES, _CONTROL):
        text = pattern.sub("", text)
    return text


def note_removed(text: str) -> tuple[str, ...]:
    """A note where `visible` takes out of `text` what nobody types by accident."""
    return (NOTE.format("left out"),) if _SUSPECT.search(text) else ()


def note_invisible(text: str) -> tuple[str, ...]:
    """The same for a text that stays as it is."""
    return (NOTE.format("found and kept as they are"),) if _SUSPECT.search(text) else ()
