"""Opens the database, SQLite by default or PostgreSQL, and brings it to the newest schema by Alembic.

What is peculiar to an engine stands in `sqlite_file` and `postgres`, and among writers in `writers`.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from retrieval import sqlite_file
from retrieval.errors import HomeError, HomeRefused, HomeTooNew

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_POSTGRESQL = ("postgresql", "postgres")


def open_database(url: str) -> Engine:
    """An engine on an up-to-date schema.

    Raises HomeTooNew for a schema that this version does not know, HomeDamaged for a file that cannot be trusted,
    HomeUnreachable for a server that does not answer, HomeRefused for one that cannot be used.
    Later, its statements raise those kinds, HomeFull, HomeNotWritable or HomeInUse for what happens to the database.
    """
    kind = _kind_of(url)
    if kind == "sqlite":
        engine = _migrated(sqlite_file.new_engine(url), sqlite_file.as_damage)
        sqlite_file.mark_open(engine)
        return engine
    from retrieval import postgres

    return _migrated(postgres.new_engine(url), postgres.as_refusal)


def _migrated(engine: Engine, meaning: Callable[[DatabaseError], HomeError]) -> Engine:
    try:
        migrate(engine)
    except DatabaseError as error:
        engine.dispose()
        raise meaning(error) from error
    except HomeError:
        engine.dispose()
        raise
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; raises HomeTooNew where the database is ahead of it.

    Of several processes that start together, one does it and the others wait.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    known = frozenset(revision.revision for revision in script.walk_revisions())
    with engine.connect() as connection:
        current = _revision(connection, known)
    if current == script.get_current_head():
        return
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            sqlite_file.begin_migrating(connection, is_new=current is None)
        else:
            from retrieval import postgres

            postgres.begin_migrating(connection)
            _revision(connection, known)  # Whoever had the lock before may have been newer.
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection, known: frozenset[str]) -> str | None:
    """The schema that the database has; None where it has none yet."""
    from alembic.runtime.migration import MigrationContext

    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise HomeTooNew(
            "These data were written by a newer Citewell; nothing was changed. "
            "Update Citewell, or choose another --home."
        )
    return current


def _kind_of(url: str) -> str:
    try:
        kind = make_url(url).get_backend_name()
    except ArgumentError:
        raise HomeRefused("The address of the database makes no sense; write postgresql://USER@HOST/NAME.") from None
    if kind not in ("sqlite", *_POSTGRESQL):
        raise HomeRefused(f"There is no way to keep data in {kind!r}; give the address of a PostgreSQL database.")
    return kind
