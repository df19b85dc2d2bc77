"""The schema goes back a revision and forward again under a service of this release, on both databases."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from backend.core import migrations
from backend.core.config import Settings
from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

CALM: Final = 3.0
MOST: Final = 10.0
"""Seconds without service around both migrations: the one back takes away what this release may need."""


async def test_a_migration_under_load_loses_nothing(
    data_dir: Path, variables: dict[str, str], tell: Tell, request: pytest.FixtureRequest
) -> None:
    server = start(data_dir, "--workers", "2", **variables)
    url = variables.get("SAFEPLATE_DATABASE__URL")
    values = {"data_dir": data_dir} | ({"database": {"url": url}} if url else {})
    settings = Settings.model_validate(values)
    try:
        async with people(server.url) as load:
            async with load.running() as ledger:
                await asyncio.sleep(CALM)
                await migrations.downgrade(settings, "-1")
                await asyncio.sleep(CALM)
                forward = await asyncio.to_thread(server.command, "db", "migrate")
                before = ledger.acknowledged
                await asyncio.sleep(CALM)
                served = ledger.acknowledged > before
            await load.verify(server.url)
    finally:
        stop(server)

    bar = f"out at most {MOST:.0f} s, served again afterwards"
    holds = served and forward.returncode == 0 and ledger.outage <= MOST
    name = f"migrated while serving, {request.node.callspec.id}"
    tell(ledger.finding(name, bar, holds=holds))
