"""Sessions under many clients, kill -9 and restarts: real servers of two processes, on both databases."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.conftest import DATABASES
from tests.factories import PASSWORD, Person, erase, make_person, sign_in
from tests.server.conftest import FULL_DRILLS, Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.server]

REFRESH = "/api/v1/auth/refresh"
CLIENTS = 64
ROUNDS, KILLS = (200, 8) if FULL_DRILLS else (25, 3)


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 64 connections."""
    limits = httpx2.Limits(max_connections=CLIENTS)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(REFRESH, json={"refresh_token": token})


async def _statuses(client: httpx2.AsyncClient, access_tokens: list[str]) -> set[int]:
    asked = (
        client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        for token in access_tokens
    )
    return {answer.status_code for answer in await asyncio.gather(*asked)}


async def test_round_after_round_64_clients_with_one_token_get_one_successor(
    crowd: httpx2.AsyncClient,
) -> None:
    token = (await make_person(crowd, "rounds")).refresh_token

    for _ in range(ROUNDS):
        answers = await asyncio.gather(*(_refresh(crowd, token) for _ in range(CLIENTS)))
        assert {answer.status_code for answer in answers} <= {200, 400}
        (token,) = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}


async def _sign_out(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.post("/api/v1/auth/logout", headers=person.headers)


async def _sign_out_everywhere(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.post("/api/v1/auth/logout-all", headers=person.headers)


async def _change_password(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    # From another device: the one that changes it stays signed in.
    tokens = (await sign_in(client, person.username)).json()
    body = {"current_password": PASSWORD, "new_password": "Mulberry-Tree-7"}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return await client.post("/api/v1/auth/password/change", json=body, headers=headers)


async def _ask_for_erasure(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.delete("/api/v1/users/me", headers=person.headers)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(_sign_out, id="sign-out"),
        pytest.param(_sign_out_everywhere, id="sign-out-everywhere"),
        pytest.param(_change_password, id="password-change"),
        pytest.param(_ask_for_erasure, id="erasure-with-grace"),
        pytest.param(erase, id="erasure-at-once"),
    ],
)
async def test_no_token_outlives_an_end_that_races_with_refreshes(
    crowd: httpx2.AsyncClient,
    request: pytest.FixtureRequest,
    end: Callable[[httpx2.AsyncClient, Person], Awaitable[httpx2.Response]],
) -> None:
    for number in range(5):
        person = await make_person(crowd, f"racer-{request.node.callspec.indices['end']}-{number}")
        *before, ended = await asyncio.gather(
            *(_refresh(crowd, person.refresh_token) for _ in range(12)), end(crowd, person)
        )
        after = await asyncio.gather(*(_refresh(crowd, person.refresh_token) for _ in range(12)))

        answers = [*before, *after]
        issued = [answer.json() for answer in answers if answer.status_code == 200]
        assert ended.is_success
        assert {answer.status_code for answer in answers} <= {200, 400}
        assert await _statuses(
            crowd, [person.access_token, *(tokens["access_token"] for tokens in issued)]
        ) == {401}
        late = await asyncio.gather(*(_refresh(crowd, tokens["refresh_token"]) for tokens in issued))
        assert {answer.status_code for answer in late} <= {400}


async def _command(server: Server, *arguments: str) -> None:
    done = await asyncio.to_thread(server.command, "user", *arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("disable",), id="disabling"),
        pytest.param(("promote",), id="another-role"),
        pytest.param(("sessions", "--end"), id="ended-by-an-operator"),
    ],
)
async def test_no_session_outlives_an_end_of_all_that_races_with_refreshes(
    server: Server, crowd: httpx2.AsyncClient, arguments: tuple[str, ...]
) -> None:
    person = await make_person(crowd, f"many-{arguments[0]}")
    first = [(await sign_in(crowd, person.username)).json() for _ in range(8)]
    ended = asyncio.Event()

    async def keep_refreshing(tokens: dict[str, str]) -> list[dict[str, str]]:
        seen = [tokens]
        while not ended.is_set():
            answer = await _refresh(crowd, seen[-1]["refresh_token"])
            if answer.status_code != 200:
                break
            seen.append(answer.json())
        return seen

    running = [asyncio.create_task(keep_refreshing(tokens)) for tokens in first]
    await _command(server, arguments[0], person.username, *arguments[1:])
    ended.set()
    seen = await asyncio.gather(*running)

    assert all(len(tokens) > 1 for tokens in seen)
    assert await _statuses(crowd, [tokens["access_token"] for every in seen for tokens in every[-20:]]) == {
        401
    }
    late = await asyncio.gather(*(_refresh(crowd, every[-1]["refresh_token"]) for every in seen))
    assert {answer.status_code for answer in late} == {400}


