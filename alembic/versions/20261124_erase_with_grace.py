"""Let accounts wait for their erasure, keep receipts, and allow the work and the events about it.

Works with the code before it, which erases nobody that waits, and after it.
"""

import re

import sqlalchemy as sa

from alembic import op

revision = "20261124_erasure"
down_revision = "20261124_exports"
branch_labels = None
depends_on = None

_CHECKS = (
    ("one_time_tokens", "purpose", "ck_one_time_tokens_tokenpurpose", ("undo_erasure",)),
    ("sessions", "revoked_reason", "ck_sessions_revocationreason", ("erasure_requested",)),
    ("jobs", "kind", "ck_jobs_jobkind", ("farewell", "scrub")),
    ("audit_events", "action", "ck_audit_events_auditaction", ("erasure_requested", "erasure_undone")),
    ("audit_events", "actor", "ck_audit_events_auditactor", ("service",)),
)
_WAITING = sa.text("erase_at IS NOT NULL")


def _allowed(table: str, name: str) -> list[str]:
    """Return the values that a CHECK allows now: other migrations add some of their own."""
    checks = sa.inspect(op.get_bind()).get_check_constraints(table)
    (text,) = [check["sqltext"] for check in checks if check["name"] == name]
    return re.findall(r"'(\w+)'", text)


def _allow(table: str, column: str, name: str, values: list[str]) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        batch.create_check_constraint(op.f(name), f"{column} IN ({', '.join(map(repr, values))})")


def upgrade() -> None:
    # Never in a batch: SQLite would make the table anew, and what hangs on its rows would go with them.
    op.add_column("users", sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_users_erase_at", "users", ["erase_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
    op.create_table(
        "erasure_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("signature", sa.String(8192), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_receipts")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_erasure_receipts_pseudonym")),
    )
    for table, column, name, added in _CHECKS:
        _allow(table, column, name, [*_allowed(table, name), *added])


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind IN ('farewell', 'scrub')")
    op.execute("DELETE FROM one_time_tokens WHERE purpose = 'undo_erasure'")
    op.execute("UPDATE sessions SET revoked_reason = 'signed_out' WHERE revoked_reason = 'erasure_requested'")
    # Who waited to be erased stays: the older code does not know of it.
    for table, column, name, added in _CHECKS:
        # Fails where such events are there: to remove or rename one would break its chain.
        _allow(table, column, name, [value for value in _allowed(table, name) if value not in added])
    op.drop_table("erasure_receipts")
    op.drop_index("ix_users_erase_at", "users")
    op.drop_column("users", "erase_at")
