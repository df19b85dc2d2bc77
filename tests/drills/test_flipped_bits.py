"""One bit is flipped in SQLite's file, or its log: noticed, or harmless, and nothing sealed is shown wrong.

What is sealed tells of itself. What is not (an address, a name, a time) has no code that would: a flip there
may be shown, and is counted apart. See docs/drills.md.
"""

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.core import migrations
from backend.core.database.wal import LogDamagedError, require_whole_log
from backend.main import create_app
from tests.drills.conftest import Tell
from tests.drills.load import MINE
from tests.drills.report import Finding
from tests.factories import Person, make_person, make_profile, make_settings, sign_in
from tests.server.conftest import FULL_DRILLS

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

FLIPS: Final = 250 if FULL_DRILLS else 15
SEALED: Final = (MINE, f"{MINE}/revisions/1", f"{MINE}/revisions/2")
PLAIN: Final = ("/api/v1/users/me", "/api/v1/auth/sessions")
_RIGHTS: Final = ("id", "role")
_SEALED_PARTS: Final = ("display_name", "allergies", "dietary_restrictions", "medical_conditions")


@dataclass(frozen=True)
class _Service:
    """The product on a folder whose files are exchanged between questions."""

    app: FastAPI
    persons: list[Person]

    async def ask(self) -> dict[tuple[str, str], tuple[int, Any]]:
        """Return every answer to everybody, and close the files."""
        resources: Resources = self.app.state.resources
        found: dict[tuple[str, str], tuple[int, Any]] = {}
        async with _client(self.app) as client:
            for person in self.persons:
                for path in (*SEALED, *PLAIN):
                    answer = await client.get(path, headers=person.headers)
                    found[person.username, path] = answer.status_code, answer.json()
            stranger = await sign_in(client, self.persons[0].username, "Not-My-Password-1")
            found["stranger", "sign-in"] = stranger.status_code, None
        await resources.database.dispose()
        return found


def _client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def _prepare(folder: Path) -> _Service:
    """Fill a database, and leave a copy of it with its log, and one without."""
    settings = make_settings(folder)
    await migrations.upgrade(settings)
    app = create_app(settings)
    resources: Resources = app.state.resources
    async with _client(app) as client:
        persons = [await make_person(client, name) for name in ("amira", "boris", "chiara")]
        for person in persons:
            await make_profile(client, person)
            change = {"display_name": person.username}
            (
                await client.patch(MINE, json=change, headers=person.headers | {"If-Match": "*"})
            ).raise_for_status()
        # The last commit alone cannot be told from one that a power cut broke: let it be nobody's.
        await make_person(client, "nobody")
    for end in ("", "-wal"):
        shutil.copy(folder / f"safeplate.db{end}", folder / f"logged{end}")
    await resources.database.dispose()
    shutil.copy(folder / "safeplate.db", folder / "closed")
    return _Service(app, persons)


def _put(folder: Path, name: str) -> None:
    """Put a copy into its place."""
    for old in folder.glob("safeplate.db*"):
        old.unlink()
    for end in ("", "-wal"):
        if (folder / f"{name}{end}").exists():
            shutil.copy(folder / f"{name}{end}", folder / f"safeplate.db{end}")


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _verdict(key: tuple[str, str], before: tuple[int, Any], after: tuple[int, Any]) -> str:
    """Say what an answer is, against the one before the flip."""
    if before == after:
        return "same"
    if key[0] == "stranger":
        return "wrong" if after[0] == 200 else "refused"
    if after[0] != 200:
        return "refused"
    if key[1] in SEALED:
        changed = any(before[1].get(part) != after[1].get(part) for part in _SEALED_PARTS)
        return "wrong" if changed else "plain"
    if key[1] == PLAIN[0] and any(before[1][part] != after[1].get(part) for part in _RIGHTS):
        return "wrong"
    return "plain"


async def _judge(service: _Service, before: dict[tuple[str, str], tuple[int, Any]]) -> str:
    after = await service.ask()
    verdicts = {_verdict(key, before[key], after[key]) for key in before}
    return next(name for name in ("wrong", "plain", "refused", "same") if name in verdicts)


@pytest.mark.parametrize("where", ["closed", "logged"])
async def test_a_flipped_bit_is_never_shown_as_somebodys_health(
    data_dir: Path, where: str, tell: Tell
) -> None:
    service = await _prepare(data_dir)
    _put(data_dir, where)
    before = await service.ask()
    chance, counts = random.Random(17), Counter[str]()
    for _ in range(FLIPS):
        _put(data_dir, where)
        _flip(data_dir / ("safeplate.db" if where == "closed" else "safeplate.db-wal"), chance)
        try:
            require_whole_log(data_dir / "safeplate.db")
        except LogDamagedError:
            counts["noticed at the start"] += 1
            continue
        counts[await _judge(service, before)] += 1

    name = {"closed": "one bit flipped, SQLite's file", "logged": "one bit flipped, SQLite's log"}[where]
    asked = (FLIPS - counts["noticed at the start"]) * len(before)
    notes: dict[str, str | int | float] = {"flips": FLIPS, **counts}
    tell(Finding(name, asked, 0, 0, counts["wrong"], 0.0, "no sealed word, right or sign-in", True, notes))
