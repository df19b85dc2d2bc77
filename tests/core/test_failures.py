"""Whatever a driver says when a server is lost asks the caller to come back; a fault of ours stays one."""

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Integer, bindparam, cast, func, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import tries
from backend.core.database import CommitInDoubtError, Database, DriverStatement, Lookup, UnitUndoneError
from backend.core.errors import NotFoundError, UnavailableError
from tests import postgres
from tests.factories import make_settings
from tests.wires import Wire, wire

pytestmark = pytest.mark.anyio

_ONE = Lookup(select(cast(bindparam("number"), Integer)))
_PROCESS = DriverStatement(select(func.pg_backend_pid()))
_FETCH = "asyncpg.prepared_stmt.PreparedStatement.fetch"
_CLOSED = "unable to perform operation on <TCPTransport closed=True reading=False>; the handler is closed"

UNDONE = [
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    asyncpg.CannotConnectNowError("the database system is shutting down"),
    asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    OSError(errno.EHOSTUNREACH, "No route to host"),
    ssl.SSLError("EOF occurred in violation of protocol"),
    RuntimeError(_CLOSED),
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
]
REFUSED = [
    TimeoutError(),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.QueryCanceledError("canceling statement due to user request"),
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
]
OURS = [
    (asyncpg.DataError("invalid input for query argument $1"), DBAPIError),
    (asyncpg.UndefinedTableError("no such table"), DBAPIError),
    (OSError(errno.ENOSPC, "No space left on device"), OSError),
    (RuntimeError("ours"), RuntimeError),
]
MEANINGS = [
    *((error, UnitUndoneError) for error in UNDONE), *((error, UnavailableError) for error in REFUSED), *OURS
]  # fmt: skip


async def _look_up(database: Database) -> object:
    return await database.look_up(_ONE, {"number": 1})


async def _read(database: Database) -> object:
    async with database.reader() as session:
        return await session.scalar(text("SELECT 1"))


async def _write(database: Database) -> object:
    async with database.unit() as session:
        return await session.scalar(text("SELECT 1"))


async def _state(database: Database) -> object:
    async with database.statement() as connection:
        return (await connection.execute(text("SELECT 1"))).scalar()


_STATEMENTS = ("asyncpg.Connection.prepare", "asyncpg.Connection.fetchrow", _FETCH)
Access = Callable[[Database], Awaitable[object]]
ACCESSES: list[Access] = [_look_up, _read, _write, _state]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the URL of an empty database."""
    with postgres.database() as found:
        yield found


@pytest.fixture
async def database(tmp_path: Path, url: str) -> AsyncIterator[Database]:
    """Return the service's way to it."""
    found = Database(make_settings(tmp_path, database={"url": url}))
    yield found
    await found.dispose()


def _failing(patch: pytest.MonkeyPatch, error: Exception, *methods: str) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    for method in methods:
        patch.setattr(method, fail)


async def test_what_a_driver_says_means_the_same_in_every_access(database: Database) -> None:
    found = {}
    for error, meaning in MEANINGS:
        for access in ACCESSES:
            await access(database)
            with pytest.MonkeyPatch.context() as patch:
                _failing(patch, error, *_STATEMENTS)
                with pytest.raises(Exception) as caught:
                    await access(database)
            said = caught.value
            if type(said) is not meaning and not (meaning is DBAPIError and isinstance(said, meaning)):
                found[repr(error), access.__name__] = said
        assert await _write(database) == 1

    assert not found


async def test_a_connection_that_is_lost_while_it_is_prepared_asks_the_caller_to_come_back(
    database: Database,
) -> None:
    for error in [*UNDONE[:-2], TimeoutError()]:
        await database.dispose()
        with pytest.MonkeyPatch.context() as patch:
            _failing(patch, error, "asyncpg.Connection.set_type_codec")
            for access in ACCESSES:
                with pytest.raises(UnavailableError):
                    await access(database)

    assert await _read(database) == 1


@asynccontextmanager
async def _wired(url: str, folder: Path) -> AsyncIterator[tuple[Wire, Database]]:
    parsed = make_url(url)
    async with wire(parsed.host or "127.0.0.1", parsed.port or 5432) as (laid, port):
        there = parsed.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        database = Database(make_settings(folder, database={"url": f"{there}?application_name=wired"}))
        try:
            yield laid, database
        finally:
            await database.dispose()


