"""Create revisions of health profiles, and keep every profile's present version as one.

Works with the code before it and after it. What processes of the earlier release still write has no revision.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_profile_revisions"
down_revision = "20261124_address_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "health_profile_revisions",
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["health_profiles.id"],
            name=op.f("fk_health_profile_revisions_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("profile_id", "version", name=op.f("pk_health_profile_revisions")),
    )
    # A document is sealed for its version: the same bytes are the revision.
    op.execute(
        "INSERT INTO health_profile_revisions (profile_id, version, document, author_id, recorded_at) "
        "SELECT id, version, document, owner_id, updated_at FROM health_profiles"
    )


def downgrade() -> None:
    op.drop_table("health_profile_revisions")
