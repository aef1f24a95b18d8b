"""Adds a row, or changes the one that is there, in one statement: of two at once one adds it and the other changes it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""`INSERT … ON CONFLICT` in the words of each engine."""


def put(connection: Connection, table: Table, row: Mapping[str, Any], changes: Mapping[Any, Any]) -> None:
    """Add the row; where its key is there already, make the changes to that one."""
    adding = INSERT[connection.dialect.name](table).values(**row)
    connection.execute(adding.on_conflict_do_update(index_elements=list(table.primary_key), set_=dict(changes)))
