"""A copy of one's data: asked for, made, taken away, and gone."""

import asyncio
import uuid

import httpx2
import pytest
from sqlalchemy import func, select

from backend.api.dependencies import Resources
from backend.models.export import Export, ExportChunk
from backend.models.jobs import Job
from backend.services import export
from tests.conftest import FakeClock, Post
from tests.exports import (
    ALL_FILES,
    EXPORT,
    Taken,
    ask_for_export,
    download,
    make_exports,
    remove_account,
    take_export,
)
from tests.factories import Person, make_person, make_profile, sign_in

pytestmark = pytest.mark.anyio


async def _read(client: httpx2.AsyncClient, person: Person, export_id: str) -> dict[str, object]:
    answer = await client.get(f"{EXPORT}/{export_id}", headers=person.headers)
    found: dict[str, object] = answer.raise_for_status().json()
    return found


async def _again(client: httpx2.AsyncClient, person: Person) -> Person:
    """Sign in anew: a sign-in is recent for ten minutes."""
    tokens = (await sign_in(client, person.username)).raise_for_status().json()
    return Person(person.id, person.username, person.email, tokens["access_token"], tokens["refresh_token"])


async def _count(resources: Resources, *tables: type) -> list[int]:
    async with resources.database.reader() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def test_a_copy_is_asked_for_made_and_taken_away(
    client: httpx2.AsyncClient, resources: Resources, post: Post, time: FakeClock
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await post.deliver()

    asked = await ask_for_export(client, amira)
    before = asked.json()
    early = await download(client, amira, before["id"])
    await make_exports(resources)
    after = await _read(client, amira, before["id"])
    await post.deliver()
    taken = await download(client, amira, before["id"])

    assert asked.status_code == 202
    assert asked.headers["location"] == f"{EXPORT}/{before['id']}"
    assert (before["state"], before["size"], before["expires_at"]) == ("pending", None, None)
    assert (early.status_code, early.json()["code"]) == (409, "export-not-ready")
    assert (after["state"], after["size"]) == ("ready", len(taken.content))
    assert taken.headers["content-type"] == "application/zip"
    assert taken.headers["content-disposition"] == (
        f'attachment; filename="safeplate-export-{time():%Y-%m-%d}.zip"'
    )
    assert taken.headers["cache-control"] == "no-store"
    assert list(Taken(taken.content).files) == ALL_FILES
    assert post.mailer.subjects(amira.email)[-1] == "The copy of your data is ready"
    assert "token" not in str(post.mailer.sent[-1])
    assert before["id"] not in str(post.mailer.sent[-1])


async def test_what_happens_to_a_copy_is_seen_in_the_activity(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    taken = await take_export(client, amira, resources)

    items = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]

    listed = (await client.get(EXPORT, headers=amira.headers)).json()["items"]
    told = [(item["action"], item["actor"], item["details"]) for item in items[:2]]
    details = {"export": listed[0]["id"]}
    assert told == [("export_downloaded", "owner", details), ("export_requested", "owner", details)]
    assert [row["action"] for row in taken.rows()] == [
        "account_registered",
        "signed_in",
        "export_requested",
    ]


async def test_it_is_gone_after_24_hours_whether_or_not_anybody_tidies_up(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    asked = (await ask_for_export(client, amira)).json()
    await make_exports(resources)

    time.advance(hours=23, minutes=59, seconds=59)
    amira = await _again(client, amira)
    last_moment = await download(client, amira, asked["id"])
    time.advance(seconds=1)
    late = await download(client, amira, asked["id"])
    state = (await _read(client, amira, asked["id"]))["state"]
    before = await _count(resources, Export, ExportChunk)
    await export.purge(resources.database)
    after = await _count(resources, Export, ExportChunk)

    assert last_moment.status_code == 200
    assert (late.status_code, late.json()["code"], state) == (404, "export-expired", "expired")
    assert (await _read(client, amira, asked["id"]))["state"] == "expired"
    assert before[0] == after[0] == 1
    assert before[1] > 3
    assert after[1] == 0


async def test_that_there_was_one_is_forgotten_after_30_days(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await ask_for_export(client, amira)
    await make_exports(resources)
    found = []
    for days in (29, 2):
        time.advance(days=days)
        await export.purge(resources.database)
        found.append(await _count(resources, Export))

    assert found == [[1], [0]]


async def test_one_at_a_time_is_made(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    first, second = [(await ask_for_export(client, amira)).json() for _ in range(2)]

    made = [await make_exports(resources) for _ in range(2)]
    third = (await ask_for_export(client, amira)).json()

    assert first == second
    assert made == [1, 0]
    assert third["id"] != first["id"]


async def test_of_many_requests_at_once_one_is_done(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)

    answers = await asyncio.gather(*(ask_for_export(client, amira) for _ in range(24)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [await make_exports(resources) for _ in range(2)] == [1, 0]


async def test_three_a_day_are_enough(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    for _ in range(3):
        await take_export(client, amira, resources)
        time.advance(minutes=1)

    fourth = await ask_for_export(client, amira)
    time.advance(seconds=int(fourth.headers["retry-after"]) - 1)
    amira = await _again(client, amira)
    too_early = await ask_for_export(client, amira)
    time.advance(seconds=1)
    next_day = await ask_for_export(client, amira)

    assert (fourth.status_code, fourth.json()["code"]) == (429, "too-many-exports")
    assert fourth.headers["retry-after"] == str(24 * 3600 - 180)
    assert (too_early.status_code, next_day.status_code) == (429, 202)


async def test_exports_come_in_pages(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    made = []
    for _ in range(3):
        made.append((await ask_for_export(client, amira)).json()["id"])
        await make_exports(resources)

    first = (await client.get(f"{EXPORT}?limit=2", headers=amira.headers)).json()
    second = (
        await client.get(f"{EXPORT}?limit=2&cursor={first['next_cursor']}", headers=amira.headers)
    ).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_nobody_else_learns_of_it_or_gets_it(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    asked = (await ask_for_export(client, amira)).json()
    await make_exports(resources)

    answers = [
        await client.get(f"{EXPORT}/{asked['id']}{part}", headers=boris.headers) for part in ("", "/download")
    ]
    unknown = await client.get(f"{EXPORT}/{uuid.uuid4()}", headers=boris.headers)
    listed = await client.get(EXPORT, headers=boris.headers)

    alike = {(answer.status_code, answer.json()["code"]) for answer in [*answers, unknown]}
    assert alike == {(404, "export-not-found")}
    assert listed.json()["items"] == []


async def test_nothing_is_left_if_the_account_is_removed_before(
    client: httpx2.AsyncClient, resources: Resources, post: Post
) -> None:
    amira = await make_person(client)
    await post.deliver()
    await ask_for_export(client, amira)

    await remove_account(resources, amira)
    made = await make_exports(resources)

    assert made == 1
    assert await _count(resources, Export, ExportChunk, Job) == [0, 0, 0]


async def test_nothing_is_left_if_the_account_is_removed_after(
    client: httpx2.AsyncClient, resources: Resources, post: Post
) -> None:
    amira = await make_person(client)
    await take_export(client, amira, resources)

    await remove_account(resources, amira)
    await post.deliver()

    assert await _count(resources, Export, ExportChunk, Job) == [0, 0, 0]
    assert post.mailer.subjects(amira.email) == []
