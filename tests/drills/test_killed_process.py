"""One of three server processes is killed in mid-load: the others serve on, and it is replaced."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.drills.processes import workers
from tests.server.conftest import FULL_DRILLS, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

KILLS = 4 if FULL_DRILLS else 1
CALM = 3.0
"""Seconds of load before and after a process is killed, at least."""
MOST = 2.0
"""Seconds that nobody may be served; the killed process takes a third of the connections with it."""


async def test_the_others_serve_on_when_one_process_is_killed(
    data_dir: Path, variables: dict[str, str], tell: Tell, request: pytest.FixtureRequest
) -> None:
    began = time.monotonic()
    server = start(data_dir, "--workers", "3", **variables)
    # Else, where a replacement takes long to come, all three are killed before the first one serves.
    pause = max(CALM, time.monotonic() - began)
    before = workers(server.process.pid)
    try:
        async with people(server.url, 12) as load:
            async with load.running() as ledger:
                for _ in range(KILLS):
                    await asyncio.sleep(pause)
                    os.kill(workers(server.process.pid)[0], signal.SIGKILL)
                await asyncio.sleep(CALM)
            await load.verify(server.url)
        after = workers(server.process.pid)
    finally:
        stop(server)

    bar = f"out at most {MOST:.0f} s, the killed is replaced"
    replaced = len(after) == len(before) and len(set(after) - set(before)) == KILLS
    name = f"kill -9 of one of 3 processes, {request.node.callspec.id}"
    tell(ledger.finding(name, bar, holds=ledger.outage <= MOST and replaced, kills=KILLS))
