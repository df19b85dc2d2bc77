"""The disk under SQLite is full: what is not stored is not acknowledged, and all comes back with the room.

What writes nothing goes on. A profile is not shown meanwhile: that it was read could not be written down.
"""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

MEBIBYTES: Final = 16
READS: Final = ("/api/v1/users/me", "/api/v1/auth/sessions", "/api/v1/catalog/allergens", "/livez")
FULL_SECONDS: Final = 4.0
MOST: Final = 3.0
"""Seconds until writes are acknowledged again once there is room."""


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir()
    options = f"size={MEBIBYTES}m,mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("mount refuses a tmpfs here, as in most containers: there is no small disk to fill")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _fill(path: Path) -> None:
    """Write until nothing goes on the disk any more."""
    with path.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


async def test_a_full_disk_loses_nothing_and_is_got_over(data_dir: Path, tell: Tell) -> None:
    with _small_disk(data_dir) as folder:
        server = start(folder, "--workers", "2", SAFEPLATE_RATE_LIMIT__ENABLED="false")
        ballast = folder / "ballast"
        try:
            async with people(server.url) as load, httpx2.AsyncClient(base_url=server.url) as client:
                async with load.running() as ledger:
                    await asyncio.sleep(1)
                    await asyncio.to_thread(_fill, ballast)
                    await asyncio.sleep(FULL_SECONDS)
                    reader = load.writers[0].person
                    reads = [(await client.get(path, headers=reader.headers)).status_code for path in READS]
                    at_full = ledger.acknowledged
                    await asyncio.sleep(0.5)
                    stuck = ledger.acknowledged == at_full
                    ballast.unlink()
                    recovery = await ledger.more()
                    await asyncio.sleep(2)
                await load.verify(server.url)
            found = json.loads(server.command("doctor", "--json").stdout)
        finally:
            stop(server)

    # That a disk of 16 MiB has little room is true.
    wrong = {finding["check"] for finding in found if finding["state"] == "wrong"} - {"disk"}
    holds = (
        stuck and set(reads) == {200} and set(ledger.statuses) <= {200, 503} and recovery <= MOST
        and not wrong
    )  # fmt: skip
    bar = f"reads that write nothing 200, the rest 503, over in {MOST:.0f} s, doctor finds nothing"
    notes: dict[str, str | float] = {
        "recovery (s)": round(recovery, 2),
        "reads while full": str(sorted(set(reads))),
        "statuses": str(sorted(set(ledger.statuses))),
        "written while full": "nothing" if stuck else "something",
        "doctor": ", ".join(sorted(wrong)) or "finds nothing",
    }
    tell(ledger.finding("disk full, sqlite", bar, holds=holds, **notes))
