"""Alembic's entry: the application hands it an open connection."""

from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Column, String, Table

from assistant.schema import metadata


class InOrderOfCodePoints(PostgresqlImpl):
    """Every text is compared and sorted as SQLite does it, whatever language PostgreSQL's server speaks.

    Nor does an index of such texts break when the server's operating system sorts that language anew.
    """

    __dialect__ = "postgresql"

    def create_table(self, table: Table, **how: Any) -> None:
        """The table, with that order in all its columns of text."""
        for column in table.columns:
            _set_order(column)
        super().create_table(table, **how)

    def add_column(self, table_name: str, column: Column[Any], **how: Any) -> None:
        """The column, with that order where it is one of text."""
        _set_order(column)
        super().add_column(table_name, column, **how)


def _set_order(column: Column[Any]) -> None:
    if isinstance(column.type, String):
        column.type = column.type.copy()
        column.type.collation = "C"


context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
