"""What a backup is: a ZIP of databases and files, and a manifest that says of each how long it is and its hash.

An archive is trusted as far as its manifest reaches: it holds exactly the files that are named there, under names
that lead nowhere else, and each has its hash.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal
from zipfile import ZipFile

from pydantic import TypeAdapter, ValidationError

from assistant.errors import ArchiveRefused

FORMAT: Final = 1
MANIFEST = "manifest.json"
BLOCK_BYTES = 1 << 20
_MOST_MANIFEST_BYTES = 1 << 28
_PART = r"/(?!\.{1,2}(?:/|$))[^/\\:\x00-\x1f]+"
_NAME = re.compile(rf"citewell\.sqlite|mlflow\.sqlite|originals/[0-9a-f]{{2}}/[0-9a-f]{{64}}|mlflow(?:{_PART})+")
"""What may be in an archive; nothing of it leads out of the directory that it is unpacked into."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of an archive."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, and of what it was made. `home` is the address of the directory, as mlflow.sqlite has it."""

    format: Literal[1]
    version: str
    schema: str
    made_at: datetime
    home: str
    files: Mapping[str, Kept]

    @property
    def total_bytes(self) -> int:
        """How much room the files take once they are unpacked."""
        return sum(kept.bytes for kept in self.files.values())


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def as_json(manifest: Manifest) -> bytes:
    """The manifest as it stands in the archive."""
    return _MANIFEST.dump_json(manifest, indent=1)


@contextmanager
def opened(path: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """An archive and its manifest; raises ArchiveRefused, then and later, for whatever is wrong with it."""
    try:
        with ZipFile(path) as archive:
            yield archive, _manifest_of(archive, path)
    except OSError as error:
        raise ArchiveRefused(f"{path} could not be read ({error.strerror or error}); nothing was changed.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError, KeyError) as error:
        raise damaged(path) from error


def check_archive(path: Path) -> Manifest:
    """Read an archive to its end and compare everything; raises ArchiveRefused."""
    with opened(path) as (archive, manifest):
        for name in manifest.files:
            unpack(archive, manifest, name, lambda _: None)
    return manifest


def unpack(archive: ZipFile, manifest: Manifest, name: str, write: Callable[[bytes], object]) -> None:
    """Hand over a file block by block; raises zipfile.BadZipFile where it is not what the manifest says."""
    kept, digest, left = manifest.files[name], hashlib.sha256(), manifest.files[name].bytes
    with archive.open(name) as reading:
        while block := reading.read(BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(name)
            digest.update(block)
            write(block)
    if left or digest.hexdigest() != kept.sha256:
        raise zipfile.BadZipFile(name)


def is_kept_name(name: str) -> bool:
    """Whether a file of this name may be in an archive."""
    return _NAME.fullmatch(name) is not None


def damaged(path: Path) -> ArchiveRefused:
    """What is said of an archive that cannot be trusted."""
    return ArchiveRefused(f"{path} is damaged or no backup of Citewell; nothing was changed. Use another backup.")


def _manifest_of(archive: ZipFile, path: Path) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST_BYTES:
        raise damaged(path)
    try:
        manifest = _MANIFEST.validate_json(archive.read(MANIFEST))
    except ValidationError as error:
        raise damaged(path) from error
    names = archive.namelist()
    if sorted(names) != sorted({*manifest.files, MANIFEST}) or not all(map(is_kept_name, manifest.files)):
        raise damaged(path)
    return manifest
