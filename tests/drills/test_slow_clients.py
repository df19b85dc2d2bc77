"""Clients that send byte by byte, or nothing more, hold nobody else up, and are given up in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.server.conftest import FULL_DRILLS, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

SLOW: Final = 200 if FULL_DRILLS else 40
LIMIT: Final = 3
"""Seconds that the service of this drill gives a body; 20 s are the default."""
MOST: Final = 2.0
"""Seconds that nobody else may be served."""

_BEGIN: Final = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_HEAD: Final = _BEGIN + b"X-Slow: "
_BODY: Final = _BEGIN + b"Content-Length: 900\r\n\r\n{"
_PART: Final = b"GET /livez HTTP/1.1\r\nHo"


@asynccontextmanager
async def _slow(port: int, begin: bytes, *, goes_on: bool) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """Open connections that begin a request, and send a byte now and then, or nothing more."""

    async def dawdle() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin)
        answered = asyncio.create_task(_all_of(reader))
        while goes_on and not answered.done():
            await asyncio.sleep(0.2)
            with suppress(ConnectionError):
                writer.write(b"a")
        try:
            return await answered
        finally:
            writer.close()

    tasks = [asyncio.create_task(dawdle()) for _ in range(SLOW)]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """Return what the service sends before it closes: by a reset, where a byte comes after that."""
    came = bytearray()
    with suppress(ConnectionError):
        while part := await reader.read(4_096):
            came += part
    return bytes(came)


async def test_slow_clients_hold_nobody_up(data_dir: Path, tell: Tell) -> None:
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false", "SAFEPLATE_HTTP__BODY_TIMEOUT": f"PT{LIMIT}S"}
    server = start(data_dir, **off)
    port = int(server.url.rpartition(":")[2])
    try:
        async with (
            people(server.url, 4) as load,
            _slow(port, _HEAD, goes_on=True) as heads,
            _slow(port, _BODY, goes_on=True) as bodies,
            _slow(port, _PART, goes_on=False) as halves,
        ):
            async with load.running() as ledger:
                given_up = await asyncio.wait_for(asyncio.gather(*bodies), LIMIT + 10)
                if FULL_DRILLS:
                    given_up += await asyncio.wait_for(asyncio.gather(*heads, *halves), 40)
            await load.verify(server.url)
    finally:
        stop(server)

    refused = sum(b" 408 " in answer for answer in given_up)
    bar = f"out at most {MOST:.0f} s, each is refused with 408 in the end"
    holds = refused == len(given_up) and ledger.outage <= MOST
    tell(ledger.finding(f"{3 * SLOW} slow clients", bar, holds=holds, refused=refused))
