"""Say of which profile a kept answer is.

Works with the code before it and after it. What was kept before is of no profile, and so is given to nobody.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_answers_of_profiles"
down_revision = "20261124_idempotency_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("subject_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_idempotency_keys_subject_id"), "idempotency_keys", ["subject_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_keys_subject_id"), "idempotency_keys")
    op.drop_column("idempotency_keys", "subject_id")
