"""Three servers on one database behind a proxy that takes turns: nothing is kept where another cannot see it.

Each request goes to the next server. With Redis and without.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests import loopback, postgres
from tests.administration import account_status, refresh_status
from tests.exports import EXPORT, Taken, ask_for_export, download
from tests.factories import PASSWORD, Person, make_person, make_profile, profile_body, register, sign_in
from tests.nodes import Nodes, nodes, worker

pytestmark = [pytest.mark.anyio, pytest.mark.server]

PROFILES = "/api/v1/health/profiles"
REFRESH = "/api/v1/auth/refresh"
GUEST_CHECK = {"text": "Ingredients: milk.", "requirements": {"allergies": ["milk"]}}
TASTER = {"name": "Ben", "requirements": {"allergies": ["local.quinoa"]}}
WIDE = "100000/minute"
LIMITS = {f"SAFEPLATE_RATE_LIMIT__{name}": WIDE for name in ("LOGIN", "REGISTRATION", "REFRESH", "RECOVERY")}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("redis", id="with-redis", marks=pytest.mark.xdist_group("nodes-with-redis")),
        pytest.param("", id="without-redis", marks=pytest.mark.xdist_group("nodes-without-redis")),
    ],
)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Return three servers and a worker."""
    with ExitStack() as stack:
        variables = LIMITS | {"SAFEPLATE_DATABASE__URL": stack.enter_context(postgres.database())}
        if request.param:
            variables["SAFEPLATE_REDIS__URL"] = stack.enter_context(loopback.redis()).url
            variables["SAFEPLATE_RATE_LIMIT__GUEST_CHECK"] = "6/hour"
        yield stack.enter_context(nodes(tmp_path_factory.mktemp("nodes"), variables))


