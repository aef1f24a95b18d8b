"""A version of each collection, and how far indexes have come that several processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("collections", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "index_marks",
        sa.Column("index_name", sa.String(length=100), nullable=False),
        sa.Column("collection_id", sa.String(length=32), nullable=False),
        sa.Column("document", sa.BigInteger(), nullable=False),
        sa.Column("removal", sa.BigInteger(), nullable=False),
        sa.Column("is_filling", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("index_name", "collection_id", name="pk_index_marks"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("index_marks")
    op.drop_column("collections", "version")
