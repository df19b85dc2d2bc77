"""Administrators have accounts erased after the grace, and keep them; nothing that they do is for good."""

import uuid

import httpx2
import pytest

from backend.api.dependencies import Resources
from tests.conftest import FakeClock, Post
from tests.erasures import ask, run_chore, undo
from tests.factories import Person, erase, make_admin, make_person, sign_in

pytestmark = pytest.mark.anyio

USERS = "/api/v1/admin/users"


async def _do(client: httpx2.AsyncClient, admin: Person, user_id: uuid.UUID, what: str) -> httpx2.Response:
    return await client.post(f"{USERS}/{user_id}/{what}", headers=admin.headers)


async def test_an_account_that_an_administrator_has_erased_waits_and_its_owner_can_keep_it(
    client: httpx2.AsyncClient, resources: Resources, post: Post, time: FakeClock
) -> None:
    amira, olga = await make_person(client), await make_admin(client, resources)

    asked = await _do(client, olga, amira.id, "erase")
    again = await _do(client, olga, amira.id, "erase")

    shown = (await client.get(f"{USERS}/{amira.id}", headers=olga.headers)).json()
    assert (asked.status_code, again.json()) == (202, asked.json())
    assert shown["erase_at"] == asked.json()["erase_at"]
    assert (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 401
    await post.deliver()
    assert post.mailer.subjects(amira.email).count("Your account will be erased") == 1
    assert (await undo(client, post.mailer.token(amira.email))).status_code == 204
    assert (await sign_in(client, "amira")).status_code == 200


async def test_an_administrator_keeps_an_account_and_its_owner_sees_who_did(
    client: httpx2.AsyncClient, resources: Resources, post: Post, time: FakeClock
) -> None:
    amira, olga = await make_person(client), await make_admin(client, resources)
    await ask(client, amira)
    await post.deliver()
    link = post.mailer.token(amira.email)

    kept = [(await _do(client, olga, amira.id, "keep")).status_code for _ in range(2)]

    tokens = (await sign_in(client, "amira")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    items = (await client.get("/api/v1/users/me/activity", headers=headers)).json()["items"]
    found = [(item["action"], item["actor"], item["actor_id"]) for item in items[1:3]]
    assert kept == [204, 204]
    assert found == [("erasure_undone", "admin", str(olga.id)), ("erasure_requested", "owner", None)]
    assert (await undo(client, link)).status_code == 400
    time.advance(days=20)
    assert await run_chore(resources) == 0


async def test_when_the_time_has_come_an_administrator_is_too_late(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await ask(client, amira)
    time.advance(days=14)
    olga = await make_admin(client, resources)

    late = await _do(client, olga, amira.id, "keep")
    await run_chore(resources)
    later = await _do(client, olga, amira.id, "keep")

    assert (late.status_code, late.json()["code"]) == (409, "erasure-due")
    assert (later.status_code, later.json()["code"]) == (404, "account-not-found")


@pytest.mark.parametrize("what", ["erase", "keep"])
async def test_administrators_do_it_to_nobody_who_is_not_there_and_not_to_themselves(
    client: httpx2.AsyncClient, resources: Resources, what: str
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    await erase(client, amira)

    own, gone = await _do(client, olga, olga.id, what), await _do(client, olga, amira.id, what)

    assert (own.status_code, own.json()["code"]) == (409, "own-account")
    assert (gone.status_code, gone.json()["code"]) == (404, "account-not-found")