@pytest.fixture
async def client(cluster: Nodes) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of all of them."""
    async with cluster.client() as opened:
        yield opened


async def _everywhere(client: httpx2.AsyncClient, person: Person) -> list[int]:
    """Return what each server says to an access token."""
    return [await account_status(client, person) for _ in range(3)]


async def test_the_account_of_one_server_is_everybodys(client: httpx2.AsyncClient, cluster: Nodes) -> None:
    assert (await register(client, "amira")).status_code == 201
    assert (await register(client, "amira")).status_code == 409
    proof = {"token": await cluster.token("amira@example.com"), "password": PASSWORD}

    verified = [(await client.post("/api/v1/auth/email/verify", json=proof)).status_code for _ in range(3)]
    tokens = (await sign_in(client, "amira")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    shown = [(await client.get("/api/v1/users/me", headers=headers)).json() for _ in range(3)]

    assert sorted(verified) == [204, 400, 400]
    assert [each["email_verified"] for each in shown] == [True] * 3


async def test_refresh_tokens_rotate_across_servers_and_a_spent_one_ends_the_session(
    client: httpx2.AsyncClient,
) -> None:
    person = await make_person(client, "rotating")
    at_once = await asyncio.gather(
        *(client.post(REFRESH, json={"refresh_token": person.refresh_token}) for _ in range(9))
    )
    (successor,) = {answer.json()["refresh_token"] for answer in at_once}
    newest = (await client.post(REFRESH, json={"refresh_token": successor})).json()

    reused = await client.post(REFRESH, json={"refresh_token": person.refresh_token})
    after = await client.post(REFRESH, json={"refresh_token": newest["refresh_token"]})

    assert {answer.status_code for answer in at_once} == {200}
    assert (reused.status_code, after.status_code) == (400, 400)
    assert await _everywhere(client, person) == [401] * 3


async def test_whoever_signs_out_at_one_server_is_out_at_all(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "leaving")
    assert await _everywhere(client, person) == [200] * 3

    await client.post("/api/v1/auth/logout", headers=person.headers)

    assert await _everywhere(client, person) == [401] * 3
    assert await refresh_status(client, person) == 400


async def test_one_of_many_changes_from_the_same_version_wins(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "changing")
    made = await make_profile(client, person)
    headers = person.headers | {"If-Match": made.headers["etag"]}

    answers = await asyncio.gather(
        *(
            client.put(f"{PROFILES}/me", json=profile_body(display_name=f"Version {number}"), headers=headers)
            for number in range(9)
        )
    )
    shown = [await client.get(f"{PROFILES}/me", headers=person.headers) for _ in range(3)]
    (kept,) = {each.text for each in shown}
    deleted = await client.delete(
        f"{PROFILES}/me", headers=person.headers | {"If-Match": shown[0].headers["etag"]}
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 8}
    assert kept in {answer.text for answer in answers}
    assert deleted.status_code == 204
    gone = [await client.get(f"{PROFILES}/me", headers=person.headers) for _ in range(3)]
    assert {answer.status_code for answer in gone} == {404}


async def test_a_key_sent_to_all_servers_at_once_does_its_work_once(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "repeating")
    headers = person.headers | {"Idempotency-Key": "breakfast"}

    answers = await asyncio.gather(
        *(client.post(PROFILES, json=profile_body(), headers=headers) for _ in range(9))
    )
    listed = (await client.get(PROFILES, headers=person.headers)).json()["items"]

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == len(listed) == 1


async def test_requests_of_one_network_are_counted_together(
    client: httpx2.AsyncClient, request: pytest.FixtureRequest
) -> None:
    if "without" in request.node.callspec.id:
        pytest.skip("without Redis each process counts requests by itself; guesses are in the database")

    answers = [await client.post("/api/v1/screening/guest", json=GUEST_CHECK) for _ in range(9)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_guesses_at_one_account_are_counted_together(client: httpx2.AsyncClient) -> None:
    await register(client, "guessed")

    answers = [(await sign_in(client, "guessed", "Not-The-Word-1")).status_code for _ in range(7)]

    assert answers == [401] * 6 + [429]
    assert (await sign_in(client, "guessed")).status_code == 429


async def test_what_an_operator_adds_is_known_to_all_servers(
    client: httpx2.AsyncClient, cluster: Nodes
) -> None:
    person = await make_person(client, "tasting")
    added = await asyncio.to_thread(
        cluster.servers[0].command,
        "catalog",
        "add",
        "--kind",
        "allergy",
        "--code",
        "local.quinoa",
        "--name",
        "en=Quinoa grain",
    )
    assert added.returncode == 0, added.stderr
    await asyncio.sleep(1.1)  # SAFEPLATE_CATALOG__MAX_AGE

    for _ in range(3):
        body = {"text": "Ingredients: quinoa grain.", "guests": [TASTER]}
        answer = await client.post("/api/v1/screening/check", json=body, headers=person.headers)
        assert answer.json()["verdict"] == "contains", answer.text


async def _state(client: httpx2.AsyncClient, person: Person, export_id: str) -> str:
    found = await client.get(f"{EXPORT}/{export_id}", headers=person.headers)
    return str(found.json()["state"])


async def test_an_export_made_by_the_worker_is_downloaded_from_any_server(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "moving")
    await make_profile(client, person)
    asked = (await ask_for_export(client, person)).json()
    async with asyncio.timeout(60):
        while await _state(client, person, asked["id"]) == "pending":  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.1)

    taken = {(await download(client, person, asked["id"])).content for _ in range(3)}

    assert len(taken) == 1
    assert b"Arachide" in Taken(taken.pop()).files["profile.json"]


async def test_whom_an_operator_shuts_out_is_out_at_all_servers(
    client: httpx2.AsyncClient, cluster: Nodes
) -> None:
    person = await make_person(client, "shut")
    assert await _everywhere(client, person) == [200] * 3

    done = await asyncio.to_thread(cluster.servers[1].command, "user", "disable", "shut")

    assert done.returncode == 0, done.stderr
    assert await _everywhere(client, person) == [401] * 3
    assert await refresh_status(client, person) == 400
    assert (await sign_in(client, "shut", PASSWORD)).status_code == 401


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_worker_ends_cleanly_and_its_heartbeat_with_it(database: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        variables = {}
        if database == "postgresql":
            variables["SAFEPLATE_DATABASE__URL"] = stack.enter_context(postgres.database())
        running = stack.enter_context(worker(tmp_path / "data", **variables))
        age = time.time() - running.heartbeat.stat().st_mtime

        running.process.send_signal(signal.SIGTERM)

        assert age < 30
        assert running.process.wait(timeout=30) == 0
        assert not running.heartbeat.exists()
