"""Alembic revisions of the database, oldest first in versions/."""
