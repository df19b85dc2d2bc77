"""SQLite is killed in mid-write, two hundred times, and serves on each time from what is on the disk."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from backend.core import migrations
from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.factories import make_settings
from tests.server.conftest import ROOT, SAFEPLATE

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

KILLS: Final = 200
LONGEST: Final = 0.12
"""Seconds of writes between two kills, at most."""
MOST: Final = 5.0
"""Seconds that nobody may be served: a process begins, recovers the log, and answers."""


@contextmanager
def _forking(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command: list[str | Path] = [sys.executable, "-m", "tests.drills.forking", data_dir]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _begin(process: subprocess.Popen[str]) -> int:
    """Start the next server, and return its process id."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def _audit_is_whole(data_dir: Path) -> bool:
    verify: list[str | Path] = [SAFEPLATE, "audit", "verify", "--data-dir", data_dir]
    return subprocess.run(verify, capture_output=True, cwd=ROOT, check=False).returncode == 0


async def test_two_hundred_kills_in_mid_write_lose_nothing(data_dir: Path, tell: Tell) -> None:
    await migrations.upgrade(make_settings(data_dir))
    chance = random.Random(5)
    with _forking(data_dir) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        server = _begin(process)
        async with people(url, 6) as load:
            async with load.running() as ledger:
                for _ in range(KILLS):
                    await ledger.more()  # it serves again, and is in the middle of more
                    await asyncio.sleep(chance.random() * LONGEST)
                    os.kill(server, signal.SIGKILL)
                    server = _begin(process)
            await load.verify(url)
        os.kill(server, signal.SIGKILL)

    with sqlite3.connect(data_dir / "safeplate.db") as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    verified = await asyncio.to_thread(_audit_is_whole, data_dir)
    bar = f"database and events whole, out at most {MOST:.0f} s"
    holds = whole and verified and ledger.outage <= MOST
    tell(ledger.finding("SQLite killed in mid-write", bar, holds=holds, kills=KILLS))
