"""Looks into a database that may be in use, and changes nothing in it: no schema is brought up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from retrieval.database_copy import read_only


@contextmanager
def looking(url: str) -> Iterator[Connection]:
    """A connection for reading. Raises HomeUnreachable or HomeRefused where a server does not let it in."""
    if make_url(url).get_backend_name() == "sqlite":
        file = Path(make_url(url).database or "")
        engine = create_engine("sqlite://", creator=lambda: read_only(file), poolclass=NullPool)
    else:
        from retrieval import postgres

        engine = postgres.new_engine(url, waits=False).execution_options(postgresql_readonly=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def schema_in(connection: Connection) -> str:
    """The schema that a database has, by its number; empty where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def bytes_of(connection: Connection) -> int:
    """How large a database is."""
    if connection.dialect.name == "sqlite":
        return int(
            connection.execute(
                text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            ).scalar_one()
        )
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def rows_in(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = sorted(inspect(connection).get_table_names())
    return {name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()) for name in names}  # noqa: S608


def reason_of(error: DatabaseError) -> str:
    """What the engine calls an error: a name or a number, no words."""
    return str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "unknown")
