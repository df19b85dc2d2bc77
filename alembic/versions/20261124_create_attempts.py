"""Create the counters of attempts.

Works with the code before it and after it.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_attempts"
down_revision = "20261124_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("counted_at", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_counted_at"), "attempts", ["counted_at"])


def downgrade() -> None:
    op.drop_table("attempts")
