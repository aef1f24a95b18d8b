"""The files themselves, as they were given, kept once each under the hash of their content.

A document can thus be downloaded, and read again by a better reader, after its source is gone.
"""

import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_BLOCK_BYTES = 1 << 20
_NEW = ".new-"
"""Begins the name of a file that is being written."""


class Originals:
    """A directory of files named by their SHA-256."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path_of(self, sha256: str) -> Path | None:
        """Where the file with this content is kept; None where it is not."""
        path = self._place(sha256)
        return path if path.is_file() else None

    def keep(self, source: Path, sha256: str) -> None:
        """Keep a copy of a file whose hash is known."""
        if self.path_of(sha256) is None:
            with self._new(sha256) as target:
                shutil.copyfile(source, target)

    def keep_data(self, data: bytes) -> str:
        """Keep what somebody uploaded, on the disk for good when this returns; gives its hash."""
        return self.keep_file(io.BytesIO(data))

    def keep_file(self, given: IO[bytes]) -> str:
        """The same for an open file, of which only a part is in memory at once."""
        given.seek(0)
        sha256 = _sha256_in(given)
        if self.path_of(sha256) is None:
            given.seek(0)
            with self._new(sha256) as target, target.open("wb") as file:
                shutil.copyfileobj(given, file, _BLOCK_BYTES)
                file.flush()
                os.fsync(file.fileno())
        return sha256

    def forget_all_but(self, hashes: Collection[str]) -> int:
        """Delete every file that none of these hashes names; returns how many that were."""
        kept = (path for path in self._directory.glob("??/*") if not path.name.startswith(_NEW))
        unused = [path for path in kept if path.name not in hashes]
        for path in unused:
            path.unlink(missing_ok=True)
        return len(unused)

    def forget_unfinished(self, *, untouched_s: float = 0.0) -> None:
        """Delete what killed processes were about to write, where it was not touched for so long.

        Without a time nobody may be writing.
        """
        before = time.time() - untouched_s
        for path in self._directory.glob(f"??/{_NEW}*"):
            with suppress(FileNotFoundError):  # It was finished meanwhile.
                if path.stat().st_mtime <= before:
                    path.unlink()

    def _place(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256

    @contextmanager
    def _new(self, sha256: str) -> Iterator[Path]:
        """A file to write, which takes its place when it is whole."""
        place = self._place(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=_NEW)
        os.close(handle)
        try:
            yield Path(name)
            os.replace(name, place)
        finally:
            Path(name).unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return _sha256_in(file)


def _sha256_in(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()
