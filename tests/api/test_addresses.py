"""Changing one's address, and undoing it, through the API."""

import asyncio
from collections import Counter

import httpx2
import pytest

from tests.changes import AUTH, NEW, NEW_PASSWORD, OLD, THIRD, ask, change, confirm, make_proved, undo
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, make_person, sign_in

pytestmark = pytest.mark.anyio


async def _me(client: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers=headers)


async def _address(client: httpx2.AsyncClient, username: str, password: str = PASSWORD) -> str:
    tokens = (await sign_in(client, username, password)).raise_for_status().json()
    me = await _me(client, {"Authorization": f"Bearer {tokens['access_token']}"})
    return str(me.json()["email"])


async def _reset(client: httpx2.AsyncClient, post: Post) -> httpx2.Response:
    await post.deliver()
    body = {"token": post.mailer.token(OLD), "new_password": NEW_PASSWORD}
    return await client.post(f"{AUTH}/password/reset", json=body)


async def test_an_address_changes_when_it_is_proved_and_the_old_one_is_told(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_proved(client, post)
    other = (await sign_in(client, "amira")).json()["access_token"]

    asked = await ask(client, amira)
    await post.deliver()
    before = (await _me(client, amira.headers)).json()
    confirmed = await confirm(client, post.mailer.token(NEW))
    await post.deliver()

    after = (await _me(client, amira.headers)).json()
    assert (asked.status_code, asked.content, confirmed.status_code) == (202, b"", 204)
    assert (before["email"], after["email"], after["email_verified"]) == (OLD, NEW, True)
    assert (await _me(client, {"Authorization": f"Bearer {other}"})).status_code == 401
    assert post.mailer.subjects(OLD)[-1] == "Your email address was changed"
    items = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]
    assert [item["action"] for item in items[:2]] == ["email_changed", "email_change_requested"]


