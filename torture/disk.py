"""Reads documents in on a disk that gets full, and again once there is room: on a real, small file system."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from retrieval.errors import HomeFull, HomeNotWritable, RetrievalError
from torture.damage import opened
from torture.folder import write_folder
from torture.truth import StoredDocument, stored_documents
from torture.victim import COLLECTION
from torture.words import WordVectors

_SIZE_MB = 48
DATABASE = "citewell.sqlite"


@dataclass(frozen=True, slots=True)
class Filling:
    """One run on a disk with so much room: what was acknowledged, the sentence that was said, what was wrong."""

    room_kb: int
    acknowledged: int
    said: str | None
    problems: tuple[str, ...]


class NoSmallDisk(Exception):
    """This machine lets nobody mount a file system here."""


@contextmanager
def small_disk(at: Path, *, size_mb: int = _SIZE_MB) -> Iterator[Path]:
    """A file system of its own at a path; NoSmallDisk where it may not be mounted."""
    at.mkdir(parents=True)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(at)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoSmallDisk(str(error)) from error
    if done.returncode:
        raise NoSmallDisk(done.stderr.strip())
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], capture_output=True, check=True)


def fill_up(directory: Path, *, documents: int, rooms_kb: tuple[int, ...]) -> Iterator[Filling]:
    """Read the same folder in on disks with more and more room."""
    folder = directory / "folder"
    write_folder(folder, documents=documents, version=0, paragraphs=40)
    with opened(directory / "undisturbed", WordVectors()) as parts:
        parts.intake.read_paths([folder], collection=COLLECTION)
    expected = stored_documents(directory / "undisturbed" / DATABASE)
    for room_kb in rooms_kb:
        with small_disk(directory / f"disk-{room_kb}") as disk:
            yield _filling(disk, folder, room_kb, expected)


def _filling(disk: Path, folder: Path, room_kb: int, expected: dict[str, StoredDocument]) -> Filling:
    ballast = disk / "ballast"
    home = disk / "home"
    with opened(home, WordVectors()):
        pass
    ballast.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - room_kb * 1024)))
    acknowledged, said = _read(home, folder)
    problems = list(_judged(home, acknowledged, said, expected))
    ballast.unlink()
    _, said_after = _read(home, folder)
    if said_after is not None:
        problems.append(f"with room again it still said: {said_after}")
    stored = stored_documents(home / DATABASE)
    if stored.keys() != expected.keys() or not all(stored[path].is_like(expected[path]) for path in expected):
        problems.append("with room again it does not come to the same documents")
    return Filling(room_kb, len(acknowledged), said, tuple(f"{room_kb} kB: {problem}" for problem in problems))


def _read(home: Path, folder: Path) -> tuple[frozenset[str], str | None]:
    """What was acknowledged, and the sentence that a person would see."""
    acknowledged: set[str] = set()
    said = None
    try:
        with opened(home, WordVectors()) as parts:
            for collection in parts.library.collections():
                parts.indexes.prove(collection.id)
            parts.intake.read_paths(
                [folder], collection=COLLECTION, on_progress=lambda progress: acknowledged.add(progress.path)
            )
    except RetrievalError as error:
        said = f"{type(error).__name__}: {error.hint}"
        if not isinstance(error, HomeFull | HomeNotWritable):
            said = f"not about the disk: {said}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        said = f"not a sentence: {type(error).__name__}: {error}"
    return frozenset(acknowledged), said


def _stored(home: Path) -> dict[str, StoredDocument]:
    """What is stored, read from a copy: SQLite needs room even to read."""
    with TemporaryDirectory() as elsewhere:
        for file in home.glob(f"{DATABASE}*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, elsewhere)
        return stored_documents(Path(elsewhere) / DATABASE)


def _judged(
    home: Path, acknowledged: frozenset[str], said: str | None, expected: dict[str, StoredDocument]
) -> Iterator[str]:
    if said is None and len(acknowledged) < len(expected):
        yield "it said nothing"
    if said is not None and said.startswith("not "):
        yield said
    stored = _stored(home)
    for path in acknowledged:
        if path not in stored or not stored[path].is_like(expected[path]):
            yield f"{path} was acknowledged and is not there as it was read"
    for path, document in stored.items():
        yield from (f"{path}: {flaw}" for flaw in document.flaws())
