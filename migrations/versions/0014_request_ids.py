"""By which id the log and the model endpoint know an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("messages", sa.Column("request_id", sa.String(length=64), nullable=True))
    op.create_index("ix_messages_request_id", "messages", ["request_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_messages_request_id", "messages")
    op.drop_column("messages", "request_id")
