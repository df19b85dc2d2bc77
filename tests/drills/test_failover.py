"""A primary is switched, killed, or frozen for 45 s and thawed: two nodes under Patroni, replicated in step.

The service knows both hosts, and asks for the one that takes writes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.drills.cluster import Cluster, cluster
from tests.drills.conftest import Tell
from tests.drills.load import Ledger, people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

CALM: Final = 5.0
FROZEN: Final = 45.0
"""Seconds: longer than the lock lives, so that the other node has taken over when the first thaws."""
MOST: Final = {"switched over": 10.0, "killed": 40.0, "frozen": 45.0}
"""Seconds without service. Published of the database alone: 2.5 s planned, 20 s for a crash (ttl 20)."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """Return a cluster whose nodes are both up."""
    with cluster() as found:
        yield found


@asynccontextmanager
async def _under_load(nodes: Cluster, folder: Path, name: str) -> AsyncIterator[tuple[Ledger, str]]:
    """Serve people on a new database of the cluster, and look afterwards for what they were told."""
    nodes.await_both()
    connection = await asyncpg.connect(nodes.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false", "SAFEPLATE_DATABASE__URL": nodes.url(name)}
    server = start(folder, "--workers", "2", **off)
    try:
        async with people(server.url, 8, patience=60) as load:
            async with load.running() as ledger:
                await asyncio.sleep(CALM)
                yield ledger, server.url
                await _until_served(ledger)
                await asyncio.sleep(CALM)
            await load.verify(server.url)
    finally:
        stop(server)


async def _until_served(ledger: Ledger) -> None:
    """Wait until many are served again, for a minute and a half at most."""
    async with asyncio.timeout(90):
        await ledger.more(20)


def _tell(tell: Tell, ledger: Ledger, what: str, *, moved: bool) -> None:
    most = MOST[what]
    bar = f"another node leads, out at most {most:.0f} s"
    tell(ledger.finding(f"primary {what}, 2 nodes under Patroni", bar, holds=moved and ledger.outage <= most))


async def test_a_planned_switch_loses_nothing(nodes: Cluster, data_dir: Path, tell: Tell) -> None:
    async with _under_load(nodes, data_dir, "switched") as (ledger, _):
        before = nodes.primary()
        await asyncio.to_thread(nodes.switch_over)
        await _until_served(ledger)

    _tell(tell, ledger, "switched over", moved=nodes.primary() is not before)


async def test_a_killed_primary_loses_nothing(nodes: Cluster, data_dir: Path, tell: Tell) -> None:
    async with _under_load(nodes, data_dir, "killed") as (ledger, _):
        before = nodes.primary()
        before.kill()
        await _until_served(ledger)
        moved = nodes.primary() is not before
        nodes.start(before)

    _tell(tell, ledger, "killed", moved=moved)


async def test_a_primary_that_freezes_and_thaws_loses_nothing(
    nodes: Cluster, data_dir: Path, tell: Tell
) -> None:
    async with _under_load(nodes, data_dir, "frozen") as (ledger, _):
        before = nodes.primary()
        before.freeze()
        await asyncio.sleep(FROZEN)
        before.thaw()
        await _until_served(ledger)
        await asyncio.sleep(CALM)
        moved = nodes.primary() is not before

    _tell(tell, ledger, "frozen", moved=moved)
