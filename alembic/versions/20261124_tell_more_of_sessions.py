"""Say of a session whose client it is, how its refresh token travels and how its person signed in.

Works with the code before it, for which the columns have defaults, and after it.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_session_client"
down_revision = "20261124_attempts"
branch_labels = None
depends_on = None

_REASONS = "ck_sessions_revocationreason"
_OLD = "'signed_out', 'reuse_detected', 'password_changed'"
_NEW = "'email_changed', 'factor_changed', 'role_changed', 'account_disabled', 'ended_by_admin'"


def upgrade() -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.add_column(sa.Column("client_id", sa.String(64), nullable=False, server_default="safeplate"))
        batch.add_column(sa.Column("token_delivery", sa.String(32), nullable=False, server_default="body"))
        batch.add_column(
            sa.Column("authentication_methods", sa.String(64), nullable=False, server_default="pwd")
        )
        batch.create_check_constraint(
            op.f("ck_sessions_tokendelivery"), "token_delivery IN ('body', 'cookie')"
        )
        batch.drop_constraint(op.f(_REASONS), type_="check")
        batch.create_check_constraint(op.f(_REASONS), f"revoked_reason IN ({_OLD}, {_NEW})")


def downgrade() -> None:
    # What the older code does not know becomes what it does: the session has ended either way.
    op.execute(f"UPDATE sessions SET revoked_reason = 'signed_out' WHERE revoked_reason IN ({_NEW})")  # noqa: S608 - constants of this file
    with op.batch_alter_table("sessions") as batch:
        batch.drop_constraint(op.f(_REASONS), type_="check")
        batch.create_check_constraint(op.f(_REASONS), f"revoked_reason IN ({_OLD})")
        batch.drop_constraint(op.f("ck_sessions_tokendelivery"), type_="check")
        batch.drop_column("authentication_methods")
        batch.drop_column("token_delivery")
        batch.drop_column("client_id")
