"""Many answers at once, to two processes: each code, step and challenge is good for one sign-in."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.authenticator import Authenticator
from tests.factories import make_person
from tests.second_factors import (
    AUTH,
    FACTORS,
    challenge,
    code_of,
    enrol_passkey,
    make_codes,
    show_code,
)
from tests.server.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]
CROWD = 64


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 64 connections."""
    limits = httpx2.Limits(max_connections=CROWD)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def _secret_of(client: httpx2.AsyncClient, headers: dict[str, str]) -> str:
    begun = await client.post(f"{FACTORS}/totp", json={}, headers=headers)
    secret: str = begun.raise_for_status().json()["secret"]
    # A code of the step before confirms, so that the present one is left.
    body = {"code": code_of(secret, -1)}
    (await client.post(f"{FACTORS}/totp/confirm", json=body, headers=headers)).raise_for_status()
    return secret


async def test_of_64_uses_of_one_step_one_signs_in(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "stepper")
    secret = await _secret_of(crowd, owner.headers)
    questions = await asyncio.gather(*(challenge(crowd, "stepper") for _ in range(CROWD)))
    code = code_of(secret, 1)

    answers = await asyncio.gather(*(show_code(crowd, item, code) for item in questions))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: CROWD - 1}


async def test_of_64_uses_of_one_recovery_code_one_signs_in(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "loser")
    await _secret_of(crowd, owner.headers)
    code = (await make_codes(crowd, owner))[0]
    questions = await asyncio.gather(*(challenge(crowd, "loser") for _ in range(CROWD)))

    answers = await asyncio.gather(*(show_code(crowd, item, code, "recovery") for item in questions))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: CROWD - 1}
    left = (await crowd.get(FACTORS, headers=owner.headers)).json()["recovery_codes_left"]
    assert left == 9


async def test_of_64_answers_to_one_challenge_one_signs_in(crowd: httpx2.AsyncClient, server: Server) -> None:
    owner = await make_person(crowd, "keeper")
    # An IP address is no domain of passkeys: the page's is `localhost`.
    authenticator = Authenticator(step=0, origin=server.url.replace("127.0.0.1", "localhost"))
    (await enrol_passkey(crowd, owner, authenticator)).raise_for_status()
    question = await challenge(crowd, "keeper")
    body = {
        "challenge": question["challenge"],
        "credential": authenticator.get(question["passkey_options"]),
    }

    answers = await asyncio.gather(*(crowd.post(f"{AUTH}/mfa/passkey", json=body) for _ in range(CROWD)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: CROWD - 1}
