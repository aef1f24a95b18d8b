"""What answers cost and what may be asked next, house rules, titles of conversations, contacts of collections."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ACCOUNT = (
    ("model", sa.String(length=200)),
    ("prompt_tokens", sa.Integer()),
    ("completion_tokens", sa.Integer()),
    ("tokens_are_estimated", sa.Boolean()),
    ("cost", sa.Float()),
    ("currency", sa.String(length=8)),
    ("first_token_ms", sa.Float()),
    ("total_ms", sa.Float()),
    ("prompt_version", sa.String(length=16)),
    ("style", sa.String(length=16)),
)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "house_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    for name, kind in _ACCOUNT:
        op.add_column("messages", sa.Column(name, kind, nullable=True))
    op.add_column("messages", sa.Column("follow_ups", sa.JSON(), nullable=True))
    op.add_column("conversations", sa.Column("title", sa.Text(), nullable=True))
    op.add_column("collections", sa.Column("contact", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("collections", "contact")
    op.drop_column("conversations", "title")
    op.drop_column("messages", "follow_ups")
    for name, _ in reversed(_ACCOUNT):
        op.drop_column("messages", name)
    op.drop_table("house_rules")
