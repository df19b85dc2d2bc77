"""Guessing at a second factor is slowed down together with guessing at the password."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.authenticator import Authenticator
from tests.conftest import FakeClock
from tests.factories import make_person, make_settings, sign_in, url_of
from tests.second_factors import (
    challenge,
    code_of,
    enrol_passkey,
    enrol_totp,
    login_with_passkey,
    make_codes,
    show_code,
    show_passkey,
)

pytestmark = pytest.mark.anyio
WRONG = "Wrong-Password-1"


@pytest.fixture
async def client(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of an application that counts guesses."""
    limits = dict.fromkeys(("login", "registration", "refresh", "recovery"), "100000/minute")
    counting = create_app(make_settings(settings.data_dir, url_of(settings), rate_limit=limits))
    async with (
        counting.router.lifespan_context(counting),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=counting), base_url="http://test") as opened,
    ):
        yield opened


def _wrong(secret: str) -> str:
    # No code of the steps around the present.
    near = {code_of(secret, step) for step in range(-3, 4)}
    return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


async def test_codes_and_passwords_share_a_counter(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    codes = await make_codes(client, amira)
    statuses = [(await sign_in(client, "amira", WRONG)).status_code for _ in range(2)]
    question = await challenge(client)

    statuses += [(await show_code(client, question, _wrong(secret))).status_code for _ in range(2)]
    statuses += [(await show_code(client, question, "0" * 16, "recovery")).status_code for _ in range(2)]
    refused = [
        await show_code(client, question, code_of(secret)),
        await show_code(client, question, codes[0], "recovery"),
        await sign_in(client, "amira"),
    ]

    assert statuses == [401] * 6
    assert [answer.status_code for answer in refused] == [429] * 3
    assert int(refused[0].headers["retry-after"]) > 0


async def test_a_right_code_takes_back_its_own_guess_alone(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    question = await challenge(client)
    for _ in range(5):
        await show_code(client, question, _wrong(secret))

    right = await show_code(client, question, code_of(secret))
    again = await challenge(client)
    wrong = [(await show_code(client, again, _wrong(secret))).status_code for _ in range(2)]

    assert (right.status_code, wrong) == (200, [401, 429])


async def test_faulty_passkeys_count_too(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    question = await challenge(client)
    authenticator.verifies = False

    statuses = [(await show_passkey(client, question, authenticator)).status_code for _ in range(3)]
    statuses += [(await login_with_passkey(client, authenticator)).status_code for _ in range(3)]
    authenticator.verifies = True
    refused = await show_passkey(client, question, authenticator)

    assert statuses == [401] * 6
    assert refused.status_code == 429