async def _end_all(database: Database) -> None:
    """Let the server end the connections over the wire, each with its last words."""
    async with database.unit() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'wired'"
            )
        )
    await asyncio.sleep(0.1)  # until they are read


async def test_the_last_words_of_a_server_on_an_idle_connection_are_no_fault_of_ours(
    database: Database, url: str, tmp_path: Path
) -> None:
    for access in ACCESSES:
        async with _wired(url, tmp_path / "wired") as (laid, wired):
            await access(wired)
            laid.hides_end = True
            await _end_all(database)
            laid.hides_end = False
            first, *others = [await _outcome(access, wired) for _ in range(tries.MOST)]

        if access is _look_up:  # goes another way by itself
            assert first == (1,)
        else:
            assert isinstance(first, UnitUndoneError)
            assert isinstance(first.__cause__, DBAPIError)
            assert isinstance(first.__cause__.driver_exception, asyncpg.InternalClientError)
        assert not isinstance(others[-1], Exception)


async def test_a_unit_on_the_driver_begins_on_another_connection_where_the_server_has_ended_its_own(
    database: Database, url: str, tmp_path: Path
) -> None:
    async with _wired(url, tmp_path / "wired") as (laid, wired):
        await _look_up(wired)  # keeps a connection
        laid.hides_end = True
        await _end_all(database)
        laid.hides_end = False

        async with wired.driver_unit() as unit:
            rows = await unit.fetch(_PROCESS, {})

    assert len(rows) == 1


@pytest.mark.parametrize("error", [UNDONE[1], TimeoutError()])
async def test_a_server_that_fails_a_unit_on_the_driver_is_left_by_all(
    database: Database, error: Exception
) -> None:
    lookups = database._lookups
    kept = await asyncio.gather(*(lookups._take() for _ in range(3)))  # several, each in use
    old = {each.driver.get_server_pid() for each in kept}
    lookups._idle.extend(kept)
    async with database.unit() as session:  # one more, which goes back to the pool
        old.add(await session.scalar(text("SELECT pg_backend_pid()")))

    with pytest.raises(UnavailableError):
        async with database.driver_unit():
            raise error

    assert len(old) == 4
    assert not lookups._idle
    async with database.driver_unit() as unit:
        ((found,),) = await unit.fetch(_PROCESS, {})
    async with database.unit() as session:
        also = await session.scalar(text("SELECT pg_backend_pid()"))
    assert not old & {found, also}


async def _outcome(access: Access, database: Database) -> object:
    try:
        return await access(database)
    except UnavailableError as error:
        return error


async def _refuse_on_a_lost_connection(session: AsyncSession, database: Database) -> None:
    pid = await session.scalar(text("SELECT pg_backend_pid()"))
    async with database.unit() as other:
        await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    assert driver is not None
    async with asyncio.timeout(5):
        while not driver.is_closed():  # noqa: ASYNC110 - the driver has no event for it
            await asyncio.sleep(0.01)
    raise NotFoundError


async def test_a_refusal_stays_one_when_the_connection_is_lost_behind_it(database: Database) -> None:
    with pytest.raises(NotFoundError):
        async with database.unit() as session:
            await _refuse_on_a_lost_connection(session, database)

    assert await _write(database) == 1


async def test_a_commit_that_may_have_been_sent_is_in_doubt_and_no_other(database: Database) -> None:
    cases: list[tuple[Exception, type[Exception]]] = [
        (asyncpg.ConnectionDoesNotExistError("connection was closed"), CommitInDoubtError),
        (asyncpg.InternalClientError("got result for unknown protocol state 3"), CommitInDoubtError),
        (ConnectionResetError(), CommitInDoubtError),
        (TimeoutError(), CommitInDoubtError),
        (RuntimeError(_CLOSED), UnitUndoneError),  # it was never sent
        (asyncpg.InterfaceError("connection is closed"), UnavailableError),
    ]
    for error, meaning in cases:
        with pytest.MonkeyPatch.context() as patch:
            _failing(patch, error, "asyncpg.transaction.Transaction.commit")
            with pytest.raises(UnavailableError) as caught:
                await _write(database)
        assert type(caught.value) is meaning, error

        assert await _write(database) == 1
