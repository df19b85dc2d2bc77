"""What is left of somebody who was erased: in the file, its log, its free pages, and a backup from before."""

import asyncio
import json
import random
import sqlite3
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.core import keys, migrations
from backend.core.config import Settings
from backend.main import create_app
from backend.services import jobs
from backend.services.credentials import Letters
from backend.services.users import DATA_KEY
from backend.utils.security import SealBrokenError, new_key, open_sealed
from tests.conftest import FakeClock, MemoryMailer, Post
from tests.erasures import ask, run_chore
from tests.factories import Person, erase, make_person, make_profile, make_settings

pytestmark = pytest.mark.anyio

AGENT = "Kitchen-Tablet/7.31 (made up for the search)"
HEALTH = [b"milk", b"injector", b"coeliac", b"vegetarian", b"anaphylaxis", b"life_threatening", b"Zuzanna"]


@dataclass(frozen=True)
class House:
    """A service on an SQLite file of its own."""

    app: FastAPI
    resources: Resources
    client: httpx2.AsyncClient
    path: Path

    def raw(self) -> bytes:
        """Return every byte of the database and of its log."""
        log = self.path.with_name(self.path.name + "-wal")
        return self.path.read_bytes() + (log.read_bytes() if log.exists() else b"")

    def backup(self, name: str) -> Path:
        """Make a backup while the service runs, as the guide says."""
        target = self.path.with_name(name)
        with sqlite3.connect(self.path) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()
        copy.close()
        return target

    async def work(self) -> MemoryMailer:
        """Do the jobs that are due, until there is none."""
        post = Post(MemoryMailer(), self.resources)
        while await post.deliver():
            pass
        return post.mailer


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """Return a service in a folder that a test may search."""
    settings: Settings = make_settings(data_dir)
    await migrations.upgrade(settings)
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app, client=("203.0.113.77", 5))
    headers = {"User-Agent": AGENT}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client,
    ):
        yield House(app, app.state.resources, client, data_dir / "safeplate.db")


def _stored(path: Path, person: Person) -> list[bytes]:
    """Return what is stored of somebody that must not be found afterwards."""
    with sqlite3.connect(path) as connection:
        user = connection.execute(
            "SELECT password_hash, data_key FROM users WHERE id = ?", (person.id.hex,)
        ).fetchone()
        family_keys = connection.execute(
            "SELECT family_key FROM sessions WHERE user_id = ?", (person.id.hex,)
        ).fetchall()
        place_key = connection.execute(
            "SELECT place_key FROM audit_chains WHERE owner_id = ?", (person.id.hex,)
        ).fetchone()
        documents = connection.execute(
            "SELECT document FROM health_profiles WHERE owner_id = ?", (person.id.hex,)
        ).fetchall()
    connection.close()
    found = [*user, *place_key, *(row[0] for row in (*family_keys, *documents))]
    return [value.encode() if isinstance(value, str) else value for value in found]


async def _visit(house: House, username: str) -> Person:
    person = await make_person(house.client, username)
    await make_profile(house.client, person, display_name="Zuzanna")
    await house.work()
    return person


async def test_nothing_of_the_erased_is_in_the_file_its_log_or_its_free_pages(
    house: House, time: FakeClock
) -> None:
    amira, boris = await _visit(house, "amira-q7"), await _visit(house, "boris-q7")
    kept = _stored(house.path, boris)
    stored = _stored(house.path, amira)
    words = [b"amira-q7", b"amira-q7@example.com", *stored]
    assert all(word in house.raw() for word in words)
    await ask(house.client, amira)
    time.advance(days=14)
    await run_chore(house.resources)

    mailer = await house.work()

    raw = house.raw()
    assert mailer.subjects("amira-q7@example.com")[-1] == "Your account is erased"
    assert [word for word in words if word in raw] == []
    assert all(word in raw for word in kept)
    assert [word for word in HEALTH if word in raw] == []


async def test_where_the_last_of_a_network_came_from_goes_with_them(house: House) -> None:
    amira = await _visit(house, "amira-q7")
    assert AGENT.encode() in house.raw()
    assert b"203.0.113.0/24" in house.raw()

    await erase(house.client, amira)
    await house.work()

    assert AGENT.encode() not in house.raw()
    assert b"203.0.113.0/24" not in house.raw()


