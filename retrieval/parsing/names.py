"""File names as a person may see them."""

import re
from pathlib import PurePath

_MAX_SHOWN = 120
_EMPTY_TITLES = frozenset(
    {
        "untitled",
        "title",
        "document",
        "word document",
        "microsoft word",
        "powerpoint presentation",
        "(anonymous)",
        "(unspecified)",
    }
)
_PROGRAM_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel) - |(?:untitled|document|dokument)[ _-]?\d*$|\S+\.(?:docx?|odt|rtf|pdf|tex|dvi|indd|qxd|pptx?|xlsx?|html?|txt|md|ps)$",
    re.IGNORECASE,
)
_UNSHOWABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def shown_name(name: str) -> str:
    """The last part of a path, without control, invisible and direction characters, shortened in the middle."""
    last = _UNSHOWABLE.sub("�", re.split(r"[/\\]", name)[-1]) or "The file"
    return last if len(last) <= _MAX_SHOWN else f"{last[: _MAX_SHOWN - 30]}…{last[-29:]}"


def shown_path(name: str) -> str:
    """A path in an archive, safe to show: nothing that leads out of it or could deceive, shortened in the middle.

    Only for showing; no file is ever opened or written by such a name.
    """
    steps = [_UNSHOWABLE.sub("�", step).strip() for step in re.split(r"[/\\]", re.sub(r"\A[a-zA-Z]:", "", name))]
    kept = "/".join(step for step in steps if step not in {"", ".", ".."}) or "a file without a name"
    return kept if len(kept) <= _MAX_SHOWN else f"{kept[: _MAX_SHOWN - 30]}…{kept[-29:]}"


def stem(name: str) -> str:
    """The file's name without its ending: the title of last resort."""
    return PurePath(shown_name(name)).stem


def ending(name: str) -> str:
    """The file's ending in lower case with its dot, "" where it has none."""
    return PurePath(re.split(r"[/\\]", name)[-1]).suffix.lower()


def sensible_title(value: str | None) -> str:
    """A title from a file's metadata, "" where a program or a file name wrote it."""
    title = " ".join((value or "").split())
    if title.lower() in _EMPTY_TITLES or _PROGRAM_TITLE.match(title):
        return ""
    return title if any(map(str.isalpha, title)) else ""
