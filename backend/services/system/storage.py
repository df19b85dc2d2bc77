"""Looking at how the database itself stores what we gave it: pages, references and indexes."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core.database import Database
from backend.schemas.system import Finding, FindingState

_CHECK: Final = "storage"
_SHOWN: Final = 20
_INDEXES: Final = text(
    "SELECT c.oid::regclass::text AS name, bt_index_check(index => c.oid, heapallindexed => true) "
    "FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS am ON am.oid = c.relam "
    "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE am.amname = 'btree' AND n.nspname = 'public' AND i.indisvalid"
)


async def examine_storage(database: Database) -> AsyncIterator[Finding]:
    """Read every page (SQLite), or hold every index against its table (PostgreSQL with `amcheck`)."""
    async with database.statement() as connection:
        examine = _sqlite if database.is_sqlite else _postgresql
        async for finding in examine(connection):
            yield finding


async def _sqlite(connection: AsyncConnection) -> AsyncIterator[Finding]:
    pages = await connection.exec_driver_sql(f"PRAGMA integrity_check({_SHOWN})")
    faults = [str(row[0]) for row in pages if row[0] != "ok"]
    loose = await connection.exec_driver_sql("PRAGMA foreign_key_check")
    faults += [f"a row of {row.table} refers to nothing" for row in loose.fetchmany(_SHOWN)]
    for fault in faults:
        yield Finding(check=_CHECK, state=FindingState.WRONG, detail=fault)
    if not faults:
        yield Finding(check=_CHECK, state=FindingState.OK, detail="every page and every reference is whole")


async def _postgresql(connection: AsyncConnection) -> AsyncIterator[Finding]:
    has = await connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'"))
    may = has and await connection.scalar(
        text(
            "SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc "
            "WHERE proname = 'bt_index_check'"
        )
    )
    if not may:
        detail = (
            "indexes are not looked at: run `CREATE EXTENSION amcheck`, and grant EXECUTE on its functions"
        )
        yield Finding(check=_CHECK, state=FindingState.NOTE, detail=detail)
        return
    checked = len((await connection.execute(_INDEXES)).all())
    yield Finding(check=_CHECK, state=FindingState.OK, detail=f"{checked} indexes fit their tables")
