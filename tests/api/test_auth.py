"""Signing in and out, through the API."""

import bcrypt
import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.models.sessions import RevocationReason, Session
from backend.models.users import User
from tests.conftest import FakeClock
from tests.factories import PASSWORD, Person, make_person, register, sign_in

pytestmark = pytest.mark.anyio


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def _me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("name", ["amira", "AMIRA", "amira@example.com", "Amira@Example.com"])
async def test_signing_in_takes_address_or_name_in_any_case(client: httpx2.AsyncClient, name: str) -> None:
    await register(client)

    response = await sign_in(client, name)

    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    assert (await _me(client, body["access_token"])).status_code == 200


async def test_unknown_person_wrong_password_and_disabled_account_look_alike(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await register(client)
    await register(client, "boris")
    async with resources.database.unit() as session:
        await session.execute(update(User).where(User.username == "boris").values(disabled_at=now()))

    answers = [
        await sign_in(client, "nobody"),
        await sign_in(client, "amira", "Wrong-Password-1"),
        await sign_in(client, "boris"),
    ]

    bodies = [answer.json() | {"request_id": None} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["error"] == "invalid_grant"
    assert all(answer.headers["www-authenticate"] == 'Bearer realm="safeplate"' for answer in answers)


async def test_a_bcrypt_hash_of_an_older_system_verifies_and_is_upgraded(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await register(client)
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    async with resources.database.unit() as session:
        await session.execute(update(User).values(password_hash=old))

    first, wrong = await sign_in(client, "amira"), await sign_in(client, "amira", "Wrong-Password-1")

    async with resources.database.reader() as session:
        stored = await session.scalar(select(User.password_hash))
    assert (first.status_code, wrong.status_code) == (200, 401)
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert (await sign_in(client, "amira")).status_code == 200


async def test_signing_out_acts_at_once_and_on_that_device_alone(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    other = (await sign_in(client, "amira")).json()

    response = await client.post("/api/v1/auth/logout", headers=amira.headers)

    assert response.status_code == 204
    assert (await _me(client, amira.access_token)).status_code == 401
    assert (await _refresh(client, amira.refresh_token)).status_code == 400
    assert (await _me(client, other["access_token"])).status_code == 200


async def test_a_disabled_account_is_refused_at_once(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    async with resources.database.unit() as session:
        await session.execute(update(User).values(disabled_at=now()))

    assert (await _me(client, amira.access_token)).status_code == 401
    assert (await _refresh(client, amira.refresh_token)).status_code == 400


async def test_an_access_token_expires_after_fifteen_minutes(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)

    time.advance(minutes=14, seconds=55)
    before = await _me(client, amira.access_token)
    time.advance(seconds=10)
    after = await _me(client, amira.access_token)

    assert (before.status_code, after.status_code) == (200, 401)
    assert 'error="invalid_token"' in after.headers["www-authenticate"]


async def test_a_refresh_token_is_exchanged_for_a_new_pair(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    response = await _refresh(client, amira.refresh_token)

    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.json()["refresh_token"] != amira.refresh_token
    assert (await _me(client, response.json()["access_token"])).status_code == 200


async def test_a_retry_within_the_grace_gets_the_same_successor(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    first = (await _refresh(client, amira.refresh_token)).json()

    time.advance(seconds=9)
    second = await _refresh(client, amira.refresh_token)

    assert second.json()["refresh_token"] == first["refresh_token"]


async def _revocation(resources: Resources, person: Person) -> RevocationReason | None:
    async with resources.database.reader() as session:
        return await session.scalar(select(Session.revoked_reason).where(Session.user_id == person.id))


async def test_a_replay_after_the_grace_ends_the_session_although_the_request_fails(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    successor = (await _refresh(client, amira.refresh_token)).json()

    time.advance(seconds=11)
    replay = await _refresh(client, amira.refresh_token)

    assert replay.status_code == 400
    assert replay.json()["error"] == "invalid_grant"
    assert await _revocation(resources, amira) is RevocationReason.REUSE_DETECTED
    assert (await _refresh(client, successor["refresh_token"])).status_code == 400
    assert (await _me(client, successor["access_token"])).status_code == 401


async def test_a_replay_after_the_successor_was_used_ends_the_session_even_within_the_grace(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    first = (await _refresh(client, amira.refresh_token)).json()
    await _refresh(client, first["refresh_token"])

    replay = await _refresh(client, amira.refresh_token)

    assert replay.status_code == 400
    assert await _revocation(resources, amira) is RevocationReason.REUSE_DETECTED


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), id="last-character"),
        pytest.param(lambda token: token[:-4], id="cut"),
        pytest.param(lambda token: token + "AAAA", id="longer"),
        pytest.param(lambda token: token + "=", id="padded"),
        pytest.param(lambda _: "nonsense", id="nonsense"),
        pytest.param(lambda _: "\u00e9" * 70, id="not-ascii"),
    ],
)
async def test_a_spoilt_refresh_token_is_refused_and_harms_nobody(
    client: httpx2.AsyncClient, spoil: "type[str]"
) -> None:
    amira = await make_person(client)

    response = await _refresh(client, spoil(amira.refresh_token))

    assert response.status_code == 400
    assert (await _refresh(client, amira.refresh_token)).status_code == 200


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        pytest.param([29, 29], 200, id="used-within-the-idle-limit"),
        pytest.param([31], 400, id="idle-too-long"),
        pytest.param([29, 29, 29, 4], 400, id="past-the-absolute-limit"),
    ],
)
async def test_a_session_has_an_idle_and_an_absolute_limit(
    client: httpx2.AsyncClient, time: FakeClock, steps: list[int], status: int
) -> None:
    token = (await make_person(client)).refresh_token

    for days in steps:
        time.advance(days=days)
        response = await _refresh(client, token)
        token = response.json().get("refresh_token", token)

    assert response.status_code == status


async def test_a_row_of_another_session_cannot_lend_its_family_key(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    async with resources.database.unit() as session:
        stolen = await session.scalar(select(Session.family_key).where(Session.user_id == boris.id))
        await session.execute(update(Session).where(Session.user_id == amira.id).values(family_key=stolen))

    response = await _refresh(client, amira.refresh_token)

    assert response.status_code == 500


async def test_the_public_keys_verify_tokens_and_hold_nothing_private(client: httpx2.AsyncClient) -> None:
    response = await client.get("/.well-known/jwks.json")

    assert response.status_code == 200
    for key in response.json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_extra_fields_of_oauth_clients_are_accepted(client: httpx2.AsyncClient) -> None:
    await register(client)
    form = {
        "grant_type": "password", "username": "amira", "password": PASSWORD,
        "scope": "", "client_id": "docs", "client_secret": "",
    }  # fmt: skip

    response = await client.post("/api/v1/auth/login", data=form)

    assert response.status_code == 200


async def test_an_empty_password_is_refused_before_anybody_is_looked_up(client: httpx2.AsyncClient) -> None:
    await register(client)

    answers = [await sign_in(client, name, "") for name in ("amira", "nobody")]

    bodies = [answer.json() | {"request_id": None} for answer in answers]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert bodies[0] == bodies[1]
