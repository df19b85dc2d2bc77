"""Allow events about what does not open.

Works with the code before it and after it, but that the code before cannot show such events.
"""

from alembic import op

revision = "20261124_broken_seals"
down_revision = "20261124_answers_of_profiles"
branch_labels = None
depends_on = None

_NAME = "ck_audit_events_auditaction"
_BEFORE = (
    "account_registered", "account_updated", "account_removed", "account_disabled", "account_enabled",
    "account_read", "accounts_listed", "role_changed", "signed_in", "sign_in_failed", "sign_in_challenged",
    "signed_out", "session_ended", "sessions_ended", "reuse_detected", "email_verified",
    "email_change_requested", "email_changed", "email_change_undone", "password_changed", "password_reset",
    "reset_requested", "factor_added", "factor_renamed", "factor_removed", "factor_failed",
    "recovery_codes_created", "recovery_code_used",
    "profile_created", "profile_read", "profile_changed", "profile_removed",
)  # fmt: skip
_BROKEN = ("seal_broken",)


def _allow(actions: tuple[str, ...]) -> None:
    with op.batch_alter_table("audit_events") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(
            op.f(_NAME), f"action IN ({', '.join(repr(action) for action in actions)})"
        )


def upgrade() -> None:
    _allow(_BEFORE + _BROKEN)


def downgrade() -> None:
    # Fails where such events are there: to remove or rename one would break its chain.
    _allow(_BEFORE)
