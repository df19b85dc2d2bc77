"""Administering accounts: what acts at once, and who is protected from whom."""

import asyncio
import uuid
from collections import Counter
from functools import reduce
from operator import getitem

import httpx2
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.models.sessions import RevocationReason, Session
from backend.models.users import User, UserRole
from tests.administration import READS, USERS, account_status, change, refresh_status
from tests.conftest import FakeClock
from tests.factories import make_admin, make_person, make_profile, sign_in
from tests.second_factors import challenge, code_of, enrol_totp, show_code

CHANGES = [
    pytest.param("POST", "disable", None, id="disable"),
    pytest.param("POST", "enable", None, id="enable"),
    pytest.param("PUT", "role", {"role": "user"}, id="role"),
    pytest.param("DELETE", "sessions", None, id="sessions"),
]

pytestmark = pytest.mark.anyio


async def test_a_disabled_account_is_shut_at_once_and_to_everybody(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    assert await account_status(client, amira) == 200

    answer = await change(client, olga, amira.id, "disable")

    assert answer.status_code == 204
    assert (await account_status(client, amira), await refresh_status(client, amira)) == (401, 400)
    assert (await sign_in(client, "amira")).status_code == 401
    read = (await client.get(f"{USERS}/{amira.id}", headers=olga.headers)).json()
    assert read["disabled_at"] is not None
    async with resources.database.reader() as session:
        reasons = set(
            await session.scalars(select(Session.revoked_reason).where(Session.user_id == amira.id))
        )
    assert reasons == {RevocationReason.ACCOUNT_DISABLED}


async def test_an_enabled_account_opens_to_a_new_sign_in_and_to_no_old_token(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    await change(client, olga, amira.id, "disable")

    answer = await change(client, olga, amira.id, "enable")

    assert answer.status_code == 204
    assert (await account_status(client, amira), await refresh_status(client, amira)) == (401, 400)
    assert (await sign_in(client, "amira")).status_code == 200


async def test_a_role_acts_at_once_in_both_directions(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)

    raised = await change(client, olga, amira.id, "role", "admin")

    assert raised.status_code == 204
    assert (await account_status(client, amira), await refresh_status(client, amira)) == (401, 400)
    tokens = (await sign_in(client, "amira")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get(USERS, headers=headers)).status_code == 200
    lowered = await change(client, olga, amira.id, "role", "user")
    assert lowered.status_code == 204
    assert (await client.get(USERS, headers=headers)).status_code == 401
    tokens = (await sign_in(client, "amira")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get(USERS, headers=headers)).status_code == 403


async def test_an_administrator_signs_every_device_of_an_account_out(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    await sign_in(client, "amira")
    address = f"{USERS}/{amira.id}/sessions"
    before = (await client.get(f"{address}?limit=1", headers=olga.headers)).json()
    rest = (await client.get(f"{address}?cursor={before['next_cursor']}", headers=olga.headers)).json()

    answer = await change(client, olga, amira.id, "sessions")

    assert len({item["id"] for item in before["items"] + rest["items"]}) == 2
    assert answer.status_code == 204
    assert (await client.get(address, headers=olga.headers)).json()["items"] == []
    assert (await account_status(client, amira), await account_status(client, olga)) == (401, 200)


@pytest.mark.parametrize(("act", "role"), [("disable", None), ("role", "admin"), ("sessions", None)])
async def test_a_sign_in_that_waits_for_its_second_factor_ends_too(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock, act: str, role: str | None
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    secret = await enrol_totp(client, amira, time)
    question = await challenge(client)

    await change(client, olga, amira.id, act, role)
    await change(client, olga, amira.id, "enable")

    answer = await show_code(client, question, code_of(secret))
    assert (answer.status_code, answer.json()["code"]) == (400, "challenge-invalid")


@pytest.mark.parametrize(("method", "act", "body"), CHANGES)
async def test_administrators_do_not_administer_themselves(
    client: httpx2.AsyncClient, resources: Resources, method: str, act: str, body: dict[str, str] | None
) -> None:
    olga = await make_admin(client, resources)

    answer = await client.request(method, f"{USERS}/{olga.id}/{act}", json=body, headers=olga.headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "own-account")
    assert (await client.get(USERS, headers=olga.headers)).status_code == 200


@pytest.mark.parametrize(("method", "act", "body"), CHANGES)
async def test_a_change_needs_a_recent_sign_in_and_a_look_does_not(
    client: httpx2.AsyncClient,
    resources: Resources,
    time: FakeClock,
    method: str,
    act: str,
    body: dict[str, str] | None,
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    time.advance(minutes=10, seconds=1)

    answer = await client.request(method, f"{USERS}/{amira.id}/{act}", json=body, headers=olga.headers)
    looks = [await client.get(f"{USERS}/{amira.id}{part}", headers=olga.headers) for part in READS]

    assert (answer.status_code, answer.json()["code"]) == (401, "insufficient-user-authentication")
    assert [look.status_code for look in looks] == [200] * 3
    assert await account_status(client, amira) == 200


async def test_an_account_that_is_not_there_is_not_found(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, nobody = await make_admin(client, resources), uuid.uuid4()

    answers = [await client.get(f"{USERS}/{nobody}{part}", headers=olga.headers) for part in READS]
    answers += [await change(client, olga, nobody, act) for act in ("disable", "enable", "sessions")]
    answers.append(await change(client, olga, nobody, "role", "admin"))

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "account-not-found")}


@pytest.mark.parametrize("role", ["root", "", None, "Admin"])
async def test_there_is_no_third_role(
    client: httpx2.AsyncClient, resources: Resources, role: str | None
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)

    answer = await client.put(f"{USERS}/{amira.id}/role", json={"role": role}, headers=olga.headers)

    assert answer.status_code == 422
    assert await account_status(client, amira) == 200


async def test_of_two_who_demote_each_other_one_remains(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    for number in range(10):
        olga = await make_admin(client, resources, f"olga{number}")
        ivan = await make_admin(client, resources, f"ivan{number}")

        answers = await asyncio.gather(
            change(client, olga, ivan.id, "role", "user"), change(client, ivan, olga.id, "role", "user")
        )

        async with resources.database.reader() as session:
            both = User.id.in_([olga.id, ivan.id])
            roles = Counter(await session.scalars(select(User.role).where(both)))
        assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 403])
        assert roles == {UserRole.USER: 1, UserRole.ADMIN: 1}


async def test_an_administrator_finds_no_profile_of_anybody_else(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    profile_id = (await make_profile(client, amira)).json()["id"]
    address, headers = f"/api/v1/health/profiles/{profile_id}", olga.headers | {"If-Match": "*"}

    answers = [
        await client.request(
            method, address, json={} if method in {"PUT", "PATCH"} else None, headers=headers
        )
        for method in ("GET", "PUT", "PATCH", "DELETE")
    ]
    check = {"text": "milk", "profiles": [profile_id]}
    answers.append(await client.post("/api/v1/screening/check", json=check, headers=headers))
    looks = [await client.get(f"{USERS}/{amira.id}{part}", headers=headers) for part in READS]

    assert {answer.status_code for answer in answers} == {404}
    assert (await client.get("/api/v1/health/profiles", headers=headers)).json()["items"] == []
    words = ("milk", "anaphylaxis", "vegetarian", "coeliac", "injector", profile_id)
    assert [word for word in words for look in looks if word in look.text] == []


async def test_no_answer_to_an_administrator_has_a_member_about_health(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]

    def members(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(members, node))
        if not isinstance(node, dict):
            return set()
        _, *path = str(node.get("$ref", "#")).split("/")
        found = members(reduce(getitem, path, document)) if path else set()
        return found.union(node.get("properties", {}), *map(members, node.values()))

    paths = {path: item for path, item in document["paths"].items() if path.startswith(USERS)}
    health = members(schemas["HealthProfileResponse"]) - members(schemas["AdminUserResponse"])
    assert {"allergies", "display_name", "medical_conditions"} <= health
    assert "disabled_at" in members(paths)
    assert members(paths) & (health - {"code", "name", "version"}) == set()
