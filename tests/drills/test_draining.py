"""SIGTERM in mid-load: every request that came in is answered, and the service ends with status 0."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.drills.conftest import Tell
from tests.drills.load import Ledger, people
from tests.drills.report import Finding
from tests.server.conftest import FULL_DRILLS, Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

ROUNDS = 2 if FULL_DRILLS else 1
CALM = 1.5
"""Seconds of load before the signal."""
MOST = 30.0
"""Seconds in which the service must end."""


async def _drain(server: Server, name: str) -> tuple[Ledger, float]:
    """End a server in mid-load, and return what came of the load, and the seconds it took to end."""
    async with people(server.url, 12, name=name) as load:
        async with load.running() as ledger:
            await asyncio.sleep(CALM)
            server.process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            await asyncio.to_thread(server.process.wait, MOST + 10)
            took = time.monotonic() - started
        load.ledger.outage = 0.0  # from here on there is no service
    return ledger, took


@pytest.mark.parametrize("workers", [1, 3])
async def test_every_request_is_answered_before_the_service_ends(
    data_dir: Path, variables: dict[str, str], workers: int, tell: Tell, request: pytest.FixtureRequest
) -> None:
    ledgers, seconds, statuses = [], [], set()
    for number in range(ROUNDS):
        server = start(data_dir, "--workers", str(workers), **variables)  # on what the one before left
        try:
            ledger, took = await _drain(server, f"round-{number}")
        finally:
            statuses.add(stop(server))
        ledgers.append(ledger)
        seconds.append(took)

    cut = sum(ledger.unanswered for ledger in ledgers)
    tell(
        Finding(
            drill=f"SIGTERM to {workers} processes, {request.node.callspec.id.partition('-')[0]}",
            sent=sum(ledger.sent for ledger in ledgers),
            acknowledged=sum(ledger.acknowledged for ledger in ledgers),
            lost=cut,
            wrong=sum(ledger.wrong for ledger in ledgers),
            outage=0.0,
            bar=f"none unanswered, ends within {MOST:.0f} s with status 0",
            holds=cut == 0 and max(seconds) <= MOST and statuses == {0},
            notes={"slowest end (s)": round(max(seconds), 1), "statuses": str(sorted(statuses))},
        )
    )
