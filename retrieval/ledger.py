"""Remembers the hashes of large files, and puts files in place whole."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path


class Ledger:
    """Remembers which files were hashed, by size and time of change, so that 90 MB are hashed once.

    Kept in one small JSON file; None keeps nothing. A ledger that is missing, damaged or cannot be
    written costs a hash and nothing else. A file beside it is known by its name alone: both may be moved together.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def is_intact(self, path: Path, *, sha256: str | None = None) -> bool:
        """Whether the file has the given SHA-256, or, without one, the SHA-256 recorded for it."""
        state = _state(path)
        if state is None:
            return False
        known = self._entries().get(self._name(path), ("", ""))
        expected = sha256 or known[1]
        if known == (state, expected):
            return True
        if _hash(path) != expected:
            return False
        self.record(path, sha256=expected)
        return True

    def record(self, path: Path, *, sha256: str | None = None) -> None:
        """Remember the file as it is now, with its hash (computed where not given)."""
        state = _state(path)
        if self._file is None or state is None:
            return
        entries = {**self._entries(), self._name(path): (state, sha256 or _hash(path))}
        write_atomically(self._file, json.dumps(entries, indent=1).encode())

    def _name(self, path: Path) -> str:
        return path.name if self._file and path.parent == self._file.parent else str(path)

    def _entries(self) -> dict[str, tuple[str, str]]:
        try:
            entries = json.loads(self._file.read_bytes()) if self._file else {}
            return {str(path): (str(state), str(sha256)) for path, (state, sha256) in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def write_atomically(path: Path, content: bytes) -> bool:
    """Put the content in place whole or not at all; False where the directory cannot take it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        return False
    return True


def _state(path: Path) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_size} {status.st_mtime_ns}"


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
