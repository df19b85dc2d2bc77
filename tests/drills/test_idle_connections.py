"""Ten thousand connections that say nothing: others are served, and each costs little memory."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

IDLE: Final = 10_000
DESCRIPTORS: Final = IDLE + 1_000  # one end of each is here, the other in the server: two processes
BYTES: Final = 32_768
"""What a connection may cost the server."""
MOST: Final = 2.0
"""Seconds that nobody else may be served, while all of them come too."""
BATCH: Final = 200
"""Connections that come at once, before others get their turn: fewer than a listener's queue."""
CALM: Final = 5.0


@contextmanager
def _descriptors() -> Iterator[None]:
    """Allow this process, and the server that it starts, enough files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        pytest.skip(f"a process may open {hard} files here, and the drill needs {DESCRIPTORS}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _memory(pid: int) -> int:
    """Return the bytes that a process holds in memory."""
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) * 1_024


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def test_ten_thousand_who_say_nothing_keep_nobody_out(data_dir: Path, tell: Tell) -> None:
    with _descriptors(), ExitStack() as held:
        server = start(data_dir, SAFEPLATE_RATE_LIMIT__ENABLED="false")
        port = int(server.url.rpartition(":")[2])
        try:
            async with people(server.url, 4) as load:
                async with load.running() as ledger:
                    await asyncio.sleep(CALM)
                    before = _memory(server.process.pid)
                    for number in range(IDLE):
                        held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                        if not number % BATCH:
                            await asyncio.sleep(0.05)
                    await asyncio.sleep(1)
                    each = (_memory(server.process.pid) - before) / IDLE
                    files = _files(server.process.pid)
                    await asyncio.sleep(CALM)
                await load.verify(server.url)
        finally:
            stop(server)

    holds = ledger.outage <= MOST and each <= BYTES
    bar = f"out at most {MOST:.0f} s, at most {BYTES // 1024} KiB each"
    notes = {"KiB each": round(each / 1_024, 1), "open at once": files}
    tell(ledger.finding(f"{IDLE} idle connections", bar, holds=holds, **notes))
