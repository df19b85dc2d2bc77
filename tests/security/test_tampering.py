"""Rows that somebody altered, swapped or put back: refused, written down, and never served."""

import uuid
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from sqlalchemy import delete, select, update

from backend.api.dependencies import Resources
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.models.users import User
from backend.schemas.system import FindingState
from backend.services import audit, system
from tests.factories import Person, make_person, make_profile
from tests.tampering import ACTIVITY, change, flipped, require_refused, told

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
MINE = f"{PROFILES}/me"
LABEL = {"text": "Ingredients: milk."}
READINGS = ["", "/allergies", "/dietary-restrictions", "/medical-conditions"]
OF_REVISIONS = ["/revisions", "/revisions/1", "/revisions/1/diff?with=1"]


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who has a profile at version 2."""
    person = await make_person(client)
    await make_profile(client, person)
    body = {"display_name": "Ami", "allergies": [{"name": "milk"}, {"name": "peanut"}, {"name": "sesame"}]}
    headers = person.headers | {"If-Match": '"1"'}
    (await client.patch(MINE, json=body, headers=headers)).raise_for_status()
    return person


async def _row(resources: Resources, person: Person) -> HealthProfile:
    async with resources.database.reader() as session:
        query = select(HealthProfile).where(HealthProfile.owner_id == person.id)
        return (await session.scalars(query.order_by(HealthProfile.id))).all()[0]


async def _flip(resources: Resources, amira: Person, boris: Person) -> None:
    row = await _row(resources, amira)
    await change(
        resources, update(HealthProfile).values(document=flipped(row.document, -20 % len(row.document)))
    )


async def _swap_owners(resources: Resources, amira: Person, boris: Person) -> None:
    mine, theirs = await _row(resources, amira), await _row(resources, boris)
    await change(
        resources,
        update(HealthProfile).where(HealthProfile.id == mine.id).values(document=theirs.document),
        update(HealthProfile).where(HealthProfile.id == theirs.id).values(document=mine.document),
    )


async def _take_over(resources: Resources, amira: Person, boris: Person) -> None:
    """Give a person the other's row, whole."""
    mine, theirs = await _row(resources, amira), await _row(resources, boris)
    await change(
        resources,
        delete(HealthProfile).where(HealthProfile.id == mine.id),
        update(HealthProfile).where(HealthProfile.id == theirs.id).values(owner_id=amira.id),
    )


async def _put_back(resources: Resources, amira: Person, boris: Person) -> None:
    """Put a profile's row back to what it was, as a whole."""
    row = await _row(resources, amira)
    async with resources.database.reader() as session:
        before = await session.get_one(HealthProfileRevision, (row.id, 1))
    await change(
        resources,
        update(HealthProfile).where(HealthProfile.id == row.id).values(version=1, document=before.document),
    )


async def _put_old_document(resources: Resources, amira: Person, boris: Person) -> None:
    row = await _row(resources, amira)
    async with resources.database.reader() as session:
        before = await session.get_one(HealthProfileRevision, (row.id, 1))
    await change(
        resources,
        update(HealthProfile).where(HealthProfile.id == row.id).values(document=before.document),
    )


async def _swap_keys(resources: Resources, amira: Person, boris: Person) -> None:
    async with resources.database.reader() as session:
        keys = {user.id: user.data_key for user in await session.scalars(select(User))}
    await change(
        resources,
        update(User).where(User.id == amira.id).values(data_key=keys[boris.id]),
        update(User).where(User.id == boris.id).values(data_key=keys[amira.id]),
    )


Attack = Callable[[Resources, Person, Person], Awaitable[None]]
ATTACKS = [_flip, _swap_owners, _take_over, _put_back, _put_old_document, _swap_keys]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
async def test_what_was_altered_is_refused_by_every_way_and_written_down(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, attack: Attack
) -> None:
    boris = await make_person(client, "boris")
    await make_profile(client, boris, display_name="Boris")
    profile = (await _row(resources, boris if attack is _take_over else amira)).id
    await attack(resources, amira, boris)

    answers = [await client.get(f"{MINE}{path}", headers=amira.headers) for path in READINGS]
    answers.append(await client.get(PROFILES, headers=amira.headers))
    answers.append(await client.post("/api/v1/screening/check", json=LABEL, headers=amira.headers))
    any_version = amira.headers | {"If-Match": "*"}
    answers.append(await client.patch(MINE, json={"allergies": []}, headers=any_version))
    answers.append(await client.put(MINE, json={}, headers=any_version))
    answers.append(await client.post(f"{MINE}/allergies", json={"name": "egg"}, headers=any_version))
    answers.append(await client.post(f"{MINE}/revisions/1/restore", headers=any_version))

    for answer in answers:
        require_refused(answer)
    events = await told(client, amira)
    assert len(events) == len(answers)
    version = "1" if attack in {_put_back, _take_over} else "2"
    for event in events:
        assert event["details"] == {"profile": str(profile), "version": version}
        assert event["actor"] == "anyone"
    assert {event["request_id"] for event in events} == {answer.headers["request-id"] for answer in answers}
    async with resources.database.reader() as session:
        await audit.verify(session, [], keyring=resources.keyring)


