"""Others hold every connection that PostgreSQL has: 503 with Retry-After, and service again once they let go."""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg
import httpx2
import pytest

from tests import postgres_server
from tests.drills.conftest import Tell
from tests.drills.load import MINE, people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

CONNECTIONS: Final = 24
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


async def _ended(url: str, own: str) -> None:
    """End the connections of the service, as an operator or a proxy would: the others take their places."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{own}'")
    await connection.close()


async def test_without_connections_callers_are_asked_to_come_back(data_dir: Path, tell: Tell) -> None:
    started = postgres_server.start(f"-c max_connections={CONNECTIONS}")
    if started is None:
        pytest.skip("no PostgreSQL could be started")
    root, _ = started
    for role in ("safeplate", "others"):
        connection = await asyncpg.connect(root)
        await connection.execute(f"CREATE ROLE {role} LOGIN")
        await connection.execute("CREATE DATABASE safeplate OWNER safeplate") if role == "safeplate" else None
        await connection.close()
    place = root.partition("@")[2].partition("/")[0]
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
    url = f"postgresql://safeplate@{place}/safeplate"
    server = start(data_dir, SAFEPLATE_DATABASE__URL=url, **off)
    try:
        async with people(server.url, 16) as load:
            writer = load.writers[0]
            async with load.running() as ledger:
                await asyncio.sleep(CALM)
                taken = await _take_all(f"postgresql://others@{place}/postgres")
                await _ended(root, "safeplate")
                taken += await _take_all(f"postgresql://others@{place}/postgres")
                await asyncio.sleep(CALM)
                async with httpx2.AsyncClient(base_url=server.url) as client:
                    refusal = await client.get(MINE, headers=writer.person.headers)
                    ready = await client.get("/readyz")
                for connection in taken:
                    await connection.close()
                freed = asyncio.get_running_loop().time()
                before = ledger.acknowledged
                while ledger.acknowledged < before + len(load.writers):
                    await asyncio.sleep(0.01)
                recovery = asyncio.get_running_loop().time() - freed
                await asyncio.sleep(CALM)
            await load.verify(server.url)
    finally:
        stop(server)

    holds = (
        refusal.status_code == ready.status_code == 503 and "retry-after" in refusal.headers
        and set(ledger.statuses) <= {200, 412, 503} and recovery <= MOST
    )  # fmt: skip
    bar = f"503 with Retry-After and nothing else, served within {MOST:.0f} s of the first free one"
    notes = {"taken by others": len(taken), "recovery (s)": round(recovery, 2)}
    tell(ledger.finding("PostgreSQL out of connections", bar, holds=holds, **notes))
