"""Mail codes beside links, let links change addresses, and allow the work that this takes.

Works with the code before it, for which the columns have defaults, and after it.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_address_changes"
down_revision = "20261124_code_points"
branch_labels = None
depends_on = None

_PURPOSES = "ck_one_time_tokens_tokenpurpose"
_KINDS = "ck_jobs_jobkind"


def upgrade() -> None:
    with op.batch_alter_table("one_time_tokens") as batch:
        batch.add_column(sa.Column("code_digest", sa.String(64), nullable=True))
        batch.add_column(sa.Column("code_failures", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("email", sa.String(254), nullable=True))
        batch.add_column(sa.Column("session_id", sa.Uuid(), nullable=True))
        batch.drop_constraint(op.f(_PURPOSES), type_="check")
        batch.create_check_constraint(
            op.f(_PURPOSES),
            "purpose IN ('verify_email', 'reset_password', 'change_email', 'undo_email_change')",
        )
    with op.batch_alter_table("jobs") as batch:
        batch.drop_constraint(op.f(_KINDS), type_="check")
        batch.create_check_constraint(
            op.f(_KINDS),
            "kind IN ('verify_email', 'reset_password', 'change_email', 'notify', 'letter', 'register')",
        )


def downgrade() -> None:
    # The older code can do nothing with these, and whoever waits for them can ask again.
    op.execute("DELETE FROM jobs WHERE kind IN ('change_email', 'letter', 'register')")
    op.execute("DELETE FROM one_time_tokens WHERE purpose IN ('change_email', 'undo_email_change')")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_constraint(op.f(_KINDS), type_="check")
        batch.create_check_constraint(op.f(_KINDS), "kind IN ('verify_email', 'reset_password', 'notify')")
    with op.batch_alter_table("one_time_tokens") as batch:
        batch.drop_constraint(op.f(_PURPOSES), type_="check")
        batch.create_check_constraint(op.f(_PURPOSES), "purpose IN ('verify_email', 'reset_password')")
        batch.drop_column("session_id")
        batch.drop_column("email")
        batch.drop_column("code_failures")
        batch.drop_column("code_digest")
