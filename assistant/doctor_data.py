"""What `citewell doctor` says of the data: only looked at, and nothing is changed, so beside the app too."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from assistant.audit import Action
from assistant.finding import Finding
from assistant.home import DATABASE_FILE, database_of, has_database, home_of, takes_work
from assistant.processes import Processes
from assistant.readiness import NO_WORKER
from assistant.settings import Settings
from retrieval.database import open_database
from retrieval.dates import utc_now
from retrieval.errors import HomeError
from retrieval.looking import bytes_of, looking, schema_in
from retrieval.sqlite_file import check_whole

_BACKUP_AFTER = timedelta(days=7)
_WAITS_LONG = timedelta(hours=1)


def look_at_database(settings: Settings) -> Finding:
    """Its schema and size; raises HomeDamaged where it cannot be trusted, HomeUnreachable where it does not answer."""
    if not has_database(settings):
        return Finding("Database", True, "none yet; it is made at the first start")
    if settings.database_url is None:
        check_whole(home_of(settings) / DATABASE_FILE)
    with looking(database_of(settings)) as connection:
        kind = "" if settings.database_url is None else "PostgreSQL, "
        detail = f"{kind}schema {schema_in(connection) or 'none yet'}, {bytes_of(connection) / 1e6:,.1f} MB"
    return Finding("Database", True, detail)


def look_at_backup(settings: Settings) -> Finding:
    """When the last one was made; that there is none is no fault of the installation."""
    if settings.database_url is not None:
        remedy = "See docs/operations.md for what to keep with it."
        return Finding("Backup", True, "of PostgreSQL by its own means: pg_dump, or the host's snapshots", remedy)
    last = _one(
        settings, "SELECT max(at) FROM audit WHERE action = :action AND outcome = 'done'", Action.BACKED_UP.value
    )
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


def look_at_workers(settings: Settings) -> Finding:
    """Whether somebody takes jobs from a database that several processes share."""
    if settings.database_url is None:
        return Finding("Workers", True, "none is needed; the app does its own work")
    engine = open_database(database_of(settings))
    try:
        count = Processes(engine, is_alone=False).takers()
    finally:
        engine.dispose()
    if not count:
        return Finding("Workers", False, NO_WORKER, "Start one with the settings of the app: citewell worker.")
    return Finding("Workers", True, "1 takes jobs" if count == 1 else f"{count} take jobs")


def look_at_files(settings: Settings) -> Finding:
    """Whether files could not be read in."""
    failed = _one(settings, "SELECT count(*) FROM failures") or 0
    if not failed:
        return Finding("Files", True, "none that was given could not be read")
    remedy = "Each is named with its reason on the page Documents, with the status: not read in."
    return Finding("Files", True, f"{failed} could not be read", remedy)


def _one(settings: Settings, query: str, action: str = "") -> Any:
    """One value; None where there is no database, or one of another version."""
    if not has_database(settings):
        return None
    try:
        with looking(database_of(settings)) as connection:
            return connection.execute(text(query), {"action": action}).scalar()
    except (DatabaseError, HomeError):  # What is wrong with it is said of the database itself.
        return None


def _moment(stored: datetime | str | None) -> datetime | None:
    """SQLite tells a time as text."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored
