"""Which files there are to read: those of whole folders, by their path below the folder, with what is known of each."""

import os
import stat
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SETTLED_NS = 2_000_000_000
"""A file changed this shortly before it was looked at may change again without its time telling."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file to read in. One with a `problem` cannot be read, and that sentence says why."""

    name: str
    path: Path
    problem: str | None = None
    bytes: int = 0
    modified_ns: int | None = None
    folder: str | None = None
    """The followed folder it is in, None for a file that was given on its own."""
    is_folder: bool = False
    """A folder that cannot be opened: what it holds is unknown."""


def list_files(paths: Sequence[Path]) -> Iterator[ListedFile]:
    """Every file below the paths, named relative to the path that was given; each name once."""
    seen: set[str] = set()
    for given in paths:
        for file in _below(given):
            # Two spellings of the same letters are one name to a person.
            key = unicodedata.normalize("NFC", file.name)
            if key in seen:
                problem = "Another file of this run has the same name; read its folder in on its own."
                yield ListedFile(file.name, file.path, problem)
            else:
                seen.add(key)
                yield file


def uploaded_file(name: str, path: Path) -> ListedFile:
    """A file that came with a name of its own and is kept under another."""
    return ListedFile(uploaded_name(name), path, bytes=path.stat().st_size)


def uploaded_name(name: str) -> str:
    """The name by which an uploaded file is known: without the folders that it came with."""
    return _printable(name.replace("\\", "/").split("/")[-1])


def distinct(uploads: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each (name, SHA-256) once; another file under a name that is taken gets a number: `notes (2).txt`."""
    taken: dict[str, str] = {}
    for given, sha256 in uploads:
        name = uploaded_name(given)
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        number = 1
        while name in taken and taken[name] != sha256:
            number += 1
            name = f"{stem} ({number}){dot}{ending}"
        if name not in taken:
            taken[name] = sha256
            yield name, sha256


def _below(given: Path) -> Iterator[ListedFile]:
    if not given.is_dir():
        yield _listed(given, given.name or str(given))
        return
    folders = [given]
    while folders:
        try:
            entries = sorted(os.scandir(folders.pop()), key=lambda entry: entry.name)
        except OSError as error:
            name = _relative(error.filename, given)
            problem = f"The folder cannot be opened ({error.strerror}); check its permissions."
            yield ListedFile(name, given, problem, is_folder=True)
            continue
        below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        folders += reversed(below)
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield _listed(Path(entry.path), _relative(entry.path, given))


def _relative(path: str, given: Path) -> str:
    return Path(path).relative_to(given).as_posix()


def _listed(path: Path, name: str) -> ListedFile:
    name = _printable(name)
    try:
        status = path.lstat()
    except OSError:
        return ListedFile(name, path, "There is no file or folder of this name; check the path.")
    if stat.S_ISLNK(status.st_mode):
        return ListedFile(name, path, "It is a link, and links are not followed; add the file itself.")
    if not stat.S_ISREG(status.st_mode):
        return ListedFile(name, path, "It is not an ordinary file, so there is nothing to read.")
    is_settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
    return ListedFile(name, path, bytes=status.st_size, modified_ns=status.st_mtime_ns if is_settled else None)


def _printable(name: str) -> str:
    """The name as text: bytes that are no UTF-8 cannot be stored."""
    return os.fsencode(name).decode("utf-8", "replace")
