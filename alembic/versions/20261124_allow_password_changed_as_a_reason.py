"""Allow `password_changed` as the reason why a session ended.

Works with the code before it and after it.
"""

from alembic import op

revision = "20261124_password_changed"
down_revision = "20261124_one_time_tokens"
branch_labels = None
depends_on = None

_NAME = "ck_sessions_revocationreason"


def _allow(reasons: str) -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), f"revoked_reason IN ({reasons})")


def upgrade() -> None:
    _allow("'signed_out', 'reuse_detected', 'password_changed'")


def downgrade() -> None:
    # What the older code does not know becomes what it does: the session has ended either way.
    op.execute("UPDATE sessions SET revoked_reason = 'signed_out' WHERE revoked_reason = 'password_changed'")
    _allow("'signed_out', 'reuse_detected'")
