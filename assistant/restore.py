"""Puts a backup into a home: beside what is there, looked through and brought up to date, and then in its place."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, update

from assistant.archive import Manifest, check_archive, opened, unpack
from assistant.errors import ArchiveRefused
from assistant.home import DATABASE_FILE, Home, database_url_of
from assistant.job_table import JobTable
from assistant.mlflow_client import ARTIFACTS, follow_home
from assistant.mlflow_client import DATABASE_FILE as MLFLOW_FILE
from assistant.operations import TIDY
from assistant.schema import api_keys, invitations, sign_ins
from retrieval.database import open_database
from retrieval.dates import utc_now
from retrieval.errors import HomeNotWritable

_CAN_BE_MADE_AGAIN = frozenset(("lock", "lock.json", "indexes", "cache"))
_STAGE = ".restoring-"
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where what was there before has been put; None where there was nothing."""

    manifest: Manifest
    put_aside: Path | None


def restore(archive: Path, home: Path, *, replace: bool = False) -> Restored:
    """Restore an archive into an empty home, or, with `replace`, into any; indexes are built at the next start.

    Raises, before anything is changed, ArchiveRefused for a damaged archive or a home that is not empty, HomeBusy for
    one that is in use, HomeTooNew for an archive of a later version.
    """
    manifest = check_archive(archive)
    if not replace and (found := _data_in(home)):
        raise ArchiveRefused(
            f"{home} is not empty ({found[0].name}); choose another --home, or put aside what is there with --replace."
        )
    try:
        with closing(Home(home)), _stage(home, manifest) as stage:
            _unpack_all(archive, stage)
            _bring_up_to_date(stage, manifest, home)
            put_aside = _put_aside(home)
            _move_in(stage, home)
    except OSError as error:
        raise HomeNotWritable(f"The backup could not be restored ({error.strerror or error}); check {home}.") from error
    return Restored(manifest, put_aside)


@contextmanager
def _stage(home: Path, manifest: Manifest) -> Iterator[Path]:
    """A directory in the home, and so on its disk, that nobody else looks at; what a killed one left is removed."""
    for left in home.glob(f"{_STAGE}*"):
        shutil.rmtree(left)
    if shutil.disk_usage(home).free < manifest.total_bytes + _SPARE_BYTES:
        needed = f"{(manifest.total_bytes + _SPARE_BYTES) / 1e9:.1f} GB"
        raise ArchiveRefused(f"The backup needs {needed} in {home}, and there is less; make room. Nothing was changed.")
    with tempfile.TemporaryDirectory(dir=home, prefix=_STAGE) as stage:
        yield Path(stage)


def _unpack_all(archive: Path, stage: Path) -> None:
    with opened(archive) as (reading, manifest):
        for name in manifest.files:
            place = stage / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                unpack(reading, manifest, name, file.write)
                file.flush()
                os.fsync(file.fileno())


def _bring_up_to_date(stage: Path, manifest: Manifest, home: Path) -> None:
    """The newest schema; nobody is signed in; MLflow finds its files where they will be."""
    engine = open_database(database_url_of(stage))
    try:
        _end_what_was_open(engine)
        JobTable(engine).add(TIDY, {}, owner="")  # Files of documents that were deleted while the backup was made.
    finally:
        engine.dispose()
    if (database := stage / MLFLOW_FILE).exists():
        follow_home(database, before=manifest.home, after=home.as_uri())


def _end_what_was_open(engine: Engine) -> None:
    """What was ended, used or revoked since the backup would otherwise hold again."""
    with engine.begin() as connection:
        connection.execute(update(sign_ins).where(sign_ins.c.ended_at.is_(None)).values(ended_at=utc_now()))
        connection.execute(delete(invitations))
        connection.execute(delete(api_keys))


def _data_in(home: Path) -> list[Path]:
    """What a home holds beside what can be made again."""
    found = sorted(home.iterdir()) if home.is_dir() else []
    return [path for path in found if path.name not in _CAN_BE_MADE_AGAIN and not path.name.startswith(_STAGE)]


def _put_aside(home: Path) -> Path | None:
    """Move the data that are there into a directory of their own; indexes are of them, and are removed."""
    data = [path for path in _data_in(home) if _is_ours(path.name)]
    aside = home / f"before-restore-{utc_now():%Y%m%dT%H%M%S}"
    if data:
        aside.mkdir()
    for path in data:
        os.rename(path, aside / path.name)
    shutil.rmtree(home / "indexes")
    (home / "indexes").mkdir()
    return aside if data else None


def _move_in(stage: Path, home: Path) -> None:
    """The database last: without it there is no home."""
    for path in sorted(stage.iterdir(), key=lambda path: path.name.startswith(DATABASE_FILE)):
        os.rename(path, home / path.name)


def _is_ours(name: str) -> bool:
    return name in {"originals", ARTIFACTS} or name.startswith((DATABASE_FILE, MLFLOW_FILE))
