"""The power fails under SQLite, simulated: what the disk had promised to keep is there, and some of the rest.

A server runs under `strace`, which writes down each write, each name of a file, each sync and each answer. At
many moments the data folder is made as a power cut would have left it, and opened: every change whose answer
had begun to leave must be there, and the keys that open it.
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
from tests.drills import trace
from tests.drills.conftest import Tell
from tests.drills.disk import Disk
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
    server = start(folder, wrapper=trace.wrapper(log), SAFEPLATE_RATE_LIMIT__ENABLED="false")
    try:
        return await _write(server.url)
    finally:
        for child in children(server.process.pid):
            os.kill(child, signal.SIGKILL)
        server.process.wait(timeout=30)  # strace writes down the rest, and ends
        stop(server)


def _note(call: trace.Call, known: dict[int, int]) -> None:
    """Note which write an answer, whose first byte is about to leave, says to be done."""
    if call.name in trace.ANSWERS and not call.has_returned:
        for place, number in _ANSWER.findall(call.data):
            known[int(place)] = max(known.get(int(place), 0), int(number))


def _moments(log: Path, chance: random.Random) -> set[int]:
    """Choose when the power fails: half in writes of the log, half in checkpoints."""
    known: dict[int, int] = {}
    on_log, on_rest = [], []
    with log.open(encoding="ascii") as lines:
        for number, call in enumerate(trace.calls(lines)):
            _note(call, known)
            if len(known) < PEOPLE:
                continue
            if call.path.endswith(".db-wal"):
                on_log.append(number)
            elif call.path.endswith(".db"):
                on_rest.append(number)
    return {number for some in (on_log, on_rest) for number in chance.sample(some, min(CUTS, len(some)))}


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
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _keys(data_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data_dir.glob("keys/*") if path.suffix != ".lock"}


async def test_a_power_cut_at_any_moment_leaves_all_that_was_acknowledged(
    data_dir: Path, tmp_path: Path, tell: Tell
) -> None:
    log, left = tmp_path / "calls", tmp_path / "left"
    disk = Disk(data_dir.parent)  # of before: whatever comes is in the trace
    done = await _traced(data_dir, log)
    shutil.copytree(data_dir / "keys", left / data_dir.name / "keys")
    app = create_app(make_settings(left / data_dir.name))
    chance = random.Random(9)
    lost, broken, cuts, in_checkpoints = 0, 0, 0, 0
    known: dict[int, int] = {}
    moments = _moments(log, chance)
    with log.open(encoding="ascii") as lines:
        for number, call in enumerate(trace.calls(lines)):
            disk.apply(call)
            _note(call, known)
            if number not in moments:
                continue
            for how in (None, chance):
                disk.cut(left, how)
                has_keys = _keys(left / data_dir.name) == _keys(data_dir)
                lost += await _lost(app, done.persons, known) if has_keys else PEOPLE
                broken += not _is_whole(left / data_dir.name / "safeplate.db")
                cuts += 1
                in_checkpoints += call.path.endswith(".db")
    tell(
        Finding(
            "power cut, sqlite", done.sent, sum(known.values()), lost, broken, 0.0,
            "every cut opens, whole, with all that was acknowledged",
            holds=cuts > 0 and (in_checkpoints > 0 or not FULL_DRILLS),
            notes={"cuts": cuts, "of them in checkpoints": in_checkpoints},
        )
    )  # fmt: skip
