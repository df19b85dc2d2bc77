"""Erasing somebody who writes at the same moment: nobody waits in a circle, and nothing is left."""

import asyncio

import httpx2
import pytest

from backend.api.dependencies import Resources
from tests.erasures import STAY, count_rows
from tests.factories import make_person, make_profile

pytestmark = pytest.mark.anyio

MINE = "/api/v1/health/profiles/me"
ROUNDS = 12


async def test_an_erasure_and_writes_of_a_profile_end_in_some_order(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    statuses: list[int] = []
    for number in range(ROUNDS):
        person = await make_person(client, f"amira{number}")
        await make_profile(client, person)
        headers = person.headers | {"If-Match": "*"}
        work = [
            client.patch(MINE, json={"display_name": "A"}, headers=headers),
            client.delete(MINE, headers=headers),
            client.delete("/api/v1/users/me", params={"immediately": True}, headers=person.headers),
            client.post("/api/v1/users/me/export", headers=person.headers),
            client.patch(MINE, json={"display_name": "B"}, headers=headers),
        ]
        turned = work[number % len(work) :] + work[: number % len(work)]
        statuses += [answer.status_code for answer in await asyncio.gather(*turned)]

    assert [status for status in statuses if status >= 500] == []
    assert statuses.count(200) >= ROUNDS  # every erasure, at least
    assert set(await count_rows(resources)) <= STAY
