"""Reads that every request makes: compiled once by SQLAlchemy, run on the driver itself.

What SQLAlchemy does around a statement costs more than the statement: two changes of greenlets, and on SQLite
two of threads. Whatever the driver cannot do, or refuses, is done again on SQLAlchemy's way, with its errors.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Dialect, Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from backend.core.database.bindings import Bindings, Convert, of_driver
from backend.core.database.driver import DriverUnit
from backend.core.database.failures import CommitInDoubtError, leads_nowhere

# While a connection is kept, the pool cannot replace it: after a failover it may lead to the old primary.
_KEPT_SECONDS: Final = 1.0

Found = tuple[Any, ...] | None
"""The first row, or None where there is none."""


class _Compiled(NamedTuple):
    """A statement as one driver takes it.

    Attributes:
        columns: What converts each column; None where the driver's value is right.
    """

    text: str
    bindings: Bindings
    columns: tuple[Convert | None, ...]

    def read(self, row: Any) -> Found:  # noqa: ANN401 - each driver has a class of its own
        """Return a row's values as the columns' types have them."""
        if row is None:
            return None
        return tuple(
            convert(value) if convert else value for convert, value in zip(self.columns, row, strict=True)
        )


class Lookup:
    """A query for one row. Make it once for each module; its parameters are single values."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self.query = query
        self._compiled: dict[str, _Compiled] = {}

    def compiled(self, dialect: Dialect) -> _Compiled:
        """Return the statement for a driver."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self.query, dialect)
        return found


class _KeptConnection(NamedTuple):
    connection: AsyncConnection
    pooled: PoolProxiedConnection
    driver: Any  # asyncpg's, which brings no types
    since: float


class PostgresLookups:
    """Runs lookups on connections of the pool, each of which is kept for a second."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._idle: list[_KeptConnection] = []

    async def first(self, lookup: Lookup, values: Mapping[str, Any]) -> Found:
        """Return the first row. The caller holds a place in the queue of statements."""
        compiled = lookup.compiled(self._engine.dialect)
        kept = await self._take()
        try:
            row = await kept.driver.fetchrow(compiled.text, *compiled.bindings.bind(values))
        except BaseException as error:
            await self._give_up(kept, error)
            if isinstance(error, TimeoutError) or not isinstance(error, Exception):
                raise
            return await first_slowly(self._engine, lookup, values)
        self._idle.append(kept)
        return compiled.read(row)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DriverUnit]:
        """Open a transaction on the driver. The caller holds a place in the queue of statements.

        Raises:
            CommitInDoubtError: It is stored, or it is not: nobody knows.
        """
        kept = await self._begin()
        try:
            yield DriverUnit(kept.driver, self._engine.dialect)
            try:
                await kept.driver.execute("COMMIT")
            except Exception as error:
                raise CommitInDoubtError from error
        except BaseException as error:
            await self._give_up(kept, error.__cause__ or error)  # and with it what was not committed
            raise
        self._idle.append(kept)

    async def connect(self) -> AsyncConnection:
        """Return a connection for another statement: beside those kept there may be room for no more."""
        return self._idle.pop().connection if self._idle else await self._engine.connect()

    async def close(self) -> None:
        """Give back every connection."""
        while self._idle:
            await self._idle.pop().connection.close()

    async def _begin(self) -> _KeptConnection:
        """Begin on a connection; on another where its server turns out to be gone: nothing was done yet."""
        kept = await self._take()
        try:
            return await self._begin_on(kept)
        except Exception as error:
            if isinstance(error, TimeoutError) or not leads_nowhere(error):
                raise
        return await self._begin_on(await self._take())  # of those that were there, none is left

    async def _begin_on(self, kept: _KeptConnection) -> _KeptConnection:
        try:
            await kept.driver.execute("BEGIN")
        except BaseException as error:
            await self._give_up(kept, error)
            raise
        return kept

    async def _give_up(self, kept: _KeptConnection, error: BaseException) -> None:
        """Drop a connection, and all others with it where its server is of no more use.

        SQLAlchemy does so for errors that it sees (`failures.drop_lost_connections`); of these it sees none.
        """
        if leads_nowhere(error):
            # The pool has no other word for it: it makes those anew that are older than this moment.
            self._engine.sync_engine.pool._invalidate(kept.pooled, error, _checkin=False)  # noqa: SLF001
        await asyncio.shield(_drop(kept.connection))
        if leads_nowhere(error):
            await asyncio.shield(self.close())

    async def _take(self) -> _KeptConnection:
        while self._idle:
            kept = self._idle.pop()
            if time.monotonic() - kept.since < _KEPT_SECONDS and not kept.driver.is_closed():
                return kept
            await asyncio.shield(kept.connection.close())
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return _KeptConnection(connection, raw, raw.driver_connection, time.monotonic())


class SqliteLookups:
    """Runs lookups on a connection of its own in the event loop's thread: a few pages, mostly in memory.

    In WAL mode a reader waits for nobody. Where it would have to, as while a log is recovered, it gives up at
    once, and SQLAlchemy's threads wait instead.
    """

    def __init__(self, url: URL) -> None:
        self._path = url.database if url.database and not url.query and url.database != ":memory:" else None
        self._connection: sqlite3.Connection | None = None

    def first(self, lookup: Lookup, values: Mapping[str, Any], dialect: Dialect) -> Found:
        """Return the first row.

        Raises:
            sqlite3.Error: It cannot be told at once, or not at all.
        """
        compiled = lookup.compiled(dialect)
        cursor = self._connected().execute(compiled.text, compiled.bindings.bind(values))
        try:
            return compiled.read(cursor.fetchone())
        finally:
            cursor.close()  # ends the read, and with it what the log must be kept for

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._path is None:
                raise sqlite3.NotSupportedError("not a plain file")
            file = (
                f"{Path(self._path).absolute().as_uri()}?mode=rw"  # a database that is not there is not made
            )
            connection = sqlite3.connect(file, uri=True, timeout=0, isolation_level=None)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            self._connection = connection
        return self._connection


async def first_slowly(engine: AsyncEngine, lookup: Lookup, values: Mapping[str, Any]) -> Found:
    """Return the first row, by SQLAlchemy."""
    async with engine.connect() as connection:
        row = (await connection.execute(lookup.query, values)).first()
    return None if row is None else tuple(row)


async def _drop(connection: AsyncConnection) -> None:
    try:
        await connection.invalidate()
    finally:
        await connection.close()


def _compile(query: Select[*tuple[Any, ...]], dialect: Dialect) -> _Compiled:
    compiled: Any = query.compile(dialect=dialect)
    return _Compiled(
        text=str(compiled),
        bindings=Bindings.of(compiled, dialect),
        columns=tuple(
            of_driver(column.type, dialect).result_processor(dialect, None)
            for column in query.selected_columns
        ),
    )