async def test_pages_that_were_split_keep_no_copy(house: House) -> None:
    """Enough accounts, in no order, that the pages of the indexes split again and again.

    Overwriting what is deleted misses copies that a split has left behind: the file has to be rewritten.
    """
    pick = random.Random(1)
    names = [f"{pick.randrange(10**11):011}q7" for _ in range(4000)]
    gone = set(pick.sample(names, 2000))
    with sqlite3.connect(house.path) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.executemany(
            "INSERT INTO users (id, created_at, updated_at, email, email_key, username, username_key, "
            "password_hash, role, locale, data_key) VALUES (?3, '2026-01-01', '2026-01-01', ?1, ?1, ?2, ?2, "
            "'x', 'user', 'en', x'00')",
            [(f"{name}@example.com", name, uuid.UUID(int=pick.getrandbits(128)).hex) for name in names],
        )
    with connection:
        connection.executemany("DELETE FROM users WHERE username_key = ?", [(name,) for name in gone])
    connection.close()

    await house.resources.database.scrub()

    raw = house.raw()
    assert [name for name in names if (name.encode() in raw) == (name in gone)] == []


async def test_a_scrub_waits_for_nobody_and_is_tried_again(house: House) -> None:
    amira = await _visit(house, "amira-q7")
    await erase(house.client, amira)
    reader = sqlite3.connect(house.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sessions").fetchone()
    resources = replace(house.resources)
    letters = Letters(
        resources.database, keyring=resources.keyring, mailer=MemoryMailer(), settings=resources.settings.mail
    )

    async def run() -> int:
        return await jobs.run_due(
            resources.database,
            letters.handlers(),
            keyring=resources.keyring,
            settings=resources.settings.jobs,
        )

    await asyncio.wait_for(run(), 60)
    with sqlite3.connect(house.path) as connection:
        waiting = connection.execute("SELECT kind, attempts FROM jobs").fetchall()
    connection.close()
    reader.execute("COMMIT")
    reader.close()
    assert waiting == [("scrub", 1)]
    await house.resources.database.scrub()
    assert b"amira-q7" not in house.raw()


async def test_a_backup_from_before_shows_no_health_and_opens_for_no_other_key(house: House) -> None:
    amira, boris = await _visit(house, "amira-q7"), await _visit(house, "boris-q7")
    backup = house.backup("backup.db")
    await erase(house.client, amira)
    await house.work()

    with sqlite3.connect(backup) as connection:
        profile = connection.execute(
            "SELECT id, document FROM health_profiles WHERE owner_id = ?", (amira.id.hex,)
        ).fetchone()
        wrapped = dict(connection.execute("SELECT id, data_key FROM users").fetchall())
    connection.close()
    document, ring = profile[1], house.resources.keyring
    binding = amira.id.bytes + uuid.UUID(profile[0]).bytes
    raw = backup.read_bytes()
    assert [word for word in HEALTH if word in raw] == []
    others = [bytes(32), new_key(), wrapped[amira.id.hex][8:40]]
    others.append(ring.unwrap(wrapped[boris.id.hex], owner=boris.id, purpose=DATA_KEY))
    for key in others:
        for associated in (b"", binding):
            with pytest.raises(SealBrokenError):
                open_sealed(key, document, associated=associated)
    for owner, purpose in ((boris.id, DATA_KEY), (amira.id, "job"), (amira.id, "family-key")):
        with pytest.raises(SealBrokenError):
            ring.unwrap(wrapped[amira.id.hex], owner=owner, purpose=purpose)
    # With the master key of that time it opens, as the receipt says: backups must end.
    assert len(ring.unwrap(wrapped[amira.id.hex], owner=amira.id, purpose=DATA_KEY)) == 32


async def test_once_the_master_key_is_destroyed_the_backup_is_noise(house: House, data_dir: Path) -> None:
    amira = await _visit(house, "amira-q7")
    backup = house.backup("backup.db")
    await erase(house.client, amira)

    (data_dir / "keys" / "master.key").unlink()
    keys.create_files(data_dir)
    restored = make_settings(data_dir, f"sqlite:///{backup}")
    app = create_app(restored)
    ring = keys.load(restored)
    with sqlite3.connect(backup) as connection:
        (wrapped,) = connection.execute("SELECT data_key FROM users").fetchone()
    connection.close()

    with pytest.raises(SealBrokenError):
        ring.unwrap(wrapped, owner=amira.id, purpose=DATA_KEY)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        answer = await client.get("/api/v1/health/profiles/me", headers=amira.headers)
    assert answer.status_code == 500
    assert "milk" not in answer.text


async def test_letters_that_were_written_to_the_outbox_hold_no_health(house: House) -> None:
    amira = await _visit(house, "amira-q7")
    document = (await erase(house.client, amira)).json()

    mailer = await house.work()

    everything = "".join(letter.as_string() for letter in mailer.sent) + json.dumps(document)
    assert [word for word in HEALTH if word.decode() in everything] == []
