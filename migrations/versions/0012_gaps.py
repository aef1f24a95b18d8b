"""Knowledge gaps: what was asked and not answered."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignee", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("asked_again_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gap_questions",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("embedding_model", sa.String(length=200), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("nearest", sa.JSON(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["question_id"], ["messages.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["gap_id"], ["gaps.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("question_id"),
    )
    op.create_index("ix_gap_questions_answer_id", "gap_questions", ["answer_id"])
    op.create_index("ix_gap_questions_gap_id", "gap_questions", ["gap_id"])
    op.create_table(
        "gap_collections",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("collection_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["gap_questions.question_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("question_id", "collection_id"),
    )
    op.create_index("ix_gap_collections_collection_id", "gap_collections", ["collection_id"])


def downgrade() -> None:
    """Take it back, with every gap."""
    op.drop_index("ix_gap_collections_collection_id", "gap_collections")
    op.drop_table("gap_collections")
    op.drop_index("ix_gap_questions_gap_id", "gap_questions")
    op.drop_index("ix_gap_questions_answer_id", "gap_questions")
    op.drop_table("gap_questions")
    op.drop_table("gaps")
