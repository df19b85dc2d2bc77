"""Copies of one's data on real servers: many ask at once, processes are killed, chunks are gone."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, select

from backend.core import keys
from backend.core.config import Settings
from backend.core.database import Database
from backend.models.export import Export, ExportChunk, ExportState
from backend.services.export.requests import MAX_PER_DAY
from tests import postgres
from tests.conftest import DATABASES
from tests.exports import EXPORT, Taken, ask_for_export, download, grow_activity
from tests.factories import Person, make_person, make_profile, make_settings
from tests.server.conftest import Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.server]

EVENTS = 20_000
SHORT = {"SAFEPLATE_JOBS__LEASE": "PT5S", "SAFEPLATE_JOBS__POLL_INTERVAL": "PT0.1S"}


@asynccontextmanager
async def _client(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=32)
    async with httpx2.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        yield client


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    try:
        yield database
    finally:
        await database.dispose()


def _settings(server: Server) -> Settings:
    return make_settings(server.data_dir, server.environment.get("SAFEPLATE_DATABASE__URL"))


async def _await_ready(client: httpx2.AsyncClient, person: Person, export_id: str) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            found = (await client.get(f"{EXPORT}/{export_id}", headers=person.headers)).json()
            if found["state"] != "pending":
                return dict(found)
            await asyncio.sleep(0.1)


def _letters(data_dir: Path, to: str) -> Counter[str]:
    found = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in (data_dir / "outbox").iterdir()
        if path.suffix == ".eml"
    ]
    return Counter(str(letter["Subject"]) for letter in found if letter["To"] == to)


async def test_whatever_64_requests_at_once_are_told_of_is_made_once(server: Server) -> None:
    async with _client(server) as client:
        owner = await make_person(client, "greedy")
        answers = await asyncio.gather(*(ask_for_export(client, owner) for _ in range(64)))
        listed = (await client.get(EXPORT, headers=owner.headers)).json()["items"]
        made = [await _await_ready(client, owner, item["id"]) for item in listed]
        newest = Taken((await download(client, owner, listed[0]["id"])).content)

    # Both processes work meanwhile: when one was made, the next request is for another.
    asked = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    requested = [row["action"] for row in newest.rows()].count("export_requested")
    assert {answer.status_code for answer in answers} <= {202, 429}
    assert asked == {item["id"] for item in listed}
    assert {item["state"] for item in made} == {"ready"}
    assert requested == len(listed) <= MAX_PER_DAY


@pytest.fixture(params=DATABASES)
def fragile(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return what a server that will be killed is started with."""
    if request.param == "sqlite":
        yield SHORT
        return
    with postgres.database() as url:
        yield SHORT | {"SAFEPLATE_DATABASE__URL": url}


async def _await_claim(database: Database) -> None:
    async with asyncio.timeout(60):
        while True:
            async with database.reader() as session:
                if await session.scalar(select(Export.attempt)):
                    return


async def test_a_kill_between_claim_and_end_leaves_no_half_file(
    fragile: dict[str, str], data_dir: Path
) -> None:
    running = start(data_dir, "--workers", "1", **fragile)
    settings = _settings(running)
    try:
        async with _client(running) as client, _database(settings) as database:
            owner = await make_person(client)
            await make_profile(client, owner)
            await grow_activity(database, keys.load(settings), owner.id, EVENTS)
            asked = (await ask_for_export(client, owner)).json()
            await _await_claim(database)
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
            async with database.reader() as session:
                state = await session.scalar(select(Export.state))
        assert running.process.stdout is not None
        running.process.stdout.close()
        running = start(data_dir, "--workers", "1", **fragile)
        async with _client(running) as client, _database(settings) as database:
            made = await _await_ready(client, owner, asked["id"])
            taken = await download(client, owner, asked["id"])
            async with database.reader() as session:
                attempts = set(await session.scalars(select(ExportChunk.attempt)))
    finally:
        stop(running)

    rows = Taken(taken.content).rows()
    assert state is ExportState.PENDING
    assert (made["state"], made["size"], attempts) == ("ready", len(taken.content), {2})
    assert [row["sequence"] for row in rows] == [str(number) for number in range(1, EVENTS + 2)]
    assert _letters(data_dir, owner.email)["The copy of your data is ready"] == 1


async def test_a_file_whose_end_is_gone_looks_cut_off_to_the_client(server: Server) -> None:
    async with _client(server) as client, _database(_settings(server)) as database:
        owner = await make_person(client, "cut-off")
        await grow_activity(database, keys.load(_settings(server)), owner.id, EVENTS)
        asked = (await ask_for_export(client, owner)).json()
        made = await _await_ready(client, owner, asked["id"])
        async with database.unit() as session:
            await session.execute(delete(ExportChunk).where(ExportChunk.number > 0))
        with pytest.raises(httpx2.RemoteProtocolError):
            await download(client, owner, asked["id"])

    assert made["state"] == "ready"
