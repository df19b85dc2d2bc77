"""Many hands on one profile at once, on a server of two processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.factories import Person, make_person, make_profile, profile_body
from tests.server.conftest import FULL_DRILLS, Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]

MINE = "/api/v1/health/profiles/me"
ENTRIES, AT_ONCE = (200, 32) if FULL_DRILLS else (40, 4)


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 32 connections."""
    limits = httpx2.Limits(max_connections=32)
    async with httpx2.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        yield client


async def _patch_until_it_lands(
    client: httpx2.AsyncClient, owner: Person, entry: str, number: int, turns: asyncio.Semaphore
) -> None:
    for _ in range(1_000):
        async with turns:
            seen = await client.get(f"{MINE}/allergies/{entry}", headers=owner.headers)
            headers = owner.headers | {"If-Match": seen.headers["etag"]}
            body = {"note": f"writer {number}"}
            answer = await client.patch(f"{MINE}/allergies/{entry}", json=body, headers=headers)
        if answer.status_code == 200:
            return
        assert answer.status_code == 412
    pytest.fail("a writer starved")


async def test_200_changes_of_different_entries_all_land_and_each_leaves_its_version(
    crowd: httpx2.AsyncClient,
) -> None:
    owner = await make_person(crowd, "household")
    catalog = (await crowd.get("/api/v1/catalog/allergens", params={"limit": ENTRIES})).json()["items"]
    allergies = [{"name": item["code"]} for item in catalog]
    profile = (await make_profile(crowd, owner, allergies=allergies)).json()
    entries = [allergy["id"] for allergy in profile["allergies"]]
    turns = asyncio.Semaphore(AT_ONCE)

    await asyncio.gather(
        *(
            _patch_until_it_lands(crowd, owner, entries[number % len(entries)], number, turns)
            for number in range(200)
        )
    )

    after = (await crowd.get(MINE, headers=owner.headers)).json()
    listed = await crowd.get(f"{MINE}/revisions", params={"limit": 200}, headers=owner.headers)
    notes = [int(allergy["note"].removeprefix("writer ")) for allergy in after["allergies"]]
    assert after["version"] == 201
    assert [item["version"] for item in listed.json()["items"]] == list(range(201, 1, -1))
    assert [note % len(entries) for note in notes] == list(range(len(entries)))


async def test_of_64_who_record_one_allergy_from_any_version_one_does(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "twice")
    await make_profile(crowd, owner, allergies=[])
    headers = owner.headers | {"If-Match": "*"}

    answers = await asyncio.gather(
        *(crowd.post(f"{MINE}/allergies", json={"name": "milk"}, headers=headers) for _ in range(64))
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 63}


async def test_of_64_dependants_who_come_at_once_the_last_place_goes_to_one(
    crowd: httpx2.AsyncClient,
) -> None:
    owner = await make_person(crowd, "parent")
    body = profile_body(relationship="child")
    for _ in range(49):
        await make_profile(crowd, owner, relationship="child")

    answers = await asyncio.gather(
        *(crowd.post("/api/v1/health/profiles", json=body, headers=owner.headers) for _ in range(64))
    )

    listed = await crowd.get("/api/v1/health/profiles", params={"limit": 200}, headers=owner.headers)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 63}
    assert {answer.json().get("code") for answer in answers} == {None, "too-many-profiles"}
    assert len(listed.json()["items"]) == 50
    own = await make_profile(crowd, owner)  # one's own is beside them
    assert own.status_code == 201


async def test_of_64_own_profiles_that_come_at_once_one_is_recorded(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "single")

    answers = await asyncio.gather(
        *(
            crowd.post("/api/v1/health/profiles", json=profile_body(), headers=owner.headers)
            for _ in range(64)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 63}
    assert {answer.json().get("code") for answer in answers} == {None, "profile-exists"}


async def test_a_restoration_that_races_with_changes_loses_none(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "restorer")
    await make_profile(crowd, owner)
    headers = owner.headers | {"If-Match": "*"}

    answers = await asyncio.gather(
        *(crowd.patch(MINE, json={"display_name": f"n{n}"}, headers=headers) for n in range(16)),
        *(crowd.post(f"{MINE}/revisions/1/restore", headers=headers) for _ in range(16)),
    )

    listed = await crowd.get(f"{MINE}/revisions", headers=owner.headers)
    assert Counter(answer.status_code for answer in answers) == {200: 32}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 34))
    assert [item["version"] for item in listed.json()["items"]] == list(range(33, 0, -1))


async def test_of_64_who_send_one_request_with_one_key_all_get_the_one_answer(
    crowd: httpx2.AsyncClient,
) -> None:
    owner = await make_person(crowd, "impatient")
    headers = owner.headers | {"Idempotency-Key": "once"}
    body = profile_body(relationship="child")

    answers = await asyncio.gather(
        *(crowd.post("/api/v1/health/profiles", json=body, headers=headers) for _ in range(64))
    )

    listed = (await crowd.get("/api/v1/health/profiles", headers=owner.headers)).json()["items"]
    assert Counter(answer.status_code for answer in answers) == {201: 64}
    assert {answer.json()["id"] for answer in answers} == {item["id"] for item in listed}
    assert len(listed) == 1


async def test_no_answer_is_given_again_after_its_profile_was_deleted(crowd: httpx2.AsyncClient) -> None:
    owner = await make_person(crowd, "regretful")
    headers, body = owner.headers | {"Idempotency-Key": "once"}, profile_body()
    (await crowd.post("/api/v1/health/profiles", json=body, headers=headers)).raise_for_status()

    async def ask() -> int:
        return (await crowd.post("/api/v1/health/profiles", json=body, headers=headers)).status_code

    async def delete() -> int:
        return (await crowd.delete(MINE, headers=owner.headers | {"If-Match": "*"})).status_code

    deleted, *asked = await asyncio.gather(delete(), *(ask() for _ in range(24)))

    assert deleted == 204
    assert set(asked) <= {201, 409}
    assert await ask() == 409
    assert (await crowd.get(MINE, headers=owner.headers)).status_code == 404
