"""Create audit chains and their events.

Works with the code before it and after it.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_audit"
down_revision = "20261124_password_changed"
branch_labels = None
depends_on = None

_ACTIONS = (
    "account_registered", "account_updated", "account_removed", "account_disabled", "account_enabled",
    "account_read", "accounts_listed", "role_changed", "signed_in", "sign_in_failed", "sign_in_challenged",
    "signed_out", "session_ended", "sessions_ended", "reuse_detected", "email_verified",
    "email_change_requested", "email_changed", "email_change_undone", "password_changed", "password_reset",
    "reset_requested", "factor_added", "factor_renamed", "factor_removed", "factor_failed",
    "recovery_codes_created", "recovery_code_used",
)  # fmt: skip
_ACTORS = ("owner", "admin", "operator", "anyone")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def upgrade() -> None:
    op.create_table(
        "audit_chains",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("place_key", sa.LargeBinary(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("anchored", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_audit_chains")),
    )
    grown = sa.text("sequence > anchored")
    op.create_index(
        "ix_audit_chains_grown", "audit_chains", ["owner_id"], sqlite_where=grown, postgresql_where=grown
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.String(1000), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(_one_of("action", _ACTIONS), name=op.f("ck_audit_events_auditaction")),
        sa.CheckConstraint(_one_of("actor", _ACTORS), name=op.f("ck_audit_events_auditactor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("owner_id", "sequence", name=op.f("uq_audit_events_owner_id_sequence")),
    )
    op.create_index(op.f("ix_audit_events_actor_id"), "audit_events", ["actor_id"])


def downgrade() -> None:
    op.drop_table("audit_events")
    op.drop_table("audit_chains")
