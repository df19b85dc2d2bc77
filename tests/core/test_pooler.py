"""PgBouncer in transaction mode: each statement may meet another connection of the server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from backend.api.dependencies import Resources
from backend.core import migrations
from backend.core.config import Settings
from backend.core.database import Database
from backend.main import create_app
from backend.services import jobs, system
from tests import loopback, postgres
from tests.exports import download, make_exports
from tests.factories import make_person, make_profile, make_settings, profile_body, sign_in

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("pgbouncer")]

PROFILES = "/api/v1/health/profiles"
CROWD = 24


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Return the settings of a service behind a PgBouncer with four connections to an empty database."""
    with postgres.database() as url, loopback.pgbouncer(url) as started:
        database = {"url": started.url, "pooler": "transaction", "pool_size": CROWD}
        yield make_settings(tmp_path_factory.mktemp("pooled"), database=database)


@pytest.fixture(scope="module")
async def app(anyio_backend: object, pooled: Settings) -> AsyncIterator[FastAPI]:
    """Return the application, whose schema was migrated through the pooler by three at once."""
    await asyncio.gather(*(migrations.upgrade(pooled) for _ in range(3)))
    app = create_app(pooled)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def test_the_main_job_is_done_by_many_at_once(client: httpx2.AsyncClient) -> None:
    people = await asyncio.gather(*(make_person(client, f"person{number}") for number in range(CROWD)))
    await asyncio.gather(*(make_profile(client, person) for person in people))
    label = {"text": "Ingredients: sugar, whey powder. May contain peanuts."}

    for _ in range(5):
        answers = await asyncio.gather(
            *(client.post("/api/v1/screening/check", json=label, headers=each.headers) for each in people),
            *(client.get("/api/v1/users/me", headers=each.headers) for each in people),
            *(client.get(f"{PROFILES}/me", headers=each.headers) for each in people),
            *(client.get("/api/v1/auth/sessions", headers=each.headers) for each in people),
        )
        assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["verdict"] for answer in answers[:CROWD]} == {"contains"}


async def test_races_end_as_they_do_without_a_pooler(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "racing")
    made = await make_profile(client, person)
    body = {"refresh_token": person.refresh_token}
    headers = person.headers | {"If-Match": made.headers["etag"]}

    refreshed = await asyncio.gather(*(client.post("/api/v1/auth/refresh", json=body) for _ in range(CROWD)))
    changed = await asyncio.gather(
        *(
            client.put(f"{PROFILES}/me", json=profile_body(display_name=str(number)), headers=headers)
            for number in range(CROWD)
        )
    )

    assert {answer.status_code for answer in refreshed} == {200}
    assert len({answer.json()["refresh_token"] for answer in refreshed}) == 1
    assert Counter(answer.status_code for answer in changed) == {200: 1, 412: CROWD - 1}
    await client.post("/api/v1/auth/logout", headers=person.headers)
    assert (await client.get("/api/v1/users/me", headers=person.headers)).status_code == 401
    assert (await sign_in(client, "racing")).status_code == 200


async def test_jobs_and_streams_go_through_it(client: httpx2.AsyncClient, app: FastAPI) -> None:
    resources: Resources = app.state.resources
    person = await make_person(client, "moving")
    await make_profile(client, person)
    asked = (await client.post("/api/v1/users/me/export", headers=person.headers)).json()

    assert await make_exports(resources) == 1
    file = await download(client, person, asked["id"])

    assert file.content.startswith(b"PK")
    async with resources.database.unit() as session:
        assert await jobs.forget(session, {str(person.id)}, keyring=resources.keyring) == 1
    assert not await system.is_outdated(resources.database, keyring=resources.keyring)


async def test_nothing_of_a_session_is_left_to_the_next_one(app: FastAPI) -> None:
    resources: Resources = app.state.resources
    async with resources.database.unit() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        found = [await session.scalar(text(query)) for query in (prepared, locks)]

    assert pid is not None
    assert found == [0, 0]


async def test_a_server_that_takes_writes_is_found_through_a_pooler(pooled: Settings) -> None:
    url = pooled.database_url.render_as_string(hide_password=False)
    database = Database(
        make_settings(
            pooled.data_dir,
            database={"url": f"{url}?target_session_attrs=read-write", "pooler": "transaction"},
        )
    )

    async with database.unit() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.dispose()
