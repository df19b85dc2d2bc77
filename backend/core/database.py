"""The database: one engine, short units of work, and one fair queue in front of it.

Two kinds of access. A *unit* is a transaction of one request: everything in it is stored, or nothing. A
*statement* is a single read on an autocommit connection: the authentication of a request is one.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Index, MetaData, UniqueConstraint, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.util import await_only

from backend.core.config import Settings
from backend.core.errors import AppError, UnavailableError

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

_READS = "safeplate_reads"
# Connection lost, too many connections or no memory, shutting down or cancelled, deadlock, lock timeout.
_PASSING_STATES = ("08", "53", "57", "40P01", "55P03")
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits in a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA secure_delete = ON",  # erased rows are overwritten, not only unlinked
    "PRAGMA trusted_schema = OFF",
)


class _Slot:
    """One place in a fair queue, taken at the first statement and given back when the unit ends."""

    def __init__(self, queue: asyncio.Semaphore, timeout: timedelta) -> None:
        self._queue = queue
        self._timeout = timeout.total_seconds()
        self._held = False

    async def take(self) -> None:
        if self._held:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._queue.acquire()
        except TimeoutError as error:
            raise UnavailableError from error
        self._held = True

    def give_back(self) -> None:
        if self._held:
            self._held = False
            self._queue.release()


class _QueuedSession(SyncSession):
    """Waits for its slot before the first statement, so that a request which hashes first blocks nobody."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401 - the signature is SQLAlchemy's
        await_only(self.info["slot"].take())
        return super().get_bind(*args, **kwargs)


class Database:
    """The engine and its queues. Create one for each event loop and dispose of it at the end."""

    def __init__(self, settings: Settings) -> None:
        self.is_sqlite = settings.database_url.get_backend_name() == "sqlite"
        self.engine = _create_engine(settings, is_sqlite=self.is_sqlite)
        self._timeout = settings.database.acquire_timeout
        # Whoever holds a unit may wait for a statement, never the other way round: two queues, no deadlock.
        half = settings.database.pool_size // 2
        self._statements = asyncio.Semaphore(half)
        self._reads = asyncio.Semaphore(max(1, settings.database.pool_size - half - 1))
        # SQLite has one writer. A fair queue here keeps the 99th percentile ten times lower than its own.
        self._writes = asyncio.Semaphore(1) if self.is_sqlite else self._reads
        self._reading = self.engine.execution_options(
            **({_READS: True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"})
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: commits at the end of the block, rolls back when it raises.

        An `AppError` whose class says `keeps_writes` commits and is raised on.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
        """
        slot = _Slot(self._writes, self._timeout)
        session = _session(self.engine, slot)
        try:
            with _translated():
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
        slot = _Slot(self._reads, self._timeout)
        session = _session(self._reading, slot)
        try:
            with _translated():
                yield session
        finally:
            await _close(session, slot)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """Open an autocommit connection for one statement.

        Raises:
            UnavailableError: The database cannot be reached or is busy.
        """
        slot = _Slot(self._statements, self._timeout)
        try:
            with _translated():
                await slot.take()
                async with self._reading.connect() as connection:
                    yield connection
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
        await self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the loss of the database into an answer that asks the caller to come back."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError, TimeoutError) as error:
        raise UnavailableError from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or state.startswith(_PASSING_STATES):
            raise UnavailableError from error
        raise


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


def _session(engine: AsyncEngine, slot: _Slot) -> AsyncSession:
    info = {"slot": slot, "dialect": engine.dialect.name}
    return AsyncSession(engine, sync_session_class=_QueuedSession, info=info, expire_on_commit=False)


async def _commit(session: AsyncSession) -> None:
    await session.flush()
    try:
        await session.commit()
    except BaseException:
        # The engine believes that the transaction ended; the connection may still be in it. Nobody else may
        # be given that connection.
        await asyncio.shield(session.invalidate())
        raise


async def _close(session: AsyncSession, slot: _Slot) -> None:
    try:
        await asyncio.shield(session.close())
    finally:
        slot.give_back()


def _create_engine(settings: Settings, *, is_sqlite: bool) -> AsyncEngine:
    timeout = settings.database.statement_timeout.total_seconds()
    engine = create_async_engine(
        settings.database_url,
        hide_parameters=True,  # otherwise bound values, e-mail addresses among them, stand in exception texts
        pool_size=settings.database.pool_size,
        max_overflow=0,
        pool_timeout=settings.database.acquire_timeout.total_seconds(),
        pool_pre_ping=False,
        connect_args={} if is_sqlite else {"command_timeout": timeout, "timeout": timeout, **_tls(settings)},
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _tls(settings: Settings) -> dict[str, ssl.SSLContext]:
    """Ask a server on another machine for TLS, with a certificate of its name that the system trusts.

    The driver itself would take TLS where it is offered, from whoever answers. An URL that says otherwise
    (`ssl=disable`, `ssl=require`) is obeyed.
    """
    url = settings.database_url
    named = url.query.get("host", ())
    hosts = [url.host or "", *((named,) if isinstance(named, str) else named)]
    if url.query.get("ssl", "verify-full") != "verify-full" or all(map(_is_here, hosts)):
        return {}
    return {"ssl": ssl.create_default_context()}


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine: no name, a socket's path, or the loopback."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own class
    connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Reading first and writing later would lose updates or fail as locked: take the write lock at once.
    if not connection.get_execution_options().get(_READS):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
