"""The power fails while an operator's command works: what was before is there, or what comes after.

Once the command has ended, what it did stays, even if the disk kept nothing that it had not promised.
"""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from backend.api.dependencies import Resources
from backend.core import dumps, masters, migrations
from backend.main import create_app
from tests.drills import trace
from tests.drills.conftest import Tell
from tests.drills.disk import Disk
from tests.drills.load import MINE
from tests.drills.report import Finding
from tests.factories import Person, make_person, make_profile, make_settings
from tests.server.conftest import FAST_HASHES, FULL_DRILLS, ROOT, SAFEPLATE, child_environment

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

CUTS = 60 if FULL_DRILLS else 6


@dataclass(frozen=True)
class _Case:
    """A command, and what may be shown after a cut; nothing where there may be no database yet."""

    command: tuple[str, ...]
    before: str | None
    after: str


MIGRATE = _Case(("db", "migrate"), "2", "2")
ROTATE = _Case(("keys", "rotate-master"), "2", "2")
RESTORE = _Case(("db", "restore", "BACKUP", "--keep-sessions"), None, "1")
REPLACE = _Case(("db", "restore", "BACKUP", "--keep-sessions", "--replace"), "2", "1")


@asynccontextmanager
async def _client(data_dir: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(make_settings(data_dir))
    resources: Resources = app.state.resources
    try:
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://test"
        ) as client:
            yield client
    finally:
        await resources.database.dispose()


def _run(data_dir: Path, *arguments: str | Path, wrapper: tuple[str, ...] = ()) -> None:
    subprocess.run(
        [*wrapper, SAFEPLATE, *arguments, "--data-dir", data_dir],
        cwd=ROOT, env=child_environment(**FAST_HASHES), capture_output=True, timeout=300, check=True,
    )  # fmt: skip


async def _prepare(data_dir: Path, backup: Path, case: _Case) -> Person:
    """Let somebody write 1, which is backed up, and then 2."""
    await migrations.upgrade(make_settings(data_dir))
    async with _client(data_dir) as client:
        person = await make_person(client, "writer")
        await make_profile(client, person, display_name="1")
        _run(data_dir, "db", "backup", backup)
        headers = person.headers | {"If-Match": "*"}
        (await client.patch(MINE, json={"display_name": "2"}, headers=headers)).raise_for_status()
    if case is MIGRATE:
        await migrations.downgrade(make_settings(data_dir), "-1")
    if case is RESTORE:
        (data_dir / "safeplate.db").unlink()
    return person


async def _shown(data_dir: Path, person: Person) -> str | None:
    """Return what is shown of what a cut left, brought to this release; None where there is no database."""
    file = data_dir / "safeplate.db"
    if dumps.sqlite.is_empty(file):
        return None
    with closing(sqlite3.connect(file)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return "broken"
    await migrations.upgrade(make_settings(data_dir))
    async with _client(data_dir) as client:
        answer = await client.get(MINE, headers=person.headers)
    return str(answer.json().get("display_name", answer.status_code))


def _is_done(data_dir: Path, case: _Case) -> bool:
    """Tell whether a command left what it is there for."""
    if case is ROTATE:
        return len(masters.parse((data_dir / "keys" / "master.key").read_text("ascii")).keys) > 1
    with closing(sqlite3.connect(data_dir / "safeplate.db")) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return bool(revision == migrations.head_revision())


def _moments(log: Path, data_dir: Path) -> list[int]:
    """Choose calls on the database, its log and the keys, and on no draft of them."""
    watched = {data_dir, data_dir / "keys"}
    with log.open(encoding="ascii") as lines:
        found = [
            number
            for number, call in enumerate(trace.calls(lines))
            if Path(call.path).parent in watched or Path(call.path) in watched
        ]
    return sorted(random.Random(3).sample(found, min(CUTS, len(found))))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(MIGRATE, id="migrate"),
        pytest.param(ROTATE, id="rotate-master"),
        pytest.param(RESTORE, id="restore"),
        pytest.param(REPLACE, id="restore-replace"),
    ],
)
async def test_a_power_cut_in_a_command_leaves_what_was_or_what_comes(
    data_dir: Path, tmp_path: Path, case: _Case, tell: Tell
) -> None:
    log, left, backup = tmp_path / "calls", tmp_path / "left", tmp_path / "backup"
    person = await _prepare(data_dir, backup, case)
    disk = Disk(data_dir.parent)
    command = [str(backup) if word == "BACKUP" else word for word in case.command]
    _run(data_dir, *command, wrapper=trace.wrapper(log))

    moments, chance, lost, cuts = _moments(log, data_dir), random.Random(4), 0, 0
    with log.open(encoding="ascii") as lines:
        for number, call in enumerate(trace.calls(lines)):
            disk.apply(call)
            if number not in moments:
                continue
            for how in (None, chance):
                disk.cut(left, how)
                lost += await _shown(left / data_dir.name, person) not in {case.before, case.after}
                cuts += 1
    disk.cut(left, None)
    is_done = (
        _is_done(left / data_dir.name, case) and await _shown(left / data_dir.name, person) == case.after
    )
    shutil.rmtree(left)

    tell(
        Finding(
            f"power cut, {' '.join(case.command[:2])}", cuts, cuts, lost, 0, 0.0,
            "old or new, and new once it has ended",
            holds=is_done and cuts > 0,
        )
    )  # fmt: skip
