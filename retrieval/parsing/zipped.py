"""ZIP: one document out of all files inside that can be read. Nothing is ever written to a disk."""

import re
import stat
import unicodedata
import zipfile
from pathlib import PurePosixPath

from retrieval.errors import ParseError
from retrieval.parsing.archive import DAMAGE, END, Meter, has_too_many_members, inflated, member_names, opened_archive
from retrieval.parsing.inside import opening
from retrieval.parsing.names import shown_path, stem
from retrieval.parsing.parts import Parts
from retrieval.parsing.signatures import zip_kind
from retrieval.values import ParsedDocument

MAX_FILES = 1_000
_SYSTEM_FILES = re.compile(r"(?:\A|/)(?:__MACOSX/|\.DS_Store\Z|Thumbs\.db\Z|desktop\.ini\Z)", re.IGNORECASE)


def is_plain_zip(data: bytes) -> bool:
    """Whether the bytes are a zip archive of files, not of a document's parts."""
    if has_too_many_members(data):
        return True
    is_empty = data.startswith(END)
    return (is_empty or bool(member_names(data))) and zip_kind(data) is None


def parse(data: bytes, name: str) -> ParsedDocument:
    """A section for each readable file under its path in the archive; the others are named in the notes.

    Raises ParseError for a bomb, for more than `MAX_FILES` files, and where none of them can be read.
    """
    parts = Parts(name)
    with opening(name), opened_archive(data, name) as archive:
        files = [
            member for member in archive.infolist() if not member.filename.endswith("/")
        ]  # is_dir() fails on an empty name
        if len(files) > MAX_FILES:
            raise ParseError(
                f"{name} holds {len(files):,} files, more than {MAX_FILES:,}; unpack it and add its folder."
            )
        meter = Meter(len(data), name)
        for member, shown in zip(files, _shown_names(files), strict=True):
            _read(archive, member, shown, meter=meter, parts=parts)
    text, sections, _ = parts.pieces.finish()
    if not parts.read:
        raise ParseError(_nothing_read(name, parts.notes))
    return ParsedDocument(title=stem(name), text=text, sections=sections, notes=parts.notes)


def _nothing_read(name: str, notes: tuple[str, ...]) -> str:
    return f"{name} holds no file that can be read: {notes[0]}" if notes else f"{name} is an empty archive; add files."


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shown: str, *, meter: Meter, parts: Parts) -> None:
    if reason := _refused(member):
        parts.leave_out(shown, reason)
        return
    try:
        content = b"".join(inflated(archive, member, meter))
    except ParseError:
        raise
    except DAMAGE:
        parts.leave_out(shown, "is damaged, or packed in a way that is not known; it was not read.")
        return
    parts.add(content, shown)


def _refused(member: zipfile.ZipInfo) -> str | None:
    """Why a member is not opened at all, None where it is."""
    if _SYSTEM_FILES.search(member.filename):
        return "is a file of the operating system; it was left out."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, and links are not followed."
    if member.flag_bits & 1:
        return "is encrypted; unpack it and add it on its own."
    return None


def _shown_names(members: list[zipfile.ZipInfo]) -> list[str]:
    """A name for each, safe to show, and different even where Unicode has two ways to write the same."""
    seen: dict[str, int] = {}
    names = []
    for member in members:
        shown = shown_path(member.filename)
        key = unicodedata.normalize("NFC", shown).casefold()
        seen[key] = seen.get(key, 0) + 1
        names.append(shown if seen[key] == 1 else _numbered(shown, seen[key]))
    return names


def _numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    return f"{path.with_suffix('')} ({number}){path.suffix}"
