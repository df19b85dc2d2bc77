"""Which server of several is connected to, and what happens when it changes its mind."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import ValidationError
from sqlalchemy import make_url, text

from backend.core import migrations
from backend.core.config import Settings
from backend.core.database import Database, UnitUndoneError
from backend.core.errors import UnavailableError
from tests import postgres
from tests.factories import make_settings
from tests.loopback import free_port
from tests.wires import Wire, wire

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the URL of an empty database."""
    with postgres.database() as found:
        yield found


@pytest.fixture
async def frozen(url: str) -> AsyncIterator[tuple[Wire, int]]:
    """Return a server that takes connections and says nothing, until it is thawed, and its port."""
    parsed = make_url(url)
    async with wire(parsed.host or "127.0.0.1", parsed.port or 5432) as (laid, port):
        laid.is_mute = True
        yield laid, port


def _settings(folder: Path, url: str, hosts: str, query: str = "", **changes: object) -> Settings:
    parsed = make_url(url)
    user = f"{parsed.username}:{parsed.password}" if parsed.password else parsed.username
    database = {"url": f"postgresql://{user}@{hosts}/{parsed.database}?{query}"} | changes
    return make_settings(folder, database=database)


async def _ask(database: Database, question: str) -> object:
    async with database.unit() as session:
        answer: object = await session.scalar(text(question))
        return answer


@pytest.fixture
def here(url: str) -> str:
    """Return the host and port of the server."""
    parsed = make_url(url)
    return f"{parsed.host}:{parsed.port or 5432}"


async def test_a_host_that_refuses_or_hangs_is_passed_over(
    tmp_path: Path, url: str, here: str, frozen: tuple[Wire, int]
) -> None:
    refusing = free_port()
    hosts = f"127.0.0.1:{refusing},127.0.0.1:{frozen[1]},{here}"
    database = Database(_settings(tmp_path, url, hosts, connect_timeout="PT0.5S"))

    assert await _ask(database, "SELECT 1") == 1
    tried = frozen[0].connections
    await database.engine.dispose()
    assert await _ask(database, "SELECT 1") == 1
    await database.dispose()

    assert (tried, frozen[0].connections) == (1, 1)  # the next connection begins with the one that works


async def test_the_time_out_of_the_url_is_each_hosts_own(
    tmp_path: Path, url: str, here: str, frozen: tuple[Wire, int]
) -> None:
    hosts = f"127.0.0.1:{frozen[1]},127.0.0.1:{frozen[1]},{here}"
    database = Database(_settings(tmp_path, url, hosts, "connect_timeout=1", connect_timeout="PT5M"))

    assert await _ask(database, "SELECT 1") == 1
    await database.dispose()


async def test_where_no_host_lets_in_the_caller_is_asked_to_come_back(
    tmp_path: Path, url: str, frozen: tuple[Wire, int]
) -> None:
    refusing = free_port()
    hosts = f"127.0.0.1:{refusing},127.0.0.1:{frozen[1]}"
    database = Database(_settings(tmp_path, url, hosts, connect_timeout="PT0.2S"))

    with pytest.raises(UnavailableError) as caught:
        await _ask(database, "SELECT 1")
    await database.dispose()

    assert not isinstance(caught.value, UnitUndoneError)  # every host was tried: not again at once
    reason = str(caught.value.__cause__)
    assert f"127.0.0.1:{refusing}: " in reason
    assert f"127.0.0.1:{frozen[1]}: TimeoutError" in reason


@pytest.fixture
async def read_only(url: str) -> AsyncIterator[str]:
    """Let a role see every transaction as read-only, as on a standby, and return its name."""
    name = "safeplate_test_standby"
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"CREATE ROLE {name} LOGIN; ALTER ROLE {name} SET default_transaction_read_only = on"
    )
    yield name
    await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    await connection.close()


async def test_a_server_that_takes_no_writes_is_passed_over(
    tmp_path: Path, url: str, here: str, read_only: str
) -> None:
    name = make_url(url).database
    for query, is_passed_over in [("target_session_attrs=read-write", True), ("", False)]:
        settings = {"url": f"postgresql://{read_only}@{here}/{name}?{query}"}
        database = Database(make_settings(tmp_path, database=settings))
        if is_passed_over:
            with pytest.raises(UnavailableError) as caught:
                await _ask(database, "SELECT 1")
            assert "is not read-write" in str(caught.value.__cause__)
        else:
            assert await _ask(database, "SHOW transaction_read_only") == "on"
        await database.dispose()


async def test_connections_to_a_server_that_became_read_only_are_all_dropped(
    tmp_path: Path, url: str, here: str
) -> None:
    database = Database(_settings(tmp_path, url, here))
    before = await _pids(database)

    with pytest.raises(UnitUndoneError):
        await _write_to_a_standby(database)
    after = await _pids(database)

    await database.dispose()
    assert len(before) > 1
    assert before.isdisjoint(after)


async def _write_to_a_standby(database: Database) -> None:
    async with database.unit() as session:
        await session.execute(text("SET LOCAL transaction_read_only = on"))
        await session.execute(text("CREATE TABLE refused (a int)"))


async def _pids(database: Database) -> set[object]:
    """Return the server's processes behind the connections of a pool."""
    return set(
        await asyncio.gather(*(_ask(database, "SELECT pg_backend_pid(), pg_sleep(0.2)") for _ in range(4)))
    )


async def test_a_statement_of_a_frozen_server_ends_and_new_connections_go_elsewhere(
    tmp_path: Path, url: str, here: str, frozen: tuple[Wire, int]
) -> None:
    laid, port = frozen
    laid.is_mute = False
    settings = _settings(
        tmp_path, url, f"127.0.0.1:{port},{here}", connect_timeout="PT0.3S", statement_timeout="PT0.5S"
    )
    database = Database(settings)
    assert await _ask(database, "SELECT 1") == 1
    laid.is_mute = True

    with pytest.raises(UnavailableError):
        await _ask(database, "SELECT 1")
    answered = await _ask(database, "SELECT 1")

    laid.is_mute = False
    await database.dispose()
    assert answered == 1


async def test_the_server_is_told_how_long_things_may_take(tmp_path: Path, url: str, here: str) -> None:
    times = {"statement_timeout": "PT10S", "lock_timeout": "PT2S", "idle_timeout": "PT20S"}
    database = Database(_settings(tmp_path, url, here, "application_name=kitchen", **times))

    told = [
        await _ask(database, f"SHOW {name}")
        for name in (
            "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name",
        )
    ]  # fmt: skip
    await database.dispose()

    # PostgreSQL's own comes after ours: what it cancels while it commits counts as committed.
    assert told == ["15s", "2s", "20s", "kitchen"]


async def test_a_migration_may_take_longer_than_a_request(tmp_path: Path, url: str, here: str) -> None:
    settings = _settings(tmp_path, url, here, statement_timeout="PT0.1S", lock_timeout="PT0.1S")
    shown: list[object] = []

    await migrations.run_locked(
        settings, lambda connection: shown.append(connection.scalar(text("SELECT pg_sleep(0.5), 1 AS one")))
    )

    assert len(shown) == 1


def test_an_option_that_is_not_obeyed_is_named_and_the_url_is_not(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, "postgresql://user:s3cret@host/db?sslcrl=/etc/crl")

    assert "the option 'sslcrl' is not understood" in str(caught.value)
    assert "s3cret" not in str(caught.value)
