"""Compare normal forms by code points, so that their unique indexes serve searches by prefix too.

Works with the code before it and after it. SQLite compares so already. PostgreSQL builds the two indexes
anew, under a lock.
"""

import sqlalchemy as sa

from alembic import op

revision = "20261124_code_points"
down_revision = "20261124_credentials"
branch_labels = None
depends_on = None

_WIDTHS = {"email_key": 512, "username_key": 256}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column, width in _WIDTHS.items():
            op.alter_column("users", column, type_=sa.String(width, collation="C"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column, width in _WIDTHS.items():
            op.alter_column("users", column, type_=sa.String(width, collation="default"))