async def test_a_reading_that_was_refused_is_no_reading(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    await _flip(resources, amira, amira)

    await client.get(MINE, headers=amira.headers)

    items = (await client.get(ACTIVITY, headers=amira.headers)).json()["items"]
    assert [item["action"] for item in items][:2] == ["seal_broken", "profile_changed"]


@pytest.mark.parametrize("path", OF_REVISIONS)
async def test_of_a_profile_that_was_put_back_no_version_is_shown(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, path: str
) -> None:
    await _put_back(resources, amira, amira)

    require_refused(await client.get(f"{MINE}{path}", headers=amira.headers))
    assert len(await told(client, amira)) == 1


async def test_a_version_that_was_altered_or_swapped_is_not_shown_and_the_others_are(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    row = await _row(resources, amira)
    first = HealthProfileRevision.version == 1
    await change(resources, update(HealthProfileRevision).where(first).values(document=row.document))

    require_refused(await client.get(f"{MINE}/revisions/1", headers=amira.headers))
    require_refused(await client.get(f"{MINE}/revisions/2/diff?with=1", headers=amira.headers))
    restored = await client.post(f"{MINE}/revisions/1/restore", headers=amira.headers | {"If-Match": "*"})
    require_refused(restored)

    assert (await client.get(f"{MINE}/revisions/2", headers=amira.headers)).status_code == 200
    assert (await client.get(MINE, headers=amira.headers)).status_code == 200
    assert {event["details"]["version"] for event in await told(client, amira)} == {"1"}


async def test_a_broken_profile_does_not_keep_the_others_from_being_read(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    child = (await make_profile(client, amira, relationship="child")).json()["id"]
    row = await _row(resources, amira)
    broken = update(HealthProfile).where(HealthProfile.id == row.id)
    await change(resources, broken.values(document=flipped(row.document, 30)))

    read = await client.get(f"{PROFILES}/{child}", headers=amira.headers)
    checked = await client.post(
        "/api/v1/screening/check", json=LABEL | {"profiles": [child]}, headers=amira.headers
    )

    assert (read.status_code, checked.status_code) == (200, 200)


async def test_a_profile_of_somebody_else_in_the_place_of_ones_own_is_refused(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    child = (await make_profile(client, amira, relationship="child", allergies=[])).json()["id"]
    own = (await _row(resources, amira)).id
    await change(
        resources,
        update(HealthProfile).where(HealthProfile.id == own).values(relationship="other"),
        update(HealthProfile).where(HealthProfile.id == uuid.UUID(child)).values(relationship="self"),
    )

    any_version = amira.headers | {"If-Match": "*"}
    require_refused(await client.get(MINE, headers=amira.headers))
    require_refused(await client.get(f"{PROFILES}/{own}", headers=amira.headers))
    require_refused(await client.post("/api/v1/screening/check", json=LABEL, headers=amira.headers))
    require_refused(await client.patch(MINE, json={"allergies": []}, headers=any_version))
    assert {event["details"]["profile"] for event in await told(client, amira)} == {child, str(own)}
    found = system.examine_data(resources.database, [], keyring=resources.keyring)
    faults = [fault.detail async for fault in found if fault.state is FindingState.WRONG]
    assert len(faults) == 2
    assert all(fault.endswith("was made for somebody else than its row says") for fault in faults)


async def test_a_broken_profile_can_be_deleted(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    await _put_back(resources, amira, amira)

    gone = await client.delete(MINE, headers=amira.headers | {"If-Match": "*"})

    assert gone.status_code == 204


async def test_a_lost_version_does_not_keep_the_present_from_being_read(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    await change(resources, delete(HealthProfileRevision).where(HealthProfileRevision.version == 2))

    assert (await client.get(MINE, headers=amira.headers)).status_code == 200
