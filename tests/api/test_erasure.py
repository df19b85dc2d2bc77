"""Asking for one's account to be erased, taking it back, and what the time in between is like."""

import re
from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.models.sessions import Session
from tests.authenticator import Authenticator
from tests.conftest import FakeClock, Post
from tests.erasures import ME, STAY, ask, count_rows, run_chore, undo
from tests.factories import PASSWORD, make_person, make_profile, register, sign_in
from tests.second_factors import challenge, code_of, enrol_passkey, enrol_totp, login_with_passkey, show_code

pytestmark = pytest.mark.anyio

AUTH = "/api/v1/auth"


async def test_an_account_waits_for_14_days_signed_out_everywhere(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    other = (await sign_in(client, "amira")).json()

    answer = await ask(client, amira)

    assert answer.status_code == 202
    assert datetime.fromisoformat(answer.json()["erase_at"]) == time.moment + timedelta(days=14)
    assert '"cache", "storage"' in answer.headers["clear-site-data"]
    for token in (amira.access_token, other["access_token"]):
        assert (await client.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code == 401
    refreshed = await client.post(f"{AUTH}/refresh", json={"refresh_token": other["refresh_token"]})
    assert (refreshed.status_code, refreshed.json()["code"]) == (400, "invalid-grant")
    async with resources.database.reader() as session:
        reasons = set(await session.scalars(select(Session.revoked_reason)))
    assert reasons == {"erasure_requested"}


async def test_only_who_has_the_password_learns_that_an_account_waits(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    erase_at = (await ask(client, amira)).json()["erase_at"]

    right, wrong = await sign_in(client, "amira"), await sign_in(client, "amira", "Wrong-Password-1")

    assert (right.status_code, right.json()["code"]) == (403, "erasure-pending")
    assert (right.json()["erase_at"], right.json()["error"]) == (erase_at, "invalid_grant")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid-credentials")


async def test_with_a_second_factor_only_who_has_it_learns_that_an_account_waits(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    await ask(client, amira)

    question = await challenge(client)
    wrong = await show_code(client, question, "000000")
    right = await show_code(client, question, code_of(secret))
    again = await show_code(client, question, code_of(secret))

    assert (wrong.status_code, wrong.json()["code"]) == (401, "factor-invalid")
    assert (right.status_code, right.json()["code"]) == (403, "erasure-pending")
    assert (again.status_code, again.json()["code"]) == (400, "challenge-invalid")


async def test_a_passkey_opens_no_account_that_waits(client: httpx2.AsyncClient) -> None:
    amira, passkey = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, passkey)
    await ask(client, amira)

    answer = await login_with_passkey(client, passkey)

    assert (answer.status_code, answer.json()["code"]) == (403, "erasure-pending")


async def test_a_sign_in_that_had_begun_does_not_end(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    question = await challenge(client)

    await ask(client, amira)

    assert (await show_code(client, question, code_of(secret))).json()["code"] == "challenge-invalid"


async def test_nothing_is_reset_proved_or_changed_while_an_account_waits(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    await post.deliver()
    verification = post.mailer.token()
    await client.post(f"{AUTH}/password/forgot", json={"email": amira.email})
    await post.deliver()
    reset = post.mailer.token()
    await ask(client, amira)
    for path in ("password/forgot", "email/resend"):
        assert (await client.post(f"{AUTH}/{path}", json={"email": amira.email})).status_code == 202
    await post.deliver()

    body = {"token": reset, "new_password": "Mulberry-Tree-7"}
    assert (await client.post(f"{AUTH}/password/reset", json=body)).json()["code"] == "link-invalid"
    body = {"token": verification, "password": PASSWORD}
    assert (await client.post(f"{AUTH}/email/verify", json=body)).json()["code"] == "link-invalid"
    assert post.mailer.subjects(amira.email)[2:] == ["Your account will be erased"]


async def test_its_address_and_name_stay_taken_while_an_account_waits(client: httpx2.AsyncClient) -> None:
    await ask(client, await make_person(client))

    assert (await register(client)).json()["code"] == "email-taken"


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your account will be erased"),
        ("fr", "Votre compte sera effacé"),
        ("de", "Ihr Konto wird gelöscht"),
        ("es", "Su cuenta se borrará"),
    ],
)
async def test_the_letter_says_when_and_leads_to_the_page_that_takes_it_back(
    client: httpx2.AsyncClient, post: Post, locale: str, subject: str
) -> None:
    amira = await make_person(client)
    await client.patch(ME, json={"locale": locale}, headers=amira.headers)
    day = (await ask(client, amira)).json()["erase_at"][:10]

    await post.deliver()

    letter = post.mailer.sent[-1]
    body = letter.get_body(("plain",))
    assert body is not None
    assert letter["Subject"] == subject
    assert day in body.get_content()
    assert re.search(r"http\S+/undo-erasure#token=\S+", body.get_content())


async def test_an_undone_erasure_leaves_the_account_as_it_was_but_signed_out(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await ask(client, amira)
    await post.deliver()
    time.advance(days=13, hours=23)

    undone = await undo(client, post.mailer.token())

    assert undone.status_code == 204
    assert (await client.get(ME, headers=amira.headers)).status_code == 401
    tokens = (await sign_in(client, "amira")).raise_for_status().json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    profile = (await client.get("/api/v1/health/profiles/me", headers=headers)).json()
    assert [entry["name"] for entry in profile["allergies"]] == ["milk", "peanuts"]
    activity = (await client.get("/api/v1/users/me/activity", headers=headers)).json()["items"]
    assert [item["action"] for item in activity[1:4]] == [
        "signed_in", "erasure_undone", "erasure_requested",
    ]  # fmt: skip
    time.advance(days=30)
    assert await run_chore(resources) == 0


async def test_a_link_takes_back_once_and_only_what_it_was_for(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    await ask(client, amira)
    await post.deliver()
    link = post.mailer.token()
    body = {"token": link, "new_password": "Mulberry-Tree-7"}
    reset = await client.post(f"{AUTH}/password/reset", json=body)
    change = await client.post(f"{AUTH}/email/change/undo", json={"token": link})

    answers = [(await undo(client, link)).status_code for _ in range(2)]

    assert (reset.status_code, change.status_code, answers) == (400, 400, [204, 400])
    assert (await undo(client, "x" * 43)).json()["code"] == "link-invalid"


async def test_the_link_of_an_earlier_request_does_not_take_back_a_later_one(
    client: httpx2.AsyncClient, post: Post
) -> None:
    await ask(client, await make_person(client))
    await post.deliver()
    first = post.mailer.token()
    await undo(client, first)
    tokens = (await sign_in(client, "amira")).json()
    await client.delete(ME, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    await post.deliver()

    assert (await undo(client, first)).status_code == 400
    assert (await undo(client, post.mailer.token())).status_code == 204


async def test_when_the_time_has_come_the_clock_decides_and_not_the_chore(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock
) -> None:
    await ask(client, await make_person(client))
    await post.deliver()
    time.advance(days=14)

    undone = await undo(client, post.mailer.token())

    assert (undone.status_code, undone.json()["code"]) == (400, "link-invalid")
    assert (await sign_in(client, "amira")).json()["code"] == "erasure-pending"
    assert await run_chore(resources) == 1
    assert (await sign_in(client, "amira")).json()["code"] == "invalid-credentials"
    assert (await undo(client, post.mailer.token())).json()["code"] == "link-invalid"


async def test_after_the_grace_nothing_is_left_but_a_chain_a_receipt_and_a_last_letter(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await ask(client, amira)
    assert await run_chore(resources) == 0
    time.advance(days=14)

    assert await run_chore(resources) == 1

    assert await run_chore(resources) == 0
    assert set(await count_rows(resources)) == STAY
    await post.deliver()
    await post.deliver()
    assert set(await count_rows(resources)) == STAY - {"jobs"}
    assert post.mailer.subjects(amira.email) == ["Your account is erased"]
    assert (await register(client)).status_code == 201


async def test_two_requests_at_once_ask_once(client: httpx2.AsyncClient, post: Post) -> None:
    amira = await make_person(client)

    first = await ask(client, amira)
    second = await ask(client, amira)

    assert (first.status_code, second.status_code) == (202, 401)
    await post.deliver()
    assert post.mailer.subjects(amira.email).count("Your account will be erased") == 1
