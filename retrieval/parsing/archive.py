"""Zip archives: what they hold, inflated under limits; and no XML that defines entities in an Office file.

Sizes are counted while inflating: what an archive says of itself is not believed.
"""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retrieval.errors import ParseError
from retrieval.parsing.inside import count_unpacked

MAX_MEMBERS = 10_000
MAX_INFLATED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 200
RATIO_FROM_BYTES = 10 * 1024 * 1024
_BLOCK = 1024 * 1024
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP = max(map(len, _DOCTYPES))
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_ENCODINGS = frozenset({b"utf-8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"})
_NO_XML = ("/media/", "/embeddings/", "/fonts/", "/thumbnail", "/printersettings/")
"""Folders whose files no parser here reads; some of them (SVG pictures) may rightly have a DOCTYPE."""

_XML_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_ODD_BEGINNINGS = (b"<\0\0\0", b"\0\0\0<", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\x4c\x6f\xa7\x94")
"""XML in UTF-32 and EBCDIC, as parsers recognise it."""

END = b"PK\x05\x06"
_END_WITHIN = 65_557
_MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)
"""What the standard library raises over archives that are no good."""

Look = Callable[[str, bytes], None]
"""Is shown each block of a member as it is inflated, with the member's name."""


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive does."""
    return data.startswith((b"PK\x03\x04", END))


def member_names(data: bytes) -> frozenset[str]:
    """The names of an archive's members, none where it cannot be opened or lists too many to be looked through."""
    if not is_zip(data) or has_too_many_members(data):
        return frozenset()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except DAMAGE:
        return frozenset()


def has_too_many_members(data: bytes) -> bool:
    """Whether the list of members alone is too long, told without reading it."""
    end = data.rfind(END, max(0, len(data) - _END_WITHIN))
    if end < 0 or end + 16 > len(data):
        return False
    (directory_bytes,) = struct.unpack_from("<I", data, end + 12)
    return bool(directory_bytes > _MAX_DIRECTORY_BYTES)


@contextmanager
def opened_archive(data: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """The archive; raises ParseError where it is damaged, or turns out to be while it is read."""
    if has_too_many_members(data):
        raise ParseError(f"{name} holds more than {MAX_MEMBERS} parts; it was not opened.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except ParseError:
        raise
    except DAMAGE as error:
        raise ParseError(f"{name} is damaged and cannot be opened; save it again from its program.") from error


def check_archive(data: bytes, name: str, look: Look | None = None) -> None:
    """Inflate every member of an Office file once, counting; raises ParseError for a bomb, damage or a DOCTYPE."""
    with opened_archive(data, name) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise ParseError(f"{name} holds {len(members)} parts, more than {MAX_MEMBERS}; it was not opened.")
        if any(member.flag_bits & 1 for member in members):
            raise ParseError(f"{name} is encrypted; save it without a password and add it again.")
        meter = Meter(len(data), name)
        for member in members:
            gate = _EntityGate(member.filename, name)
            for block in inflated(archive, member, meter):
                gate.pass_through(block)
                if look:
                    look(member.filename, block)


class Meter:
    """Counts what one archive inflates to; raises ParseError beyond its limits."""

    def __init__(self, packed_bytes: int, name: str) -> None:
        self._limit = min(MAX_INFLATED_BYTES, max(RATIO_FROM_BYTES, packed_bytes * MAX_RATIO))
        self._name = name
        self._inflated = 0

    def add(self, count: int) -> None:
        """Count so many bytes more."""
        self._inflated += count
        count_unpacked(count, self._name)
        if self._inflated > self._limit:
            raise Overfull(
                f"{self._name} unpacks to more than {self._limit // 1024**2} MB and was not opened; "
                "save it again without large embedded parts."
            )


class Overfull(ParseError):
    """The archive's limit is reached: none of its other members may be opened."""


def inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo, meter: Meter) -> Iterator[bytes]:
    """A member's content in blocks, counted before they are handed out."""
    with archive.open(member) as stream:
        while block := stream.read(_BLOCK):
            meter.add(len(block))
            yield block


class _EntityGate:
    """Raises ParseError for XML with a DOCTYPE, and for XML in a code that could hide one from this look."""

    def __init__(self, member: str, name: str) -> None:
        self._is_open = any(folder in f"/{member.lower()}" for folder in _NO_XML)
        self._is_first = True
        self._tail = b""
        self._name = name

    def pass_through(self, block: bytes) -> None:
        """Look at the next block of the member."""
        if self._is_first:
            self._look_at_beginning(block)
            self._is_first = False
        if self._is_open:
            return
        if any(mark in self._tail + block for mark in _DOCTYPES):
            raise ParseError(f"{self._name} defines XML entities, which no Office document does; it was not opened.")
        self._tail = block[-_OVERLAP:]

    def _look_at_beginning(self, block: bytes) -> None:
        declared = _DECLARED.match(block.removeprefix(b"\xef\xbb\xbf"))
        is_odd = block.startswith(_ODD_BEGINNINGS) or (declared and declared[1].lower() not in _ENCODINGS)
        if is_odd and not self._is_open:
            raise ParseError(f"{self._name} is written in an encoding that no Office document has; it was not opened.")
        # What does not begin with "<" no parser takes for XML.
        self._is_open = self._is_open or not _XML_BEGINNING.match(block)
