"""The power fails under SQLite, simulated: what the disk had promised to keep is there, and some of the rest.

A server runs under `strace`, which writes down each write, each `fsync` and each answer. At many moments the
files are made as a power cut would have left them, and opened: every change whose answer had begun to leave
must be there.
"""

import os
import random
import re
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.main import create_app
from tests.drills import parts, trace
from tests.drills.conftest import Tell
from tests.drills.load import MINE
from tests.drills.processes import children
from tests.drills.report import Finding
from tests.factories import Person, make_person, make_profile, make_settings
from tests.server.conftest import FULL_DRILLS, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

PEOPLE, WRITES, CUTS = (4, 60, 120) if FULL_DRILLS else (2, 10, 8)
_ANSWER: Final = re.compile(
    rb"HTTP/1\.1 200 OK\r\n(?:[^\r]+\r\n)*?request-id: cut-(\d+)-(\d+)\r\n", re.IGNORECASE
)


@dataclass
class _Traced:
    """What was written in a traced run, by whom."""

    persons: list[Person] = field(default_factory=list)
    sent: int = 0


async def _write(url: str) -> _Traced:
    """Let people write numbers, each under a request id that its answer repeats."""
    done = _Traced()
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        for place in range(PEOPLE):
            person = await make_person(client, f"writer-{place}")
            await make_profile(client, person, display_name="0")
            done.persons.append(person)
        for number in range(1, WRITES + 1):
            for place, person in enumerate(done.persons):
                headers = person.headers | {"If-Match": "*", "Request-Id": f"cut-{place}-{number:05}"}
                answer = await client.patch(MINE, json={"display_name": str(number)}, headers=headers)
                answer.raise_for_status()
                done.sent += 1
    return done


async def _traced(folder: Path, log: Path) -> _Traced:
    """Let people write to a server whose calls are written down, and end it without a chance to tidy up."""
    strace = (
        parts.find("strace", "strace"),
        "-f",
        "-y",
        "-xx",
        "-s",
        "300000",
        "--seccomp-bpf",
        "-o",
        str(log),
    )
    wrapper = (*strace, "-e", f"trace={trace.CALLS}")
    server = start(folder, wrapper=wrapper, SAFEPLATE_RATE_LIMIT__ENABLED="false")
    try:
        return await _write(server.url)
    finally:
        for child in children(server.process.pid):
            os.kill(child, signal.SIGKILL)
        server.process.wait(timeout=30)  # strace writes down the rest, and ends
        stop(server)


def _note(call: trace.Call, known: dict[int, int]) -> None:
    """Note which write an answer, whose first byte is about to leave, says to be done."""
    if call.name in {"write", "writev", "sendto", "sendmsg"} and not call.has_returned:
        for place, number in _ANSWER.findall(call.data):
            known[int(place)] = max(known.get(int(place), 0), int(number))


async def _lost(app: FastAPI, persons: list[Person], known: dict[int, int]) -> int:
    """Return how many people are shown neither what was acknowledged to them nor what they had sent since."""
    lost = 0
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        for place, person in enumerate(persons):
            answer = await client.get(MINE, headers=person.headers)
            shown = int(answer.json().get("display_name", -1))
            lost += shown not in {known[place], known[place] + 1}
    resources: Resources = app.state.resources
    await resources.database.dispose()
    return lost


def _is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_power_cut_at_any_moment_leaves_all_that_was_acknowledged(
    data_dir: Path, tmp_path: Path, tell: Tell
) -> None:
    log, left = tmp_path / "calls", tmp_path / "left"
    done = await _traced(data_dir, log)
    shutil.copytree(data_dir / "keys", left / "keys")
    app = create_app(make_settings(left))
    with log.open(encoding="ascii") as lines:
        total = sum(1 for call in trace.calls(lines) if call.path.endswith("-wal"))
    disk, lost, broken, cuts = trace.Disk(data_dir), 0, 0, 0
    known: dict[int, int] = {}
    chance = random.Random(9)
    seen, moments = 0, set(chance.sample(range(total), min(CUTS * 2, total)))
    with log.open(encoding="ascii") as lines:
        for call in trace.calls(lines):
            disk.apply(call)
            _note(call, known)
            seen += call.path.endswith("-wal")
            if seen not in moments or len(known) < PEOPLE:
                continue
            moments.remove(seen)
            for how in (None, chance):
                for old in left.glob("safeplate.db*"):
                    old.unlink()
                disk.cut(left, how)
                lost += await _lost(app, done.persons, known)
                broken += not _is_whole(left / "safeplate.db")
                cuts += 1
    tell(
        Finding(
            "power cut, sqlite", done.sent, sum(known.values()), lost, broken, 0.0,
            "every cut opens, whole, with all that was acknowledged", holds=cuts > 0,
            notes={"cuts": cuts, "calls on the log": total},
        )
    )  # fmt: skip
