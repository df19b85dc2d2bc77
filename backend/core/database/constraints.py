"""The schema's names: tables, constraints, and which of them was violated."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Index, MetaData, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""All tables. Services match on constraint names, so every name follows from its table."""


def violates(error: IntegrityError, constraint: str) -> bool:
    """Tell whether the error is a violation of the constraint or unique index of that name.

    PostgreSQL reports the name, SQLite the columns ("UNIQUE constraint failed: users.email_key").
    """
    cause = getattr(error.orig, "__cause__", None)
    if (name := getattr(cause, "constraint_name", None)) is not None:
        return bool(name == constraint)
    message = str(error.orig)
    if constraint.startswith("fk_"):
        return "FOREIGN KEY constraint failed" in message  # SQLite does not say which
    _, _, columns = message.partition("UNIQUE constraint failed: ")
    return bool(columns) and columns == _columns_of(constraint)


def insert_into(
    session: AsyncSession, table: type[Any], *rows: Mapping[str, Any]
) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what shall happen on a conflict: each dialect has one of its own."""
    insert = sqlite.insert if session.info["dialect"] == "sqlite" else postgresql.insert
    return insert(table).values([dict(row) for row in rows])


def _columns_of(constraint: str) -> str:
    for table in metadata.tables.values():
        uniques: list[UniqueConstraint | Index] = [*table.indexes]
        uniques += [item for item in table.constraints if isinstance(item, UniqueConstraint)]
        for unique in uniques:
            if unique.name == constraint:
                return ", ".join(f"{table.name}.{column.name}" for column in unique.columns)
    message = f"no unique constraint is called {constraint}"
    raise LookupError(message)
