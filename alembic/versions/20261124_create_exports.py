"""Create exports, the work that makes them, and the events about them.

Works with the code before it and after it, but that the code before can neither do such work nor show such
events.
"""

import re

import sqlalchemy as sa

from alembic import op

revision = "20261124_exports"
down_revision = "20261124_broken_seals"
branch_labels = None
depends_on = None

_KINDS = ("jobs", "kind", "ck_jobs_jobkind", ("export",))
_EVENTS = ("audit_events", "action", "ck_audit_events_auditaction", ("export_requested", "export_downloaded"))


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
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("chunk_count", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'ready', 'failed', 'expired')", name=op.f("ck_exports_exportstate")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_exports_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_user_id"), "exports", ["user_id"])
    op.create_index(
        "uq_exports_user_id_pending",
        "exports",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "export_chunks",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_chunks_export_id_exports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "attempt", "number", name=op.f("pk_export_chunks")),
    )
    for table, column, name, added in (_KINDS, _EVENTS):
        _allow(table, column, name, [*_allowed(table, name), *added])


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'export'")
    for table, column, name, added in (_KINDS, _EVENTS):
        # Fails where such events are there: to remove or rename one would break its chain.
        _allow(table, column, name, [value for value in _allowed(table, name) if value not in added])
    op.drop_table("export_chunks")
    op.drop_table("exports")
