"""Characters that a reader cannot see but a model reads: they carry hidden instructions.

What scripts and emoji need stays: joiners after letters that join, one variation selector after a sign that has
variants, the tags of the three flags that are made of them.
"""

import re

_JOINING = (
    "\u0590-\u109f\u1780-\u18af\u1a20-\u1cff\u2190-\u2bff\ua800-\uabff\ufb1d-\ufdff\ufe0f\ufe70-\ufefc"
    "\U00010a00-\U000115ff\U0001e900-\U0001e95f\U0001f000-\U0001faff"
)
"""Arabic, the scripts of India and their neighbours, and what emoji are made of."""
_VARYING = (
    "\u00a9\u00ae\u1000-\u109f\u203c\u2049\u2100-\u2bff\u3000-\u303d\u3200-\u33ff\u3400-\u9fff\uaa60-\uaa7f\uf900-\ufaff"
    "\U00010000-\U0003ffff"
)
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_FLAGS = "|".join("".join(chr(0xE0000 + ord(sign)) for sign in name) for name in ("gbeng", "gbsct", "gbwls"))
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
_EMPTY = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
_MARKS = "\u061c\u200e\u200f"
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0000-\U000e0fff"

_CANDIDATES = f"[{_CONTROL}{_EMPTY}{_MARKS}{_OVERRIDES}{_JOINERS}{_SELECTORS}{_TAGS}]"
_CANDIDATE = re.compile(_CANDIDATES)
"""Whatever matches below has one; most texts have none, and one look for that is ten times as fast."""
_INVISIBLE = re.compile(
    f"(?P<needed>(?<=\U0001f3f4)(?:{_FLAGS})\U000e007f"
    f"|(?<=[{_JOINING}])[{_JOINERS}](?![{_JOINERS}\u200b\u2060-\u2064])"
    f"|(?<=[{_VARYING}])[{_SELECTORS}](?![{_SELECTORS}])|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    "|(?<=[\u1820-\u18aa])\u180e(?=[\u1820-\u18aa]))"
    f"|{_CANDIDATES}+"
)
_STEERING = re.compile(f"[{_CONTROL}{_OVERRIDES}\ufe00-\ufe0d{_TAGS}]")
_SUSPECT = re.compile(f"[{_OVERRIDES}\ufe00-\ufe0d{_TAGS}]|[{_JOINERS}\u200b\u2060-\u2064\ufe0e\ufe0f\ufeff]{{8,}}")

NOTE = "Characters that cannot be seen (tags or changes of writing direction) were {}."
SIGN = "\ufffd"


def visible(text: str) -> str:
    """`text` without zero-width characters, tags, direction marks and control characters."""
    if _CANDIDATE.search(text) is None:
        return text
    return _INVISIBLE.sub(lambda found: found["needed"] or "", text)


def shown(text: str) -> str:
    """As `visible`, with a sign for each character that steers or hides something: a reader is to know of it."""
    return _INVISIBLE.sub(lambda found: found["needed"] or SIGN * len(_STEERING.findall(found[0])), text)


def note_removed(text: str) -> tuple[str, ...]:
    """A note where `visible` takes out of `text` what nobody types by accident."""
    return (NOTE.format("left out"),) if _is_suspect(text) else ()


def note_invisible(text: str) -> tuple[str, ...]:
    """The same for a text that stays as it is."""
    return (NOTE.format("found and kept as they are; answers are written without them"),) if _is_suspect(text) else ()


def _is_suspect(text: str) -> bool:
    return any(not found["needed"] and _SUSPECT.search(found[0]) for found in _INVISIBLE.finditer(text))
