"""Order among those who write at once: whoever reads "what came after the last id" must miss nothing.

PostgreSQL gives an id out when a row is written and shows the row when it is committed, so that a smaller id may come
to light after a greater one. SQLite has one writer at a time, and does nothing here.
"""

from sqlalchemy import Connection, Table


def let_writers_finish(connection: Connection, table: Table) -> None:
    """Wait for whoever writes the table: no smaller id than those that are there then comes after that."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f'LOCK TABLE "{table.name}" IN SHARE MODE')