async def test_every_process_refuses_a_token_at_once(crowd: httpx2.AsyncClient) -> None:
    person = await make_person(crowd, "at-once")
    assert await _statuses(crowd, [person.access_token] * 32) == {200}

    await _sign_out(crowd, person)

    assert await _statuses(crowd, [person.access_token] * 32) == {401}


@pytest.fixture(params=DATABASES)
def variables(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return the settings of a server that is started again and again on one database."""
    # A start takes seconds on a busy machine: the grace must not run out meanwhile.
    common = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false", "SAFEPLATE_AUTH__REFRESH_GRACE": "PT2M"}
    if request.param == "sqlite":
        yield common
        return
    with postgres.database() as url:
        yield common | {"SAFEPLATE_DATABASE__URL": url}


@asynccontextmanager
async def _serving(
    data_dir: Path, variables: dict[str, str]
) -> AsyncIterator[tuple[Server, httpx2.AsyncClient]]:
    server = start(data_dir, **variables)
    try:
        async with httpx2.AsyncClient(base_url=server.url, timeout=10) as client:
            yield server, client
    finally:
        stop(server)


async def test_a_refresh_that_a_kill_cut_off_can_be_repeated(
    data_dir: Path, variables: dict[str, str]
) -> None:
    async with _serving(data_dir, variables) as (_, client):
        token = (await make_person(client)).refresh_token
    delays = random.Random(7)

    for _ in range(KILLS):
        async with _serving(data_dir, variables) as (server, client):
            pending = asyncio.create_task(_refresh(client, token))
            await asyncio.sleep(delays.uniform(0, 0.02))
            server.process.send_signal(signal.SIGKILL)
            try:
                answered = (await pending).json()["refresh_token"]
            except httpx2.TransportError:
                answered = None
        async with _serving(data_dir, variables) as (_, client):
            repeated = await _refresh(client, token)
            assert repeated.status_code == 200
            successor = repeated.json()["refresh_token"]
            assert answered in {None, successor}
            token = (await _refresh(client, successor)).raise_for_status().json()["refresh_token"]


async def test_a_restart_revives_nothing(data_dir: Path, variables: dict[str, str]) -> None:
    async with _serving(data_dir, variables) as (server, client):
        left, kept = await make_person(client, "left"), await make_person(client, "kept")
        await _sign_out(client, left)
        spent = await make_person(client, "spent")
        successor = (await _refresh(client, spent.refresh_token)).json()["refresh_token"]
        newest = (await _refresh(client, successor)).json()["refresh_token"]
        server.process.send_signal(signal.SIGKILL)

    async with _serving(data_dir, variables) as (_, client):
        accessed = [await _statuses(client, [person.access_token]) for person in (left, kept)]
        refreshed = [(await _refresh(client, person.refresh_token)).status_code for person in (left, kept)]
        replayed = [(await _refresh(client, token)).status_code for token in (spent.refresh_token, newest)]

    assert (accessed, refreshed) == ([{401}, {200}], [400, 200])
    assert replayed == [400, 400]
