"""Conversations that branch, are pinned, archived, deleted and shared; feedback; files of one conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_THREAD = (
    ("pinned_at", sa.DateTime()),
    ("archived_at", sa.DateTime()),
    ("deleted_at", sa.DateTime()),
    ("leaf_id", sa.Integer()),
    ("narrowed", sa.JSON()),
    ("style", sa.String(length=16)),
    ("model", sa.String(length=200)),
)


def upgrade() -> None:
    """Apply the change: each message answers the one before it, as until now."""
    for name, kind in _THREAD:
        op.add_column("conversations", sa.Column(name, kind, nullable=True))
    op.add_column("messages", sa.Column("parent_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE messages SET parent_id = (SELECT max(before.id) FROM messages AS before"
        " WHERE before.conversation_id = messages.conversation_id AND before.id < messages.id)"
    )
    op.execute(
        "UPDATE conversations SET leaf_id = (SELECT max(messages.id) FROM messages"
        " WHERE messages.conversation_id = conversations.id)"
    )
    op.drop_index("ix_messages_conversation_id_id", "messages")
    op.create_index("ix_messages_conversation_id_id_parent_id", "messages", ["conversation_id", "id", "parent_id"])
    op.add_column("collections", sa.Column("conversation_id", sa.String(length=32), nullable=True))
    op.add_column("collections", sa.Column("owner", sa.String(length=300), nullable=True))
    op.create_index("ix_collections_conversation_id", "collections", ["conversation_id"])
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("is_helpful", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "owner"),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_snapshots_conversation_id", "snapshots", ["conversation_id"])


def downgrade() -> None:
    """Take it back; of a conversation that branched, every branch stays, in the order of writing.

    What was deleted and what is private cannot be told from the rest any more, so it goes.
    """
    op.execute("DELETE FROM collections WHERE conversation_id IS NOT NULL")
    op.execute("DELETE FROM conversations WHERE deleted_at IS NOT NULL")
    op.drop_table("snapshots")
    op.drop_table("feedback")
    op.drop_index("ix_collections_conversation_id", "collections")
    op.drop_column("collections", "owner")
    op.drop_column("collections", "conversation_id")
    op.drop_index("ix_messages_conversation_id_id_parent_id", "messages")
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
    op.drop_column("messages", "parent_id")
    for name, _ in reversed(_THREAD):
        op.drop_column("conversations", name)
