"""Create health profiles.

Works with the code before it and after it.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261123_health_profiles"
down_revision = "20261123_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "health_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("relationship", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "relationship IN ('self', 'child', 'partner', 'parent', 'other')",
            name=op.f("ck_health_profiles_relationship"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_health_profiles_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_profiles")),
    )
    op.create_index(op.f("ix_health_profiles_owner_id"), "health_profiles", ["owner_id"])
    is_own = sa.text("relationship = 'self'")
    op.create_index(
        "uq_health_profiles_owner_id_self",
        "health_profiles",
        ["owner_id"],
        unique=True,
        sqlite_where=is_own,
        postgresql_where=is_own,
    )


def downgrade() -> None:
    op.drop_table("health_profiles")
