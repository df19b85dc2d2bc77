"""Many clients at once against a server of two processes, on both databases."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.factories import make_person, make_profile, profile_body, register
from tests.server.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 64 connections."""
    limits = httpx2.Limits(max_connections=64)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def test_of_64_clients_who_register_one_address_one_gets_it(crowd: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(register(crowd, f"racer{number}", email="race@example.com") for number in range(64))
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 63}


async def test_of_200_replacements_of_one_version_one_wins(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "replacer")
    await make_profile(crowd, owner)
    headers = owner.headers | {"If-Match": '"1"'}

    answers = await asyncio.gather(
        *(
            crowd.put(
                "/api/v1/health/profiles/me", json=profile_body(display_name=str(number)), headers=headers
            )
            for number in range(200)
        )
    )

    winners = [answer.json()["display_name"] for answer in answers if answer.status_code == 200]
    after = (await crowd.get("/api/v1/health/profiles/me", headers=owner.headers)).json()
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 199}
    assert (after["version"], after["display_name"]) == (2, winners[0])


async def test_of_32_first_profiles_one_is_made(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "first")

    answers = await asyncio.gather(
        *(
            crowd.post("/api/v1/health/profiles", json=profile_body(), headers=owner.headers)
            for _ in range(32)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 31}


async def test_64_clients_who_refresh_with_one_token_get_one_successor(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "refresher")
    body = {"refresh_token": owner.refresh_token}

    answers = await asyncio.gather(*(crowd.post("/api/v1/auth/refresh", json=body) for _ in range(64)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_no_token_outlives_a_sign_out_that_races_with_refreshes(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "leaver")
    body = {"refresh_token": owner.refresh_token}

    *answers, left = await asyncio.gather(
        *(crowd.post("/api/v1/auth/refresh", json=body) for _ in range(16)),
        crowd.post("/api/v1/auth/logout", headers=owner.headers),
    )

    tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    after = await asyncio.gather(
        *(crowd.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}) for token in tokens)
    )
    assert left.status_code == 204
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert {answer.status_code for answer in after} <= {401}


async def test_retried_changes_of_many_writers_all_land(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "patient")
    await make_profile(crowd, owner)

    async def change(number: int) -> None:
        for _ in range(200):
            current = await crowd.get("/api/v1/health/profiles/me", headers=owner.headers)
            headers = owner.headers | {"If-Match": current.headers["etag"]}
            body = {"display_name": f"writer {number}"}
            answer = await crowd.patch("/api/v1/health/profiles/me", json=body, headers=headers)
            if answer.status_code == 200:
                return
            assert answer.status_code == 412
        pytest.fail("a writer starved")

    await asyncio.gather(*(change(number) for number in range(20)))

    after = await crowd.get("/api/v1/health/profiles/me", headers=owner.headers)
    assert after.json()["version"] == 21


async def test_changes_that_accept_any_version_all_land(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "careless")
    await make_profile(crowd, owner)
    headers = owner.headers | {"If-Match": "*"}

    answers = await asyncio.gather(
        *(
            crowd.patch("/api/v1/health/profiles/me", json={"display_name": f"n{n}"}, headers=headers)
            for n in range(64)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 64}