async def test_an_old_sign_in_cannot_change_the_address(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    time.advance(minutes=11)

    refused = await ask(client, amira)

    assert (refused.status_code, refused.json()["code"]) == (401, "insufficient-user-authentication")


async def test_an_address_of_somebody_else_gets_no_link_and_the_asker_learns_nothing(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_proved(client, post)
    boris = await make_proved(client, post, "boris")

    taken, free = await ask(client, amira, "BORIS@example.com"), await ask(client, boris)
    await post.deliver()

    assert (taken.status_code, taken.content) == (free.status_code, free.content)
    assert post.mailer.subjects(boris.email)[-1] == "You have an account already"
    assert post.mailer.subjects(NEW) == ["Confirm your new email address"]


async def test_an_address_that_is_taken_meanwhile_stays_with_who_took_it(
    client: httpx2.AsyncClient, post: Post
) -> None:
    people = [await make_proved(client, post), await make_proved(client, post, "boris")]
    tokens = []
    for person in people:
        await ask(client, person)
        await post.deliver()
        tokens.append(post.mailer.token(NEW))

    answers = await asyncio.gather(*(confirm(client, token) for token in tokens))

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert {answer.json()["code"] for answer in answers if answer.content} == {"email-taken"}


async def test_64_confirmations_at_once_change_the_address_once(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_proved(client, post)
    await ask(client, amira)
    await post.deliver()
    token = post.mailer.token(NEW)

    answers = await asyncio.gather(*(confirm(client, token) for _ in range(64)))
    await post.deliver()

    assert Counter(answer.status_code for answer in answers) == {204: 1, 400: 63}
    assert post.mailer.subjects(OLD).count("Your email address was changed") == 1


async def test_a_later_request_replaces_the_one_before(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_proved(client, post)
    await ask(client, amira)
    await post.deliver()
    await asyncio.gather(*(ask(client, amira, f"amira@{n}.example") for n in range(8)))
    await post.deliver()

    first = await confirm(client, post.mailer.token(NEW))
    others = [
        (await confirm(client, post.mailer.token(letter["To"]))).status_code
        for letter in post.mailer.sent
        if letter["To"] not in {OLD, NEW}
    ]

    assert first.status_code == 400
    assert others == [204]


async def test_a_change_ends_links_to_the_old_address_and_a_new_password_ends_a_change(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_proved(client, post)
    await client.post(f"{AUTH}/password/forgot", json={"email": OLD})
    await post.deliver()
    reset = post.mailer.token(OLD)
    await change(client, post, amira)
    await ask(client, amira, THIRD)
    await post.deliver()
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    old = await client.post(f"{AUTH}/password/reset", json={"token": reset, "new_password": NEW_PASSWORD})
    await client.post(f"{AUTH}/password/change", json=passwords, headers=amira.headers)

    assert old.status_code == 400
    assert (await confirm(client, post.mailer.token(THIRD))).status_code == 400


async def test_a_change_that_was_asked_for_before_a_reset_sends_and_does_nothing(
    client: httpx2.AsyncClient, post: Post
) -> None:
    thief = await make_proved(client, post)
    await client.post(f"{AUTH}/password/forgot", json={"email": OLD})
    await post.deliver()
    body = {"token": post.mailer.token(OLD), "new_password": NEW_PASSWORD}

    await ask(client, thief)
    await client.post(f"{AUTH}/password/reset", json=body)
    await post.deliver()

    assert post.mailer.subjects(NEW) == []
    assert await _address(client, "amira", NEW_PASSWORD) == OLD


async def test_an_undo_brings_the_address_back_and_leaves_a_thief_nothing(
    client: httpx2.AsyncClient, post: Post
) -> None:
    thief = await make_proved(client, post)
    await change(client, post, thief)
    link = post.mailer.token(OLD)
    await ask(client, thief, THIRD)
    await client.post(f"{AUTH}/password/forgot", json={"email": NEW})
    await post.deliver()

    undone = await undo(client, link)

    assert undone.status_code == 204
    assert (await _me(client, thief.headers)).status_code == 401
    assert (await sign_in(client, "amira")).status_code == 401
    assert (await confirm(client, post.mailer.token(THIRD))).status_code == 400
    stolen = {"token": post.mailer.token(NEW), "new_password": NEW_PASSWORD}
    assert (await client.post(f"{AUTH}/password/reset", json=stolen)).status_code == 400
    assert (await _reset(client, post)).status_code == 204
    assert await _address(client, "amira", NEW_PASSWORD) == OLD
    assert (await undo(client, link)).status_code == 400


async def test_the_first_of_two_changes_is_undone_whoever_undoes_the_second(
    client: httpx2.AsyncClient, post: Post, time: FakeClock
) -> None:
    thief = await make_proved(client, post)
    await change(client, post, thief)
    first = post.mailer.token(OLD)
    time.advance(minutes=5)
    await change(client, post, thief, THIRD)
    second = post.mailer.token(NEW)

    by_thief, by_owner, late = [await undo(client, token) for token in (second, first, second)]

    assert [answer.status_code for answer in (by_thief, by_owner, late)] == [204, 204, 400]
    assert (await _reset(client, post)).status_code == 204
    assert await _address(client, "amira", NEW_PASSWORD) == OLD


async def test_undoing_the_first_change_makes_the_second_one_final_for_nobody(
    client: httpx2.AsyncClient, post: Post, time: FakeClock
) -> None:
    thief = await make_proved(client, post)
    await change(client, post, thief)
    first = post.mailer.token(OLD)
    time.advance(minutes=5)
    await change(client, post, thief, THIRD)

    assert (await undo(client, first)).status_code == 204
    assert (await undo(client, post.mailer.token(NEW))).status_code == 400


@pytest.mark.parametrize(("days", "status"), [(6.9, 204), (7.1, 400)])
async def test_a_change_can_be_undone_for_seven_days_even_after_a_reset(
    client: httpx2.AsyncClient, post: Post, time: FakeClock, days: float, status: int
) -> None:
    thief = await make_proved(client, post)
    await change(client, post, thief)
    await client.post(f"{AUTH}/password/forgot", json={"email": NEW})
    await post.deliver()
    body = {"token": post.mailer.token(NEW), "new_password": NEW_PASSWORD}
    (await client.post(f"{AUTH}/password/reset", json=body)).raise_for_status()

    time.advance(days=days)

    assert (await undo(client, post.mailer.token(OLD))).status_code == status


async def test_an_address_that_was_never_proved_is_told_but_gets_no_power(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)

    await change(client, post, amira)

    assert post.mailer.subjects(OLD)[-1] == "Your email address was changed"
    assert "token=" not in post.mailer.sent[-1].as_string()


async def test_nobody_confirms_with_one_press_what_a_stranger_did(
    client: httpx2.AsyncClient, post: Post
) -> None:
    stranger = await make_proved(client, post)
    await ask(client, stranger)
    await post.deliver()
    token = post.mailer.token(NEW)

    without = await client.post(f"{AUTH}/email/change/confirm", json={"token": token})
    wrong = await confirm(client, token, NEW_PASSWORD)
    right = await confirm(client, token)

    assert [answer.status_code for answer in (without, wrong, right)] == [422, 401, 204]
