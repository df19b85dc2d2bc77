"""What the database undid is done again, once; what is in doubt is said to be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text

from backend.api.dependencies import Resources
from backend.core import tries
from backend.core.config import Settings
from backend.core.database import CommitInDoubtError, UnitUndoneError
from backend.main import create_app
from backend.models.attempts import Attempts
from backend.models.audit import AuditEvent
from backend.models.health import HealthProfile
from backend.models.sessions import Session
from backend.models.users import User
from tests.factories import Person, make_person, make_settings, sign_in, url_of
from tests.wires import Cut, Wire, wire

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
PROFILE = {"allergies": [{"name": "milk"}]}
TERMINATE = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)"
Breaker = Callable[[str, int, str], Awaitable[None]]


def _raise(state: str) -> str:
    return f"RAISE EXCEPTION 'as a failover does' USING ERRCODE = '{state}'"


@pytest.fixture
async def broken(resources: Resources) -> AsyncIterator[Breaker]:
    """Return what makes the first so many insertions into a table fail; PostgreSQL counts them itself."""
    if resources.database.is_sqlite:
        pytest.skip("SQLite has one writer and no connection: it undoes no unit by itself")
    engine = resources.database.engine

    async def _break(table: str, times: int, how: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE SEQUENCE tries"))  # not undone with a transaction
            await connection.execute(
                text(
                    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"IF nextval('tries') <= {times} THEN {how}; END IF; RETURN NEW; END $$"
                )
            )
            await connection.execute(
                text(f"CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()")
            )

    yield _break
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION IF EXISTS fail CASCADE"))
        await connection.execute(text("DROP SEQUENCE IF EXISTS tries"))


async def _count(resources: Resources, table: type) -> int:
    async with resources.database.reader() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def _tries(resources: Resources) -> int:
    async with resources.database.reader() as session:
        return await session.scalar(text("SELECT last_value FROM tries")) or 0


FAILURES = [
    pytest.param(_raise("40001"), id="serialization-failure"),
    pytest.param(_raise("40P01"), id="deadlock"),
    pytest.param(_raise("25006"), id="became-a-standby"),
    pytest.param(_raise("57P01"), id="shuts-down"),
    pytest.param(TERMINATE, id="connection-lost"),
]


@pytest.mark.parametrize("how", FAILURES)
async def test_a_request_that_the_database_undid_is_done_again(
    client: httpx2.AsyncClient, resources: Resources, broken: Breaker, how: str
) -> None:
    amira = await make_person(client)
    await broken("health_profiles", 2, how)

    answer = await client.post(PROFILES, json=PROFILE, headers=amira.headers | {"Idempotency-Key": "one"})

    assert answer.status_code == 201
    assert answer.json()["allergies"][0]["name"] == "milk"
    assert (await _tries(resources), await _count(resources, HealthProfile)) == (3, 1)
    repeated = await client.post(PROFILES, json=PROFILE, headers=amira.headers | {"Idempotency-Key": "one"})
    assert (repeated.status_code, repeated.json()) == (201, answer.json())


async def test_work_that_is_undone_every_time_is_given_up(
    client: httpx2.AsyncClient, resources: Resources, broken: Breaker
) -> None:
    amira = await make_person(client)
    await broken("health_profiles", 99, _raise("40001"))

    answer = await client.post(PROFILES, json=PROFILE, headers=amira.headers)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await _tries(resources), await _count(resources, HealthProfile)) == (tries.MOST, 0)


async def test_what_takes_its_time_is_not_done_again(
    client: httpx2.AsyncClient, resources: Resources, broken: Breaker
) -> None:
    amira = await make_person(client)
    await broken("health_profiles", 99, _raise("55P03"))  # a lock was waited for

    answer = await client.post(PROFILES, json=PROFILE, headers=amira.headers)

    assert (answer.status_code, await _tries(resources)) == (503, 1)


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    parts: Resources = app.state.resources
    await parts.database.dispose()


@pytest.mark.parametrize("how", FAILURES)
async def test_a_sign_in_that_is_done_again_counts_once(
    client: httpx2.AsyncClient, resources: Resources, settings: Settings, broken: Breaker, how: str
) -> None:
    await make_person(client)
    limits = {"rate_limit": {"login": "1/minute"}}
    app = create_app(make_settings(settings.data_dir, url_of(settings), **limits))
    before = await _count(resources, Session)
    await broken("sessions", 2, how)

    async with _client(app) as limited:
        first, second = await sign_in(limited, "amira"), await sign_in(limited, "amira")

    assert (first.status_code, second.status_code) == (200, 429)
    assert await _count(resources, Session) == before + 1
    async with resources.database.reader() as session:
        levels = list(await session.scalars(select(Attempts.level)))
        signed_in = AuditEvent.action == "signed_in"
        events = await session.scalar(select(func.count()).where(signed_in))
    assert set(levels) == {0.0}  # one guess, taken back
    assert events == before + 1


async def test_two_units_that_wait_for_each_other_both_end(resources: Resources) -> None:
    if resources.database.is_sqlite:
        pytest.skip("SQLite has one writer: nothing waits for a row")
    names = ("amira", "boris")
    async with resources.database.unit() as session:
        for name in names:
            members = {"email": name, "email_key": name, "username": name, "username_key": name}
            session.add(User(password_hash="", data_key=b"", locale="0", **members))
    meeting = asyncio.Barrier(2)

    async def increment(order: tuple[str, ...]) -> None:
        is_first_try = True

        async def work() -> None:
            nonlocal is_first_try
            async with resources.database.unit() as session:
                for name in order:
                    query = select(User).where(User.username == name).with_for_update()
                    user = (await session.scalars(query)).one()
                    user.locale = str(int(user.locale) + 1)
                    await session.flush()
                    if is_first_try and name == order[0]:
                        is_first_try = False
                        await meeting.wait()

        await tries.repeated(work)

    await asyncio.gather(increment(names), increment(names[::-1]))

    async with resources.database.reader() as session:
        assert list(await session.scalars(select(User.locale))) == ["2", "2"]


@pytest.fixture
async def over_wire(app: FastAPI, settings: Settings) -> AsyncIterator[tuple[Wire, httpx2.AsyncClient]]:
    """Return a client of a service whose database is behind a wire."""
    url = settings.database_url
    if url.get_backend_name() == "sqlite":
        pytest.skip("SQLite is no server: no wire leads to it")
    async with wire(url.host or "127.0.0.1", url.port or 5432) as (laid, port):
        wired = url.set(host="127.0.0.1", port=port, query={"application_name": "wired"})
        through = wired.render_as_string(hide_password=False)
        async with _client(create_app(make_settings(settings.data_dir, through))) as opened:
            yield laid, opened


@pytest.mark.parametrize("cut", Cut)
async def test_a_commit_in_doubt_is_resolved_by_its_key(
    client: httpx2.AsyncClient,
    over_wire: tuple[Wire, httpx2.AsyncClient],
    resources: Resources,
    cut: Cut,
) -> None:
    laid, remote = over_wire
    amira = await make_person(client)
    headers = amira.headers | {"Idempotency-Key": "one"}

    laid.cut = cut
    doubtful = await remote.post(PROFILES, json=PROFILE, headers=headers)
    while await _count(resources, HealthProfile) < (cut is Cut.AFTER):  # noqa: ASYNC110 - another process's
        await asyncio.sleep(0.01)  # the server may still be at it
    resolved = await remote.post(PROFILES, json=PROFILE, headers=headers)

    assert (doubtful.status_code, doubtful.json()["code"]) == (503, "commit-in-doubt")
    assert int(doubtful.headers["retry-after"]) >= 1
    assert resolved.status_code == 201
    assert await _count(resources, HealthProfile) == 1
    shown = await client.get(f"{PROFILES}/me", headers=amira.headers)
    assert shown.json() == resolved.json()


async def test_a_lost_answer_to_a_refresh_gives_the_same_successor(
    client: httpx2.AsyncClient, over_wire: tuple[Wire, httpx2.AsyncClient]
) -> None:
    laid, remote = over_wire
    amira = await make_person(client)

    laid.cut = Cut.AFTER
    body = {"refresh_token": amira.refresh_token}
    doubtful = await remote.post("/api/v1/auth/refresh", json=body)
    again = [await each.post("/api/v1/auth/refresh", json=body) for each in (remote, client)]

    assert doubtful.json()["code"] == "commit-in-doubt"
    assert [answer.status_code for answer in again] == [200, 200]
    assert len({answer.json()["refresh_token"] for answer in again}) == 1


async def test_connections_that_broke_while_nobody_looked_cost_no_request(
    client: httpx2.AsyncClient, over_wire: tuple[Wire, httpx2.AsyncClient], resources: Resources
) -> None:
    _, remote = over_wire
    amira = await make_person(client)
    await asyncio.gather(*(_read(remote, amira) for _ in range(8)))
    async with resources.database.unit() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'wired'"
            )
        )

    answers = await asyncio.gather(*(_read(remote, amira) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}


async def _read(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers=person.headers)


async def test_a_doubt_is_never_resolved_by_doing_it_again() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1
        raise CommitInDoubtError

    with pytest.raises(CommitInDoubtError):
        await tries.repeated(work)
    assert done == 1


async def test_tries_share_what_is_done_once_in_the_order_of_its_calls() -> None:
    made: list[int] = []
    seen: list[list[int]] = []

    async def make() -> int:
        made.append(len(made))
        return made[-1]

    async def work() -> list[int]:
        seen.append([await tries.once("number", make), await tries.once("number", make)])
        if len(seen) < tries.MOST:
            raise UnitUndoneError
        return [*seen[-1], await tries.once("number", make)]

    assert await tries.repeated(work) == [0, 1, 2]
    assert seen == [[0, 1]] * tries.MOST
    assert await tries.once("number", make) == 3  # outside of tries nothing is kept
