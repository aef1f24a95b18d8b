"""Copies a SQLite database as it is at one moment, while others read and write it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from retrieval.errors import FULL, HomeDamaged, HomeFull
from retrieval.sqlite_file import check_whole


def copy_database(source: Path, target: Path) -> None:
    """Copy it by SQLite's own means, and look through the copy; the source is only read.

    One read transaction: whoever writes meanwhile neither waits nor is seen. Raises HomeDamaged where the source
    cannot be trusted, HomeFull where the copy has no room.
    """
    check_whole(source)
    try:
        with closing(read_only(source)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)
            found = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_FULL":
            raise HomeFull(FULL) from error
        raise _damaged(source, error) from error
    if found != "ok":
        raise _damaged(source, found)


def read_only(file: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even what SQLite would tidy up."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def revision_of(file: Path) -> str:
    """The schema that a database has, by its number; empty where it has none."""
    with closing(read_only(file)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return ""
    return str(row[0]) if row else ""


def _damaged(source: Path, reason: object) -> HomeDamaged:
    said = str(reason).replace("\n", " ")
    return HomeDamaged(f"The database {source.name} could not be read ({said}); nothing was changed. Use a backup.")
