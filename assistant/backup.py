"""Writes a backup of a home to one file, while the app runs or not.

In it is what cannot be made again: the databases, which hold the embeddings, the originals, and the triage models.
Indexes and what is computed are left out.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from assistant.archive import BLOCK_BYTES, FORMAT, MANIFEST, Kept, Manifest, as_json, check_archive, is_kept_name
from assistant.errors import ArchiveRefused, AssistantError
from assistant.home import DATABASE_FILE, files_of
from assistant.mlflow_client import ARTIFACTS
from assistant.mlflow_client import DATABASE_FILE as MLFLOW_FILE
from assistant.settings import Settings
from assistant.version import version_of_citewell
from retrieval.database_copy import copy_database, revision_of
from retrieval.dates import utc_now


def check_can_copy(settings: Settings) -> None:
    """Raises ArchiveRefused where the data are not SQLite's, which alone is copied here."""
    if settings.database_url is not None:
        raise ArchiveRefused(
            "The data are in PostgreSQL, which has its own backups: use pg_dump or pg_basebackup for the database, and "
            f"copy {files_of(settings)} with the files beside it; docs/operations.md says in which order."
        )


def back_up(home: Path, target: Path) -> Manifest:
    """Write the archive, read it to its end, and only then let it take the place of what was there.

    Raises ArchiveRefused where there is nothing to back up, HomeDamaged for a database that cannot be trusted.
    """
    if not (home / DATABASE_FILE).is_file():
        raise ArchiveRefused(f"There is no Citewell in {home}, so there is nothing to back up; give another --home.")
    new, scratch = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.copy")
    try:
        shutil.rmtree(scratch, ignore_errors=True)  # A process that was killed left its own.
        scratch.mkdir(mode=0o700)
        _write(home, new, scratch)
        manifest = check_archive(new)
        os.replace(new, target)
    except OSError as error:
        reason = error.strerror or error
        raise AssistantError(f"The backup {target} could not be written ({reason}); check path and room.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return manifest


def _write(home: Path, new: Path, scratch: Path) -> None:
    """The archive, which only its owner may read."""
    made_at = utc_now()
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        with ZipFile(file, "w") as archive:
            files = _fill(archive, home, scratch)
            schema = revision_of(scratch / DATABASE_FILE)
            manifest = Manifest(FORMAT, version_of_citewell(), schema, made_at, home.as_uri(), files)
            archive.writestr(MANIFEST, as_json(manifest))
        file.flush()
        os.fsync(file.fileno())


def _fill(archive: ZipFile, home: Path, scratch: Path) -> Mapping[str, Kept]:
    """Originals are kept before a database names them, and may be removed once none does: taken before and after."""
    files = dict(_originals(archive, home, frozenset()))
    copy_database(home / DATABASE_FILE, scratch / DATABASE_FILE)
    files[DATABASE_FILE] = _add(archive, DATABASE_FILE, scratch / DATABASE_FILE)
    files |= _originals(archive, home, frozenset(files))
    if (home / MLFLOW_FILE).is_file():
        copy_database(home / MLFLOW_FILE, scratch / MLFLOW_FILE)
        files[MLFLOW_FILE] = _add(archive, MLFLOW_FILE, scratch / MLFLOW_FILE)
        files |= _artifacts(archive, home)
    return files


def _originals(archive: ZipFile, home: Path, known: frozenset[str]) -> Iterator[tuple[str, Kept]]:
    for path in sorted((home / "originals").glob("??/*")):
        name = path.relative_to(home).as_posix()
        if name not in known and is_kept_name(name):
            with suppress(FileNotFoundError):  # Nothing stood for it any more.
                yield name, _add(archive, name, path)


def _artifacts(archive: ZipFile, home: Path) -> Iterator[tuple[str, Kept]]:
    for path in sorted((home / ARTIFACTS).rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_file() and is_kept_name(name):
            with suppress(FileNotFoundError):
                yield name, _add(archive, name, path)


def _add(archive: ZipFile, name: str, source: Path) -> Kept:
    """Add a file as it is: embeddings and most originals get no smaller, and answers need the processor."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, archive.open(name, "w", force_zip64=True) as writing:
        while block := reading.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            writing.write(block)
    return Kept(digest.hexdigest(), size)
