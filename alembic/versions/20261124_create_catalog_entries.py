"""Create catalogue entries.

Works with the code before it and after it, but that the code before cannot show events about them.
"""

import re

import sqlalchemy as sa

from alembic import op

revision = "20261124_catalog_entries"
down_revision = "20261124_erasure"
branch_labels = None
depends_on = None

_EVENTS = ("catalog_entry_added", "catalog_entry_changed", "catalog_entry_retired", "catalog_entry_restored")
_CHECK = "ck_audit_events_auditaction"


def _allowed() -> tuple[str, ...]:
    """Return the events that the constraint allows now, whichever revisions came before."""
    for constraint in sa.inspect(op.get_bind()).get_check_constraints("audit_events"):
        if constraint["name"] == _CHECK:
            return tuple(re.findall(r"'(\w+)'", constraint["sqltext"]))
    raise LookupError(_CHECK)


def _allow(actions: tuple[str, ...]) -> None:
    with op.batch_alter_table("audit_events") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.create_check_constraint(op.f(_CHECK), f"action IN ({', '.join(map(repr, actions))})")


def upgrade() -> None:
    op.create_table(
        "catalog_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('allergy', 'diet', 'condition')", name=op.f("ck_catalog_entries_requirementtype")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_entries")),
        sa.UniqueConstraint("code", name=op.f("uq_catalog_entries_code")),
    )
    op.create_table(
        "catalog_state",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_state")),
    )
    _allow((*_allowed(), *_EVENTS))


def downgrade() -> None:
    # Fails where such events are there: to remove or rename one would break its chain.
    _allow(tuple(action for action in _allowed() if action not in _EVENTS))
    op.drop_table("catalog_state")
    op.drop_table("catalog_entries")
