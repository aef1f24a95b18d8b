"""Frames over a pipe: two lengths, a JSON object, and raw bytes."""

import codecs
import json
import struct
from collections.abc import Iterable, Iterator
from typing import IO, Any

_HEAD = struct.Struct(">QQ")
CHUNK_BYTES = 1024 * 1024


class FileChanged(Exception):
    """The file is no longer as long as it was."""


def send(pipe: IO[bytes], header: dict[str, Any], size: int, body: Iterable[bytes]) -> None:
    """Write one frame; raises FileChanged where `body` is not `size` bytes long."""
    encoded = json.dumps(header).encode("utf-8")
    pipe.write(_HEAD.pack(len(encoded), size) + encoded)
    for chunk in body:
        size -= len(chunk)
        if size < 0:
            break
        pipe.write(chunk)
    if size:
        raise FileChanged
    pipe.flush()


def receive(pipe: IO[bytes], *, max_header: int, max_body: int) -> tuple[dict[str, Any], int, int]:
    """A frame's object, its length in bytes and that of the body, which is still to be read.

    Raises EOFError where the other end is gone, ValueError where it talks nonsense.
    """
    header_bytes, body_bytes = _HEAD.unpack(read_exactly(pipe, _HEAD.size))
    if header_bytes > max_header or body_bytes > max_body:
        raise ValueError("a frame larger than agreed")
    header = json.loads(read_exactly(pipe, header_bytes))
    if not isinstance(header, dict):
        raise ValueError("a frame without an object")
    return header, header_bytes, body_bytes


def texts(pipe: IO[bytes], size: int) -> Iterator[str]:
    """The body of a frame as text, piece by piece: never twice in memory, never long without a pause."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, size, CHUNK_BYTES):
        yield decoder.decode(read_exactly(pipe, min(CHUNK_BYTES, size - start)))
    yield decoder.decode(b"", final=True)


def read_exactly(pipe: IO[bytes], count: int) -> bytes:
    """So many bytes; raises EOFError where the other end is gone."""
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data
