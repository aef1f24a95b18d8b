"""Looks for words in every file of a home, however they are written there."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

_MOST_PACKED = 1 << 16
_MOST_UNPACKED = 32 << 20
"""Only the embedding's own weights are larger."""
_FORMS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")


def files_with(home: Path, words: str) -> list[str]:
    """The files of a home whose name, bytes or unpacked bytes have these words, in lower case, in any of four encodings."""
    forms = [words.encode(encoding) for encoding in _FORMS]

    def has_them(path: Path) -> bool:
        told = (path.relative_to(home).as_posix().encode(), *_contents(path))
        return any(form in part for part in told for form in forms)

    return [path.relative_to(home).as_posix() for path in _files(home) if has_them(path)]


def files_with_bytes(home: Path, data: bytes) -> list[str]:
    """The files of a home that have these very bytes."""
    return [path.relative_to(home).as_posix() for path in _files(home) if data in _read(path)]


def _files(home: Path) -> list[Path]:
    """All of them, also where a directory lies elsewhere."""
    return sorted(Path(root, name) for root, _, names in os.walk(home, followlinks=True) for name in names)


def _read(path: Path) -> bytes:
    """What is in it; nothing where it went meanwhile, for the home may be open."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _contents(path: Path) -> Iterator[bytes]:
    data = _read(path)
    yield data
    if len(data) > _MOST_UNPACKED:
        return
    for mark in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):  # Where a stream of zlib begins.
        at = data.find(mark)
        while at >= 0:
            unpacked = _unpacked(data[at : at + _MOST_PACKED])
            if unpacked:
                yield unpacked
            at = data.find(mark, at + 1)


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 1 << 20)
    except zlib.error:
        return b""
