"""The processes that work on the database, and whose each open answer and running job is."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "processes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("started_s", sa.BigInteger(), nullable=False),
        sa.Column("seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("messages", sa.Column("process_id", sa.String(length=16), nullable=True))
    op.add_column("messages", sa.Column("stop_asked", sa.Boolean(), nullable=True))
    op.create_index("ix_messages_state", "messages", ["state"])
    op.add_column("jobs", sa.Column("process_id", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("jobs", "process_id")
    op.drop_index("ix_messages_state", "messages")
    op.drop_column("messages", "stop_asked")
    op.drop_column("messages", "process_id")
    op.drop_table("processes")
