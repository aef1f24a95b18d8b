"""What `citewell doctor` says of the data: read with nothing but SQLite, and nothing is changed, so beside the app too."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.audit import Action
from assistant.finding import Finding
from assistant.home import DATABASE_FILE, home_of, takes_work
from assistant.settings import Settings
from retrieval.database_copy import read_only, revision_of
from retrieval.dates import utc_now
from retrieval.sqlite_file import check_whole

_BACKUP_AFTER = timedelta(days=7)
_WAITS_LONG = timedelta(hours=1)


def look_at_database(settings: Settings) -> Finding:
    """Its schema and size; raises HomeDamaged where it cannot be trusted."""
    if (file := _file(settings)) is None:
        return Finding("Database", True, "none yet; it is made at the first start")
    check_whole(file)
    return Finding("Database", True, f"schema {revision_of(file)}, {file.stat().st_size / 1e6:,.1f} MB")


def look_at_backup(settings: Settings) -> Finding:
    """When the last one was made; that there is none is no fault of the installation."""
    last = _one(settings, "SELECT max(at) FROM audit WHERE action = ? AND outcome = 'done'", Action.BACKED_UP.value)
    made_at = _moment(last)
    if made_at is None:
        has_data = _one(settings, "SELECT 1 FROM messages UNION ALL SELECT 1 FROM documents LIMIT 1") is not None
        remedy = "Make one and keep it on another machine: citewell backup FILE." if has_data else ""
        return Finding("Backup", True, "none, as far as the audit log goes back", remedy)
    days = (utc_now() - made_at).days
    is_old = utc_now() - made_at > _BACKUP_AFTER
    when = f"the last one was made on {made_at:%Y-%m-%d at %H:%M} UTC" + (f", {days} days ago" if is_old else "")
    return Finding("Backup", True, when, "Make one: citewell backup FILE." if is_old else "")


def look_at_jobs(settings: Settings) -> Finding:
    """Whether work waits for nobody."""
    waiting = _one(settings, "SELECT count(*) FROM jobs WHERE state = 'waiting'") or 0
    since = _moment(_one(settings, "SELECT min(created_at) FROM jobs WHERE state = 'waiting'"))
    if not waiting or since is None:
        return Finding("Jobs", True, "none waits")
    detail = f"{waiting} wait, the oldest since {since:%Y-%m-%d %H:%M} UTC"
    if not takes_work(home_of(settings)):
        return Finding("Jobs", True, detail, "They are done once the app runs: citewell serve.")
    is_stuck = utc_now() - since > _WAITS_LONG
    return Finding("Jobs", not is_stuck, detail, "See what runs: citewell jobs list." if is_stuck else "")


def look_at_files(settings: Settings) -> Finding:
    """Whether files could not be read in."""
    failed = _one(settings, "SELECT count(*) FROM failures") or 0
    if not failed:
        return Finding("Files", True, "none that was given could not be read")
    remedy = "Each is named with its reason on the page Documents, with the status: not read in."
    return Finding("Files", True, f"{failed} could not be read", remedy)


def _file(settings: Settings) -> Path | None:
    file = home_of(settings) / DATABASE_FILE
    return file if file.is_file() else None


def _one(settings: Settings, query: str, *values: str) -> Any:
    """One value; None where there is no database, or one of another version."""
    if (file := _file(settings)) is None:
        return None
    try:
        with closing(read_only(file)) as connection:
            row = connection.execute(query, values).fetchone()
    except sqlite3.DatabaseError:  # What is wrong with it is said of the database itself.
        return None
    return row[0] if row else None


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)
