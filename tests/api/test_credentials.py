"""Proving an address, and setting a new password, through the API."""

import asyncio

import httpx2
import pytest
from sqlalchemy import update

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.models.users import User
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, Person, erase, make_person, register, sign_in

AUTH = "/api/v1/auth"
NEW_PASSWORD = "Mulberry-Tree-7"

pytestmark = pytest.mark.anyio


async def _forgot(client: httpx2.AsyncClient, email: str = "amira@example.com") -> httpx2.Response:
    return await client.post(f"{AUTH}/password/forgot", json={"email": email})


async def _reset(client: httpx2.AsyncClient, token: str, password: str = NEW_PASSWORD) -> httpx2.Response:
    return await client.post(f"{AUTH}/password/reset", json={"token": token, "new_password": password})


async def _verify(client: httpx2.AsyncClient, token: str, password: str = PASSWORD) -> httpx2.Response:
    return await client.post(f"{AUTH}/email/verify", json={"token": token, "password": password})


async def _me(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers=person.headers)


async def test_a_new_account_proves_its_address_with_link_and_password(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    assert await post.deliver() == 1
    (letter,) = post.mailer.sent

    wrong = await _verify(client, post.mailer.token(), NEW_PASSWORD)
    right = await _verify(client, post.mailer.token())
    again = await _verify(client, post.mailer.token())

    assert letter["To"] == "amira@example.com"
    assert [answer.status_code for answer in (wrong, right, again)] == [401, 204, 400]
    assert again.json()["code"] == "link-invalid"
    assert (await _me(client, amira)).json()["email_verified"] is True
    assert await post.deliver() == 0


async def test_an_answer_tells_nobody_who_has_an_account(
    client: httpx2.AsyncClient, post: Post, resources: Resources
) -> None:
    await register(client)
    await register(client, "boris")
    async with resources.database.unit() as session:
        await session.execute(update(User).where(User.username == "boris").values(disabled_at=now()))
    await post.deliver()
    post.mailer.sent.clear()

    answers = [
        await client.post(f"{AUTH}/{path}", json={"email": email})
        for path in ("password/forgot", "email/resend")
        for email in ("amira@example.com", "nobody@example.com", "boris@example.com")
    ]
    await post.deliver()

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert {letter["To"] for letter in post.mailer.sent} == {"amira@example.com"}
    assert len(post.mailer.sent) == 2


async def test_a_reset_sets_the_password_proves_the_address_and_signs_every_device_out(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    await _forgot(client, "AMIRA@example.com")
    await post.deliver()

    done = await _reset(client, post.mailer.token())

    assert done.status_code == 204
    assert (await _me(client, amira)).status_code == 401
    assert (await sign_in(client, "amira")).status_code == 401
    tokens = (await sign_in(client, "amira", NEW_PASSWORD)).raise_for_status().json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get("/api/v1/users/me", headers=headers)).json()["email_verified"] is True
    await post.deliver()
    assert post.mailer.sent[-1]["Subject"] == "Your password was changed"


async def test_who_opened_an_account_on_anothers_address_is_left_with_nothing(
    client: httpx2.AsyncClient, post: Post
) -> None:
    attacker = await make_person(client)
    await _forgot(client)
    await post.deliver()

    await _reset(client, post.mailer.token())

    refreshed = await client.post(f"{AUTH}/refresh", json={"refresh_token": attacker.refresh_token})
    assert (await _me(client, attacker)).status_code == 401
    assert refreshed.status_code == 400
    assert (await sign_in(client, "amira")).status_code == 401


async def test_64_uses_of_one_link_at_once_set_one_password(client: httpx2.AsyncClient, post: Post) -> None:
    await register(client)
    await _forgot(client)
    await post.deliver()
    token = post.mailer.token()

    answers = await asyncio.gather(*(_reset(client, token, f"Mulberry-Tree-{n}") for n in range(64)))

    assert sorted(answer.status_code for answer in answers) == [204, *[400] * 63]
    won = [answer.status_code for answer in answers].index(204)
    assert (await sign_in(client, "amira", f"Mulberry-Tree-{won}")).status_code == 200


async def test_a_new_password_makes_older_links_useless(client: httpx2.AsyncClient, post: Post) -> None:
    await register(client)
    tokens = []
    for _ in range(2):
        await _forgot(client)
        await post.deliver()
        tokens.append(post.mailer.token())

    answers = [(await _reset(client, token)).status_code for token in tokens]

    assert answers == [204, 400]


@pytest.mark.parametrize(("hours", "status"), [(0.9, 204), (1.1, 400)])
async def test_a_link_that_sets_a_password_works_for_an_hour(
    client: httpx2.AsyncClient, post: Post, time: FakeClock, hours: float, status: int
) -> None:
    await register(client)
    await _forgot(client)
    await post.deliver()

    time.advance(hours=hours)

    assert (await _reset(client, post.mailer.token())).status_code == status


async def test_a_link_of_one_purpose_is_none_of_another(client: httpx2.AsyncClient, post: Post) -> None:
    await register(client)
    await post.deliver()
    verification = post.mailer.token()
    await _forgot(client)
    await post.deliver()
    reset = post.mailer.token()

    assert (await _reset(client, verification)).status_code == 400
    assert (await _verify(client, reset)).status_code == 400
    assert (await _verify(client, verification)).status_code == 204
    assert (await _reset(client, reset)).status_code == 204


@pytest.mark.parametrize("token", ["x", "a" * 100, "\u0000", "é", "../../etc"])
async def test_what_is_no_token_opens_nothing(client: httpx2.AsyncClient, token: str) -> None:
    assert (await _reset(client, token)).status_code == 400
    assert (await _verify(client, token)).status_code == 400


async def test_a_weak_password_uses_no_link_up(client: httpx2.AsyncClient, post: Post) -> None:
    await register(client)
    await _forgot(client)
    await post.deliver()

    weak = await _reset(client, post.mailer.token(), "password")

    assert weak.status_code == 422
    assert weak.json()["errors"][0]["pointer"] == "/new_password"
    assert (await _reset(client, post.mailer.token())).status_code == 204


async def test_a_password_is_changed_by_the_old_one_and_other_devices_end(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    other = (await sign_in(client, "amira")).json()["access_token"]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    wrong = await client.post(
        f"{AUTH}/password/change", json=body | {"current_password": NEW_PASSWORD}, headers=amira.headers
    )
    right = await client.post(f"{AUTH}/password/change", json=body, headers=amira.headers)

    assert (wrong.status_code, right.status_code) == (401, 204)
    assert (await _me(client, amira)).status_code == 200
    others = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {other}"})
    assert others.status_code == 401
    assert (await sign_in(client, "amira", NEW_PASSWORD)).status_code == 200
    await post.deliver()
    assert "Your password was changed" in [letter["Subject"] for letter in post.mailer.sent]


async def test_a_stolen_refresh_token_is_told_to_the_owner(
    client: httpx2.AsyncClient, post: Post, time: FakeClock
) -> None:
    amira = await make_person(client)
    await client.post(f"{AUTH}/refresh", json={"refresh_token": amira.refresh_token})
    time.advance(seconds=11)

    await client.post(f"{AUTH}/refresh", json={"refresh_token": amira.refresh_token})

    await post.deliver()
    assert "A device was signed out for safety" in [letter["Subject"] for letter in post.mailer.sent]


async def test_a_link_dies_with_the_account(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_person(client)
    await _forgot(client)
    await post.deliver()

    await erase(client, amira)

    assert (await _reset(client, post.mailer.token())).status_code == 400
    await post.deliver()
    assert post.mailer.subjects(amira.email)[-1] == "Your account is erased"


async def test_a_letter_is_in_the_readers_language(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_person(client)
    await client.patch("/api/v1/users/me", json={"locale": "de-AT"}, headers=amira.headers)

    await _forgot(client)
    await post.deliver()

    assert post.mailer.sent[-1]["Subject"] == "Setzen Sie ein neues Passwort"
