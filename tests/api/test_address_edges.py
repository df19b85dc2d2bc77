"""Changing one's address where things go wrong: races, odd addresses, strangers, scanners."""

import asyncio
from dataclasses import replace

import httpx2
import pytest
from sqlalchemy import select

from backend.models.credentials import OneTimeToken
from backend.services import credentials
from tests.authenticator import Authenticator
from tests.changes import AUTH, NEW, NEW_PASSWORD, OLD, THIRD, ask, change, confirm, make_proved, undo
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, Person, erase, sign_in
from tests.second_factors import enrol_passkey, login_with_passkey

pytestmark = pytest.mark.anyio


async def _me(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers=person.headers)


async def _forgot(client: httpx2.AsyncClient, post: Post, email: str) -> str:
    await client.post(f"{AUTH}/password/forgot", json={"email": email})
    await post.deliver()
    return post.mailer.token(email)


async def _set_password(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(f"{AUTH}/password/reset", json={"token": token, "new_password": NEW_PASSWORD})


@pytest.mark.parametrize(("hours", "status"), [(23.9, 204), (24.1, 400)])
async def test_a_new_address_can_be_proved_for_a_day(
    client: httpx2.AsyncClient, post: Post, time: FakeClock, hours: float, status: int
) -> None:
    await ask(client, await make_proved(client, post))
    await post.deliver()

    time.advance(hours=hours)

    assert (await confirm(client, post.mailer.token(NEW))).status_code == status


@pytest.mark.parametrize("way", ["logout", "logout-all", "sessions"])
async def test_a_request_ends_with_the_session_that_made_it(
    client: httpx2.AsyncClient, post: Post, way: str
) -> None:
    thief = await make_proved(client, post)
    await ask(client, thief)
    await post.deliver()
    token = (await sign_in(client, thief.username)).json()["access_token"]
    owner = replace(thief, access_token=token)

    if way == "sessions":
        items = (await client.get(f"{AUTH}/sessions", headers=owner.headers)).json()["items"]
        (other,) = [item["id"] for item in items if not item["current"]]
        await client.delete(f"{AUTH}/sessions/{other}", headers=owner.headers)
    else:
        await client.post(f"{AUTH}/{way}", headers=(thief if way == "logout" else owner).headers)

    assert (await confirm(client, post.mailer.token(NEW))).json()["code"] == "link-invalid"
    assert (await sign_in(client, NEW)).status_code == 401


async def test_a_link_of_one_purpose_does_nothing_for_another(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_proved(client, post)
    await change(client, post, amira)
    undo_link = post.mailer.token(OLD)
    await ask(client, amira, THIRD)
    reset_link = await _forgot(client, post, NEW)
    change_link = post.mailer.token(THIRD)

    async def verify(token: str) -> httpx2.Response:
        return await client.post(f"{AUTH}/email/verify", json={"token": token, "password": PASSWORD})

    wrong = [
        *[await confirm(client, token) for token in (undo_link, reset_link)],
        *[await undo(client, token) for token in (change_link, reset_link)],
        *[await _set_password(client, token) for token in (change_link, undo_link)],
        *[await verify(token) for token in (change_link, undo_link, reset_link)],
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in wrong} == {(400, "link-invalid")}
    assert (await confirm(client, change_link)).status_code == 204


async def test_a_strangers_link_changes_the_strangers_account_alone(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira, boris = await make_proved(client, post), await make_proved(client, post, "boris")
    await ask(client, boris)
    await post.deliver()

    body = {"token": post.mailer.token(NEW), "password": PASSWORD}
    answer = await client.post(f"{AUTH}/email/change/confirm", json=body, headers=amira.headers)

    assert answer.status_code == 204
    assert (await _me(client, amira)).json()["email"] == OLD
    assert (await _me(client, boris)).json()["email"] == NEW


async def test_scanners_that_open_links_change_nothing(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_proved(client, post)
    await ask(client, amira)
    await post.deliver()
    link = post.mailer.token(NEW)

    for _ in range(3):
        assert (await client.get("/confirm-email-change", params={"token": link})).status_code == 200
    assert (await _me(client, amira)).json()["email"] == OLD
    assert (await confirm(client, link)).status_code == 204
    await post.deliver()

    for _ in range(3):
        page = await client.get("/undo-email-change", params={"token": post.mailer.token(OLD)})
        assert page.status_code == 200
    assert (await _me(client, amira)).json()["email"] == NEW
    assert (await undo(client, post.mailer.token(OLD))).status_code == 204


async def test_nothing_is_undone_on_an_account_that_was_deleted(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_proved(client, post)
    await change(client, post, amira)
    await ask(client, amira, THIRD)
    await erase(client, amira)

    assert (await undo(client, post.mailer.token(OLD))).status_code == 400
    await post.deliver()
    assert post.mailer.subjects(THIRD) == []


async def test_an_old_address_that_somebody_took_is_theirs(client: httpx2.AsyncClient, post: Post) -> None:
    amira, boris = await make_proved(client, post), await make_proved(client, post, "boris")
    await change(client, post, amira)
    link = post.mailer.token(OLD)
    await change(client, post, boris, OLD)

    refused = await undo(client, link)

    assert (refused.status_code, refused.json()["code"]) == (409, "email-taken")
    assert (await _me(client, amira)).json()["email"] == NEW
    assert (await _me(client, boris)).json()["email"] == OLD


async def test_the_spelling_of_ones_own_address_can_change(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_proved(client, post)

    await change(client, post, amira, "Amira@example.com")

    assert (await _me(client, amira)).json()["email"] == "Amira@example.com"
    assert (await sign_in(client, OLD)).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "amira@new.example\r\nBcc: boris@example.com",
        "amira@new.example\nSubject: x",
        "amira\r@new.example",
        '"a\r\nb"@new.example',
        "amira@new.example\u2028Bcc: boris@example.com",
        "amira@new.example, boris@example.com",
    ],
)
async def test_no_address_can_add_headers_or_readers(
    client: httpx2.AsyncClient, post: Post, address: str
) -> None:
    amira = await make_proved(client, post)
    before = len(post.mailer.sent)

    refused = await ask(client, amira, address)
    await post.deliver()

    assert refused.status_code == 422
    assert len(post.mailer.sent) == before


async def test_of_a_change_and_an_undo_at_once_the_undo_wins(client: httpx2.AsyncClient, post: Post) -> None:
    for number in range(4):
        username = f"amira{number}"
        thief = await make_proved(client, post, username)
        await change(client, post, thief, f"{username}@new.example")
        await ask(client, thief, f"{username}@third.example")
        await post.deliver()
        second = confirm(client, post.mailer.token(f"{username}@third.example"))
        first = undo(client, post.mailer.token(thief.email))

        changed, undone = await asyncio.gather(*((second, first) if number % 2 else (first, second)[::-1]))

        assert undone.status_code == 204
        assert changed.status_code in {204, 400}
        await post.deliver()
        reset = await _set_password(client, await _forgot(client, post, thief.email))
        assert reset.status_code == 204


async def test_no_change_outlives_a_reset_that_races_with_its_request(
    client: httpx2.AsyncClient, post: Post
) -> None:
    thief = await make_proved(client, post)
    link = await _forgot(client, post, OLD)

    reset, *_ = await asyncio.gather(
        _set_password(client, link), *(ask(client, thief, f"thief@{n}.example") for n in range(16))
    )
    await post.deliver()

    assert reset.status_code == 204
    assert {letter["To"] for letter in post.mailer.sent} == {OLD}


async def test_an_undo_takes_a_thiefs_passkey_away_and_leaves_an_older_one(
    client: httpx2.AsyncClient, post: Post, time: FakeClock
) -> None:
    amira, of_amira, of_thief = await make_proved(client, post), Authenticator(), Authenticator()
    await enrol_passkey(client, amira, of_amira)
    time.advance(days=8)
    signed_in = (await login_with_passkey(client, of_amira)).json()
    thief = replace(amira, access_token=signed_in["access_token"])
    await enrol_passkey(client, thief, of_thief, "Other")
    await change(client, post, thief)

    before = await login_with_passkey(client, of_thief)
    assert (await undo(client, post.mailer.token(OLD))).status_code == 204

    after = [(await login_with_passkey(client, passkey)).status_code for passkey in (of_thief, of_amira)]
    assert (before.status_code, after) == (200, [401, 200])


async def test_a_given_up_address_is_forgotten_once_its_links_are_dead(
    client: httpx2.AsyncClient, post: Post, time: FakeClock
) -> None:
    await change(client, post, await make_proved(client, post))
    resources = post.resources
    found = []
    for days in (6, 9):
        time.advance(days=days)
        await credentials.purge_links(resources.database)
        async with resources.database.reader() as reader:
            found.append(OLD in list(await reader.scalars(select(OneTimeToken.email))))

    assert found == [True, False]
