"""Say of receipts whether they were written outside the database, and let an erasure be repeated.

Works with the code before it and after it: that knows no account with two receipts, and writes no `anchored`.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_receipts_outside"
down_revision = "20261124_catalog_entries"
branch_labels = None
depends_on = None

_TABLE = "erasure_receipts"
_UNANCHORED = {"sqlite_where": sa.text("NOT anchored"), "postgresql_where": sa.text("NOT anchored")}


def upgrade() -> None:
    with op.batch_alter_table(_TABLE) as batch:
        batch.add_column(sa.Column("anchored", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.drop_constraint(op.f("uq_erasure_receipts_pseudonym"), type_="unique")
    op.create_index(op.f("ix_erasure_receipts_pseudonym"), _TABLE, ["pseudonym"])
    op.create_index("ix_erasure_receipts_unanchored", _TABLE, ["id"], **_UNANCHORED)


def downgrade() -> None:
    op.drop_index("ix_erasure_receipts_unanchored", _TABLE)
    op.drop_index(op.f("ix_erasure_receipts_pseudonym"), _TABLE)
    # The unique constraint takes one for each: the newest, whose chain tells of it.
    op.execute(
        "DELETE FROM erasure_receipts WHERE EXISTS (SELECT 1 FROM erasure_receipts AS newer "
        "WHERE newer.pseudonym = erasure_receipts.pseudonym AND newer.id > erasure_receipts.id)"
    )
    with op.batch_alter_table(_TABLE) as batch:
        batch.create_unique_constraint(op.f("uq_erasure_receipts_pseudonym"), ["pseudonym"])
        batch.drop_column("anchored")
