"""Two kinds of access: units of work, and single reads.

A *unit* is a transaction of one request: everything in it is stored, or nothing. A *statement* is a single
read on an autocommit connection: the authentication of a request is one.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from backend.core.config import Settings
from backend.core.database.driver import DriverUnit
from backend.core.database.engine import READS, create_engine
from backend.core.database.failures import CommitInDoubtError, may_be_stored, translated
from backend.core.database.lookups import Found, Lookup, PostgresLookups, SqliteLookups, first_slowly
from backend.core.database.queue import QueuedSession, Slot
from backend.core.errors import AppError, UnavailableError


class Database:
    """The engine and its queues. Create one for each event loop and dispose of it at the end."""

    def __init__(self, settings: Settings, *, is_patient: bool = False) -> None:
        """Prepare to connect.

        Args:
            settings: Where the database is, and how long to wait for it.
            is_patient: Whether statements may take however long, as those of migrations do.
        """
        self.is_sqlite = settings.database_url.get_backend_name() == "sqlite"
        self.engine = create_engine(settings, is_sqlite=self.is_sqlite, is_patient=is_patient)
        self._timeout = settings.database.acquire_timeout
        # Whoever holds a unit may wait for a statement, never the other way round: two queues, no deadlock.
        self._size = settings.database.pool_size
        half = settings.database.pool_size // 2
        self._statements = asyncio.Semaphore(half)
        self._reads = asyncio.Semaphore(max(1, settings.database.pool_size - half - 1))
        # SQLite has one writer. A fair queue here keeps the 99th percentile ten times lower than its own.
        self._writes = asyncio.Semaphore(1) if self.is_sqlite else self._reads
        self._reading = self.engine.execution_options(**_reading_options(settings, is_sqlite=self.is_sqlite))
        # Else a pooler may give each message of a statement to another server.
        self._has_autocommit = "isolation_level" in self._reading.sync_engine.get_execution_options()
        self._lookups = PostgresLookups(self._reading)
        self._local_lookups = SqliteLookups(settings.database_url) if self.is_sqlite else None

    @property
    def size(self) -> int:
        """How many connections may be in use at once."""
        return self._size

    @property
    def in_use(self) -> int:
        """How many connections are in use."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: commits at the end of the block, rolls back when it raises.

        An `AppError` whose class says `keeps_writes` commits and is raised on.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
            UnitUndoneError: The database undid it; it may be done again (`core/tries.py`).
            CommitInDoubtError: It is stored, or it is not: nobody knows.
        """
        slot = Slot(self._writes, self._timeout)
        session = _session(self.engine, slot)
        try:
            with translated():
                try:
                    yield session
                except AppError as error:
                    if error.keeps_writes:
                        await _commit(session)
                    raise
                await _commit(session)
        finally:
            await _close(session, slot)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reads, outside any transaction.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
        """
        slot = Slot(self._reads, self._timeout)
        session = _session(self._reading, slot)
        try:
            with translated():
                yield session
        finally:
            await _close(session, slot)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """Open an autocommit connection for one statement.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
        """
        slot = Slot(self._statements, self._timeout)
        try:
            with translated():
                await slot.take()
                connection = await self._lookups.connect()
                try:
                    yield connection
                finally:
                    await asyncio.shield(connection.close())
        finally:
            slot.give_back()

    async def look_up(self, lookup: Lookup, values: Mapping[str, Any]) -> Found:
        """Return the first row of a query that every request makes, as it is committed now.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
        """
        if self._local_lookups is not None:
            try:
                return self._local_lookups.first(lookup, values, self.engine.dialect)
            except sqlite3.Error:
                pass  # a thread may wait; this one may not
        slot = Slot(self._statements, self._timeout)
        try:
            with translated():
                await slot.take()
                if self._has_autocommit:
                    return await self._lookups.first(lookup, values)
                return await first_slowly(self._reading, lookup, values)
        finally:
            slot.give_back()

    @property
    def has_driver_units(self) -> bool:
        """Whether `driver_unit` can be opened here."""
        return self._has_autocommit

    @asynccontextmanager
    async def driver_unit(self) -> AsyncIterator[DriverUnit]:
        """Open a short unit of work on the driver: commits at the end of the block.

        It takes a place among the statements, and must wait for nobody who waits for one. What the driver
        refuses before the end was not stored; its error is the driver's own.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
            CommitInDoubtError: It is stored, or it is not: nobody knows.
        """
        slot = Slot(self._statements, self._timeout)
        try:
            with translated():
                await slot.take()
                async with self._lookups.transaction() as unit:
                    yield unit
        finally:
            slot.give_back()

    async def scrub(self) -> None:
        """Rewrite SQLite's file and empty its log, so that what was deleted is in neither.

        Deleted rows are overwritten at once, but a page that was split may keep a copy, and the log keeps
        pages as they were. Nobody writes meanwhile. PostgreSQL does both in its own time.

        Raises:
            UnavailableError: The database is busy.
        """
        if not self.is_sqlite:
            return
        async with self._writes, self.statement() as connection:
            await connection.exec_driver_sql("VACUUM")
            emptied = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            if emptied.scalar_one():
                raise UnavailableError

    async def dispose(self) -> None:
        """Close every connection."""
        if self._local_lookups is not None:
            self._local_lookups.close()
        await self._lookups.close()
        await self.engine.dispose()


def _session(engine: AsyncEngine, slot: Slot) -> AsyncSession:
    info = {"slot": slot, "dialect": engine.dialect.name}
    return AsyncSession(engine, sync_session_class=QueuedSession, info=info, expire_on_commit=False)


def _reading_options(settings: Settings, *, is_sqlite: bool) -> dict[str, Any]:
    if is_sqlite:
        return {READS: True}
    if settings.database.pooler == "transaction":
        # The driver prepares, then executes: outside a transaction the two may meet two servers.
        return {}
    return {"isolation_level": "AUTOCOMMIT"}


async def _commit(session: AsyncSession) -> None:
    await session.flush()
    try:
        await session.commit()
    except BaseException as error:
        # The engine believes that the transaction ended; the connection may still be in it. Nobody else may
        # be given that connection.
        await asyncio.shield(session.invalidate())
        if isinstance(error, Exception) and may_be_stored(error):
            raise CommitInDoubtError from error
        raise


async def _close(session: AsyncSession, slot: Slot) -> None:
    try:
        await asyncio.shield(_end(session))
    finally:
        slot.give_back()


async def _end(session: AsyncSession) -> None:
    try:
        with translated():
            await session.close()
    except UnavailableError:  # what the unit came to is known; only its connection is lost
        await session.invalidate()
