"""Which rows go with an account: found by walking the foreign keys, so that no table can be forgotten."""

import uuid
from collections.abc import Iterator

from sqlalchemy import ColumnElement, CursorResult, Table, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import metadata
from backend.models.users import User


def tables() -> Iterator[tuple[Table, bool]]:
    """Return every table, and whether rows of it go with an account; who refers to another comes first."""
    for table in reversed(metadata.sorted_tables):
        yield table, _belongs(table, uuid.UUID(int=0)) is not None


async def delete_all(session: AsyncSession, user_id: uuid.UUID) -> dict[str, int]:
    """Delete an account and every row that goes with it; return how many rows each table had.

    The database would cascade by itself. Table by table it says how many there were.
    """
    await _lock(session, user_id)
    rows: dict[str, int] = {}
    for table, condition in _conditions(user_id):
        query = delete(table).where(condition).execution_options(synchronize_session=False)
        result = await session.execute(query)
        rows[table.name] = result.rowcount if isinstance(result, CursorResult) else 0
    return rows


async def _lock(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Lock the rows that others refer to, before those that do: whoever writes a profile locks it first.

    Otherwise each could hold what the other waits for.
    """
    conditions = dict(_conditions(user_id))
    for table in metadata.sorted_tables:
        if table in conditions and any(table in _parents(other) for other in conditions):
            keys = select(*table.primary_key.columns).where(conditions[table])
            await session.execute(keys.order_by(*table.primary_key.columns).with_for_update())


def _parents(table: Table) -> set[Table]:
    return {key.column.table for key in table.foreign_keys}


async def count_all(session: AsyncSession, user_id: uuid.UUID) -> dict[str, int]:
    """Return how many rows of an account there are, by table, of tables that have any."""
    rows: dict[str, int] = {}
    for table, condition in _conditions(user_id):
        found = await session.scalar(select(func.count()).select_from(table).where(condition))
        if found:
            rows[table.name] = found
    return rows


def _conditions(user_id: uuid.UUID) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    for table in reversed(metadata.sorted_tables):
        condition = _belongs(table, user_id)
        if condition is not None:
            yield table, condition


def _belongs(table: Table, user_id: uuid.UUID) -> ColumnElement[bool] | None:
    """Return what is true of the rows of a table that go with an account; None where none does."""
    users = metadata.tables[User.__tablename__]
    if table is users:
        return users.c.id == user_id
    ways: list[ColumnElement[bool]] = []
    for key in table.foreign_keys:
        parent = key.column.table
        if key.ondelete != "CASCADE" or parent is table:
            continue
        if parent is users:
            ways.append(key.parent == user_id)
            continue
        above = _belongs(parent, user_id)
        if above is not None:
            ways.append(key.parent.in_(select(key.column).where(above)))
    return or_(*ways) if ways else None
