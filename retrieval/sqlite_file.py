"""What only SQLite needs: its file, the log beside it, and a mark of whether there must be a log.

What was committed last lies in SQLite's write-ahead log until it is moved into the main file. A log that is gone
leaves an older database that looks whole, so a state file beside the database says whether there must be a log.

What is deleted is overwritten, not only let go of (`secure_delete`); `scrub` empties the log, which still has it.
"""

import os
import sqlite3
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DatabaseError

from retrieval.errors import FULL, HomeDamaged, HomeError, HomeFull, HomeInUse, HomeNotWritable
from retrieval.folding import SQLITE_FUNCTION, fold

_CHECKED_BYTES = 64 * 1024 * 1024
"""A larger file is not read whole at each start; what is damaged in it is found when it is read."""

_OVERWRITES = 1
"""SQLite's `user_version` of a file in which no free page holds anything: what was deleted was overwritten at once."""
_LOG_TRIES, _LOG_AGAIN_S = 3, 0.5
_KEPT, _MOST_CONNECTIONS = 16, 128
"""Connections that stay open, and how many there may be where many ask in the same instant: more would wait for one."""

_OPEN, _CLOSED = b"open  ", b"closed"  # Of one length: overwritten in place, which a full disk does not prevent.


def new_engine(url: str) -> Engine:
    """An engine on a file that can be trusted, or on a new one; raises HomeDamaged."""
    # What people wrote stands in parameters, and errors in logs.
    engine = create_engine(url, hide_parameters=True, pool_size=_KEPT, max_overflow=_MOST_CONNECTIONS - _KEPT)
    event.listen(engine, "handle_error", _as_home_error, retval=True)
    event.listen(engine, "connect", _prepare)
    if (file := _file_of(engine)) is not None:
        check_whole(file)
    return engine


def mark_open(engine: Engine) -> None:
    """Say beside the file that it is open, until the engine is disposed of or forgotten."""
    if (file := _file_of(engine)) is not None:
        _mark_while_open(engine, file)


def begin_migrating(connection: Connection, *, is_new: bool) -> None:
    """Python's sqlite3 begins no transaction before CREATE TABLE: a kill would leave some tables and no revision."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if is_new:
        connection.exec_driver_sql(f"PRAGMA user_version = {_OVERWRITES}")


def as_damage(error: DatabaseError) -> HomeError:
    """What an error means that came up when the schema was looked at."""
    return HomeDamaged(_unreadable(error.orig))


def scrub(engine: Engine) -> None:
    """Leave nothing of what was deleted in SQLite's files; does nothing for another database.

    A file from before deleted rows were overwritten is written anew, once. Raises HomeInUse as `empty_log` does.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.exec_driver_sql("PRAGMA user_version").scalar_one() < _OVERWRITES:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql(f"PRAGMA user_version = {_OVERWRITES}")
    empty_log(engine)


def empty_log(engine: Engine) -> None:
    """Move all that SQLite's log has into the file, and leave nothing in it; does nothing for another database.

    Raises HomeInUse where somebody reads on and on.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _ in range(_LOG_TRIES):
            if not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                return
            time.sleep(_LOG_AGAIN_S)
    raise HomeInUse("The log of the database could not be emptied, for it is being read; it will be tried again.")


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function(SQLITE_FUNCTION, 1, fold, deterministic=True)


def _file_of(engine: Engine) -> Path | None:
    name = engine.url.database
    return Path(name) if name and name != ":memory:" else None


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.name}-{ending}")


def check_whole(file: Path) -> None:
    """Raise HomeDamaged for a database that lost its file, its log or its structure; nothing is written."""
    state = _state(file)
    if state and not (file.exists() and file.stat().st_size):
        raise HomeDamaged(_gone(file, f"The database {file.name} is gone or empty"))
    if state == _OPEN and not _beside(file, "wal").exists():
        raise HomeDamaged(_gone(file, f"The log {file.name}-wal is gone, and with it what was stored last"))
    if file.exists() and 0 < file.stat().st_size <= _CHECKED_BYTES:
        _check_structure(file)


def _check_structure(file: Path) -> None:
    try:
        # Read-only, so that a damaged file is not written when the last connection closes.
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:  # Busy, or a log that only a writer may open; what it is comes to light later.
        return
    except sqlite3.DatabaseError as error:
        raise HomeDamaged(_unreadable(error)) from error
    finally:
        connection.close()
    if found != "ok":
        raise HomeDamaged(_unreadable(str(found).replace("\n", " ")))


def _unreadable(reason: object) -> str:
    return f"The database could not be read ({reason}); nothing was changed. Restore it from a backup."


def _gone(file: Path, what: str) -> str:
    return (
        f"{what}; nothing was changed. Restore it from a backup, or, where you know that nothing is missing, "
        f"remove {_beside(file, 'state').name} and start again."
    )


def _mark_while_open(engine: Engine, file: Path) -> None:
    """Say beside the file that it is open, and that it is not once the engine is disposed of or forgotten."""
    try:
        # Keeps the log in being, whatever the pool's connections do: the last one to close would remove it.
        keeper = sqlite3.connect(file, check_same_thread=False)
        keeper.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _write_state(file, _OPEN)
    except (sqlite3.Error, OSError):  # Read-only or full: then without this protection.
        return
    closing = weakref.finalize(engine, _unmark, file, keeper)
    event.listen(engine, "engine_disposed", lambda _: closing())


def _unmark(file: Path, keeper: sqlite3.Connection) -> None:
    try:
        _write_state(file, _CLOSED)
    except OSError:
        with suppress(OSError):
            _beside(file, "state").unlink(missing_ok=True)
    keeper.close()


def _state(file: Path) -> bytes:
    try:
        return _beside(file, "state").read_bytes()
    except OSError:
        return b""


def _write_state(file: Path, state: bytes) -> None:
    descriptor = os.open(_beside(file, "state"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, state)
    finally:
        os.close(descriptor)


def _as_home_error(context: ExceptionContext) -> HomeError | None:
    """What happened to the file, for those errors that are about it and not about a statement."""
    error = context.original_exception
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return HomeFull(FULL)
    if name.startswith(("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
        return HomeNotWritable(f"The database cannot be written ({error}); check the disk and its rights, then retry.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return HomeDamaged(_unreadable(error))
    return None
