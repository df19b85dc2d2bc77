"""Sealed values besides profiles that somebody altered or swapped: refused, and written down."""

import httpx2
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.sql import Executable

from backend.api.dependencies import Resources
from backend.models.audit import AuditChain, AuditEvent
from backend.models.factors import Credential
from backend.models.health import HealthProfile
from backend.models.jobs import Job
from backend.models.sessions import Session
from backend.models.users import User
from tests.conftest import FakeClock, Post
from tests.erasures import ME, run_chore
from tests.factories import Person, erase, make_admin, make_person, make_profile, register, sign_in
from tests.second_factors import code_of, enrol_totp
from tests.tampering import change, flipped, require_refused, told

pytestmark = pytest.mark.anyio

MINE = "/api/v1/health/profiles/me"
ACTIVITY = "/api/v1/users/me/activity"
LABEL = {"text": "Ingredients: milk."}


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who has a profile."""
    person = await make_person(client)
    await make_profile(client, person)
    return person


async def test_a_session_whose_key_was_swapped_is_not_refreshed(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    boris = await make_person(client, "boris")
    async with resources.database.reader() as session:
        keys = {row.user_id: row.family_key for row in await session.scalars(select(Session))}
    await change(resources, update(Session).values(family_key=keys[boris.id]))

    require_refused(await client.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token}))

    (event,) = await told(client, amira)
    assert list(event["details"]) == ["session"]


async def test_a_factor_that_was_altered_accepts_nothing(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    secret = await enrol_totp(client, amira, time)
    challenge = (await sign_in(client, "amira")).json()["challenge"]
    await change(resources, update(Credential).values(secret=b"\x01" + bytes(80)))

    body = {"challenge": challenge, "code": code_of(secret)}
    require_refused(await client.post("/api/v1/auth/mfa/totp", json=body))

    (event,) = await told(client, amira)
    assert list(event["details"]) == ["factor"]


async def test_where_an_event_came_from_cannot_be_swapped(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    olga = await make_admin(client, resources)
    await change(resources, update(AuditEvent).where(AuditEvent.owner_id == amira.id).values(place=bytes(60)))

    looked = await client.get(f"/api/v1/admin/users/{amira.id}/activity", headers=olga.headers)

    require_refused(looked)
    async with resources.database.reader() as session:
        query = select(AuditEvent.owner_id).where(AuditEvent.action == "seal_broken")
        assert list(await session.scalars(query)) == [amira.id]


async def test_administrators_see_that_something_is_broken_and_not_what(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    olga = await make_admin(client, resources)
    await change(resources, update(HealthProfile).values(document=bytes(80)))
    await client.get(MINE, headers=amira.headers)

    items = (await client.get(f"/api/v1/admin/users/{amira.id}/activity", headers=olga.headers)).json()[
        "items"
    ]

    (event,) = [item for item in items if item["action"] == "seal_broken"]
    assert event["details"] == {}


async def test_what_cannot_be_written_down_is_refused_all_the_same(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    await change(resources, update(AuditChain).values(key=bytes(70)))

    require_refused(await client.get(MINE, headers=amira.headers))


async def test_a_job_that_does_not_open_fails_and_the_others_are_done(
    client: httpx2.AsyncClient, resources: Resources, post: Post
) -> None:
    await register(client)
    await register(client, "boris")
    async with resources.database.reader() as session:
        first = (await session.scalars(select(Job).order_by(Job.id))).all()[0]
    altered = update(Job).where(Job.id == first.id)
    await change(resources, altered.values(payload=flipped(first.payload, 40)))

    await post.deliver()

    assert [message["To"] for message in post.mailer.sent] == ["boris@example.com"]
    async with resources.database.reader() as session:
        left = (await session.scalars(select(Job))).all()
    assert [(job.id, job.failed_at is not None) for job in left] == [(first.id, True)]


@pytest.mark.parametrize(
    "breaking",
    [
        pytest.param(update(AuditChain).values(key=b"altered"), id="its key does not open"),
        pytest.param(delete(AuditChain), id="it is gone"),
    ],
)
async def test_an_account_whose_chain_is_broken_can_still_be_erased(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, breaking: Executable
) -> None:
    await change(resources, breaking)

    receipt = (await erase(client, amira)).json()

    assert receipt["receipt"]["audit"] is None
    found = (await client.post("/api/v1/erasure-receipts/verify", json=receipt)).json()
    assert (found["rows"], found["place_key"], found["audit"]) == ({}, False, False)


async def test_an_account_that_waits_is_erased_although_its_chain_is_broken_meanwhile(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    (await client.delete(ME, headers=amira.headers)).raise_for_status()
    await change(resources, update(AuditChain).values(key=b"altered"))
    time.advance(days=15)

    assert await run_chore(resources) == 1
    assert await run_chore(resources) == 0


async def test_an_account_that_waits_is_erased_although_nothing_tells_who_asked(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    await change(resources, update(User).values(erase_at=time.moment))

    assert await run_chore(resources) == 1
