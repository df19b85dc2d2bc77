"""Registration that discloses nothing: everybody gets the same answer, and a letter says how it went."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.conftest import Post
from tests.factories import PASSWORD, make_settings, register, sign_in, url_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def silent(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service that does not say who has an account."""
    registration = {"disclosure": "silent"}
    discreet = create_app(make_settings(settings.data_dir, url_of(settings), registration=registration))
    async with discreet.router.lifespan_context(discreet):
        transport = httpx2.ASGITransport(app=discreet)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
            yield opened


async def _deliver_all(post: Post) -> None:
    while await post.deliver():
        pass


async def test_free_and_taken_addresses_and_names_are_answered_alike(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    await register(silent)
    await _deliver_all(post)

    answers = [
        await register(silent, "boris"),
        await register(silent, "clara", email="AMIRA@example.com"),
        await register(silent, "AMIRA", email="dora@example.com"),
        await register(silent),
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    headers = [{**answer.headers, "request-id": ""} for answer in answers]
    assert all(other == headers[0] for other in headers)


async def test_an_account_comes_after_the_answer_with_a_link_that_proves_its_address(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    await register(silent)
    await _deliver_all(post)

    body = {"token": post.mailer.token("amira@example.com"), "password": PASSWORD}
    proved = await silent.post("/api/v1/auth/email/verify", json=body)
    tokens = (await sign_in(silent, "amira")).json()

    assert proved.status_code == 204
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    items = (await silent.get("/api/v1/users/me/activity", headers=headers)).json()["items"]
    assert [item["action"] for item in items[1:]] == ["email_verified", "account_registered"]
    assert items[-1]["ip_prefix"] == "127.0.0.0/24"


async def test_whoever_has_the_address_is_told_and_keeps_their_password(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    await register(silent)
    await _deliver_all(post)

    await register(silent, "boris", email="amira@example.com", password="Mulberry-Tree-7")
    await _deliver_all(post)

    assert post.mailer.subjects("amira@example.com")[-1] == "You have an account already"
    assert "/forgot-password" in post.mailer.sent[-1].as_string()
    assert (await sign_in(silent, "amira")).status_code == 200
    assert (await sign_in(silent, "amira", "Mulberry-Tree-7")).status_code == 401
    assert (await sign_in(silent, "boris", "Mulberry-Tree-7")).status_code == 401


async def test_whoever_chose_a_taken_name_is_told_and_has_no_account(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    await register(silent)
    await register(silent, "amira", email="boris@example.com")
    await _deliver_all(post)

    assert post.mailer.subjects("boris@example.com") == ["This user name is taken"]
    assert (await sign_in(silent, "boris@example.com")).status_code == 401


async def test_of_64_who_ask_for_one_address_at_once_one_gets_it(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    answers = await asyncio.gather(
        *(register(silent, f"racer{number}", email="race@example.com") for number in range(64))
    )
    await _deliver_all(post)

    subjects = post.mailer.subjects("race@example.com")
    signed_in = [(await sign_in(silent, f"racer{number}")).status_code for number in range(64)]
    assert {answer.status_code for answer in answers} == {202}
    assert (subjects.count("You have an account already"), len(subjects)) == (63, 64)
    assert sorted(signed_in) == [200, *[401] * 63]


async def test_a_weak_password_is_refused_whoever_has_the_address(
    silent: httpx2.AsyncClient, post: Post
) -> None:
    await register(silent)
    await _deliver_all(post)

    answers = [
        await register(silent, "boris", email=email, password="short")
        for email in ("amira@example.com", "free@example.com")
    ]

    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    assert answers[0].status_code == 422
    assert bodies[0] == bodies[1]
