"""Requests that are sent again, through the API."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, insert, select

from backend.api.dependencies import Resources
from backend.models.idempotency import IdempotencyKey
from backend.services import audit, idempotency
from tests.conftest import FakeClock
from tests.factories import PASSWORD, Person, erase, make_person, make_profile, profile_body

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
MINE = f"{PROFILES}/me"
PARTS = [("allergies", "sesame"), ("dietary-restrictions", "halal"), ("medical-conditions", "gout")]


def _with_key(person: Person, key: str = "one", version: int | None = None) -> dict[str, str]:
    headers = person.headers | {"Idempotency-Key": key}
    return headers | ({"If-Match": f'"{version}"'} if version else {})


def _shown(answer: httpx2.Response) -> tuple[Any, ...]:
    return answer.status_code, answer.json(), answer.headers["etag"], answer.headers["location"]


async def _count(resources: Resources) -> int:
    async with resources.database.reader() as session:
        return await session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


async def test_a_profile_that_is_sent_twice_is_recorded_once(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    body = profile_body(relationship="child")

    first = await client.post(PROFILES, json=body, headers=_with_key(amira))
    again = await client.post(PROFILES, json=body, headers=_with_key(amira))
    other = await client.post(PROFILES, json=body, headers=_with_key(amira, "two"))

    assert first.status_code == 201
    assert _shown(again) == _shown(first)
    assert again.headers["content-type"] == first.headers["content-type"]
    listed = (await client.get(PROFILES, headers=amira.headers)).json()["items"]
    assert [item["id"] for item in listed] == [first.json()["id"], other.json()["id"]]


@pytest.mark.parametrize(("part", "name"), PARTS)
async def test_an_entry_that_is_sent_twice_is_recorded_once(
    client: httpx2.AsyncClient, part: str, name: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    headers = _with_key(amira, version=1)

    first = await client.post(f"{MINE}/{part}", json={"name": name}, headers=headers)
    again = await client.post(f"{MINE}/{part}", json={"name": name}, headers=headers)

    assert first.status_code == 201
    assert _shown(again) == _shown(first)
    assert (await client.get(MINE, headers=amira.headers)).json()["version"] == 2


@pytest.mark.parametrize("difference", ["body", "path"])
async def test_a_key_is_for_one_request(client: httpx2.AsyncClient, difference: str) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await client.post(f"{MINE}/allergies", json={"name": "sesame"}, headers=_with_key(amira, version=1))
    part, name = ("allergies", "celery") if difference == "body" else ("dietary-restrictions", "sesame")

    answer = await client.post(f"{MINE}/{part}", json={"name": name}, headers=_with_key(amira, version=2))

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert answer.json()["errors"][0]["pointer"] == "header:idempotency-key"
    assert (await client.get(MINE, headers=amira.headers)).json()["version"] == 2


async def test_what_failed_may_be_sent_again_with_its_key(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    body = {"name": "sesame"}

    failed = await client.post(f"{MINE}/allergies", json=body, headers=_with_key(amira, version=7))
    stored = await _count(resources)
    done = await client.post(f"{MINE}/allergies", json=body, headers=_with_key(amira, version=1))

    assert (failed.status_code, stored, done.status_code) == (412, 0, 201)


async def test_two_people_may_choose_the_same_key(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")

    answers = [
        await client.post(PROFILES, json=profile_body(), headers=_with_key(person))
        for person in (amira, boris)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def _sign_in_again(client: httpx2.AsyncClient, person: Person) -> dict[str, str]:
    form = {"username": person.username, "password": PASSWORD}
    tokens = (await client.post("/api/v1/auth/login", data=form)).json()
    return _with_key(person) | {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_a_key_is_forgotten_after_a_day(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    body = profile_body(relationship="child")
    first = await client.post(PROFILES, json=body, headers=_with_key(amira))

    for hours in (23, 2):
        time.advance(hours=hours)
        headers = await _sign_in_again(client, amira)
        answer = await client.post(PROFILES, json=body, headers=headers)
        assert (answer.json()["id"] == first.json()["id"]) is (hours == 23)


async def test_a_key_that_ran_out_is_new_however_many_others_did_and_for_whatever_request(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await client.post(PROFILES, json=profile_body(), headers=_with_key(amira))
    async with resources.database.unit() as session:
        gone = {"user_id": amira.id, "request": "", "answer": b"", "expires_at": time() - timedelta(days=1)}
        await session.execute(
            insert(IdempotencyKey), [gone | {"key": f"{number:064}"} for number in range(150)]
        )
    time.advance(hours=25)
    headers = await _sign_in_again(client, amira)
    other = profile_body(relationship="child")

    first = await client.post(PROFILES, json=other, headers=headers)
    again = await client.post(PROFILES, json=other, headers=headers)

    assert first.status_code == 201
    assert _shown(again) == _shown(first)


async def test_of_many_that_come_with_a_key_that_ran_out_one_is_done(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    body = profile_body(relationship="child")
    await client.post(PROFILES, json=body, headers=_with_key(amira))
    time.advance(hours=25)
    headers = await _sign_in_again(client, amira)

    answers = await asyncio.gather(*(client.post(PROFILES, json=body, headers=headers) for _ in range(16)))

    listed = (await client.get(PROFILES, headers=headers)).json()["items"]
    assert [answer.status_code for answer in answers] == [201] * 16
    assert {answer.json()["id"] for answer in answers} == {listed[1]["id"]}
    assert len(listed) == 2


async def test_keys_that_ran_out_are_deleted(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await client.post(PROFILES, json=profile_body(), headers=_with_key(amira))

    counts = []
    for hours in (23, 2):
        time.advance(hours=hours)
        await idempotency.purge(resources.database)
        counts.append(await _count(resources))

    assert counts == [1, 0]


@pytest.mark.parametrize("part", ["", *(part for part, _ in PARTS)])
async def test_an_answer_goes_with_its_profile(
    client: httpx2.AsyncClient, resources: Resources, part: str
) -> None:
    amira = await make_person(client)
    path, body = (f"{MINE}/{part}", {"name": dict(PARTS)[part]}) if part else (PROFILES, profile_body())
    if part:
        await make_profile(client, amira)
    headers = _with_key(amira, version=1)
    done = await client.post(path, json=body, headers=headers)
    other = profile_body(relationship="child")
    kept = await client.post(PROFILES, json=other, headers=_with_key(amira, "other"))

    removed = await client.delete(MINE, headers=amira.headers | {"If-Match": "*"})
    again = await client.post(path, json=body, headers=headers)
    sibling = await client.post(PROFILES, json=other, headers=_with_key(amira, "other"))

    assert (done.status_code, removed.status_code) == (201, 204)
    assert (again.status_code, again.json()["code"]) == (409, "answer-gone")
    assert (await client.get(MINE, headers=amira.headers)).status_code == 404
    assert _shown(sibling) == _shown(kept)
    async with resources.database.reader() as session:
        answers = list(await session.scalars(select(IdempotencyKey.answer).order_by(IdempotencyKey.answer)))
    assert [bool(answer) for answer in answers] == [False, True]


@pytest.mark.parametrize("part", ["", *(part for part, _ in PARTS)])
async def test_an_answer_that_is_given_again_is_a_reading(
    client: httpx2.AsyncClient, resources: Resources, part: str
) -> None:
    amira = await make_person(client)
    path, body = (f"{MINE}/{part}", {"name": dict(PARTS)[part]}) if part else (PROFILES, profile_body())
    if part:
        await make_profile(client, amira)
    headers = _with_key(amira, version=1)
    await client.post(path, json=body, headers=headers)
    mine = (await client.get(MINE, headers=amira.headers)).json()["id"]

    again = await client.post(path, json=body, headers=headers)

    activity = await client.get("/api/v1/users/me/activity", headers=amira.headers)
    event = activity.json()["items"][0]
    fields = part.replace("-", "_") or "all"
    assert again.status_code == 201
    assert (event["action"], event["request_id"]) == ("profile_read", again.headers["request-id"])
    assert event["details"] == {"profiles": mine, "fields": fields, "purpose": "repeated-answer"}
    async with resources.database.reader() as session:
        await audit.verify(session, [], keyring=resources.keyring)


@pytest.mark.parametrize("key", ["", "x" * 256, "two words"])
async def test_a_key_that_is_none_is_refused(client: httpx2.AsyncClient, key: str) -> None:
    amira = await make_person(client)
    headers = _with_key(amira, key)

    answer = await client.post(PROFILES, json=profile_body(), headers=headers)

    assert answer.status_code == 422
    assert (await client.get(PROFILES, headers=amira.headers)).json()["items"] == []


async def test_an_answer_is_kept_sealed_and_goes_with_the_account(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await client.post(PROFILES, json=profile_body(), headers=_with_key(amira, "secret-key"))

    async with resources.database.reader() as session:
        (row,) = await session.scalars(select(IdempotencyKey))
    await erase(client, amira)

    words = [b"milk", b"injector", b"vegetarian", b"secret-key"]
    assert [word for word in words if word in row.answer + row.key.encode() + row.request.encode()] == []
    assert await _count(resources) == 0
