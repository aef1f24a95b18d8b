"""A conversation as a file to take away: Markdown, JSON or PDF. Pure functions from a transcript to bytes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from assistant.export.as_json import json_of
from assistant.export.as_markdown import markdown_of
from assistant.transcript import Transcript

Format = Literal["md", "json", "pdf"]
MEDIA_TYPES: Mapping[Format, str] = {
    "md": "text/markdown",
    "json": "application/json",
    "pdf": "application/pdf",
}


def _pdf_of(transcript: Transcript, on: date) -> bytes:
    # The PDF library and its fonts take a moment to load, and few ask for them.
    from assistant.export.as_pdf import pdf_of

    return pdf_of(transcript, on)


_WRITERS: Mapping[Format, Callable[[Transcript, date], bytes]] = {"md": markdown_of, "json": json_of, "pdf": _pdf_of}
_MOST_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class File:
    """A file to be saved under a name."""

    name: str
    media_type: str
    content: bytes


def export(transcript: Transcript, form: Format, *, on: date) -> File:
    """The transcript in this format, as of that day."""
    return File(file_name(transcript.title, form), MEDIA_TYPES[form], _WRITERS[form](transcript, on))


def file_name(title: str, form: Format) -> str:
    """A name that any file system takes, from the letters and digits of a title."""
    words = re.sub(r"\W+", "-", title)[:_MOST_NAME_CHARS].strip("-_").lower()
    return f"{words or 'conversation'}.{form}"
