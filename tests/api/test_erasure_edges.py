"""Erasing where something else is going on: a stolen account, a disabled one, unclear words, repetition."""

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.models.users import User
from tests.changes import change, make_proved
from tests.conftest import FakeClock, Post
from tests.erasures import ME, ask, run_chore, undo
from tests.factories import erase, make_person, make_profile, sign_in

pytestmark = pytest.mark.anyio

AUTH = "/api/v1/auth"


async def test_who_changed_the_address_cannot_have_the_account_erased_for_good(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock
) -> None:
    amira = await make_proved(client, post)
    await change(client, post, amira)  # by somebody who knows the password
    await ask(client, amira)
    await post.deliver()
    old_link = post.mailer.token(amira.email)

    restored = await client.post(f"{AUTH}/email/change/undo", json={"token": old_link})

    assert restored.status_code == 204
    time.advance(days=15)
    assert await run_chore(resources) == 0
    async with resources.database.reader() as session:
        (user,) = await session.scalars(select(User))
    assert (user.email, user.erase_at) == (amira.email, None)


async def test_a_disabled_account_that_waits_is_erased_and_not_taken_back(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await ask(client, amira)
    await post.deliver()
    async with resources.database.unit() as session:
        await session.execute(update(User).values(disabled_at=time.moment))

    assert (await undo(client, post.mailer.token())).status_code == 400
    assert (await sign_in(client, "amira")).json()["code"] == "invalid-credentials"
    time.advance(days=14)
    assert await run_chore(resources) == 1


@pytest.mark.parametrize("value", ["", "maybe", "2"])
async def test_what_is_neither_yes_nor_no_erases_nothing(client: httpx2.AsyncClient, value: str) -> None:
    amira = await make_person(client)

    answer = await client.delete(ME, params={"immediately": value}, headers=amira.headers)

    assert answer.status_code == 422
    assert (await client.get(ME, headers=amira.headers)).status_code == 200


async def test_what_is_asked_twice_at_once_finds_the_account_gone(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await make_profile(client, boris)

    await erase(client, amira)
    again = await client.delete(ME, params={"immediately": True}, headers=amira.headers)

    assert (again.status_code, again.json()["code"]) == (401, "invalid-token")
    assert (await client.get("/api/v1/health/profiles/me", headers=boris.headers)).status_code == 200
