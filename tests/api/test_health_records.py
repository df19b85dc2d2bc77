"""Every reading and every change of a profile is written down, where its owner sees it."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text

from backend.api.dependencies import Resources
from backend.models.audit import AuditEvent
from backend.services import audit
from tests.factories import Person, make_admin, make_person, make_profile

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
MINE = f"{PROFILES}/me"


async def _activity(client: httpx2.AsyncClient, person: Person) -> list[dict[str, Any]]:
    """Return what happened to a person's profiles, the oldest first."""
    answer = await client.get("/api/v1/users/me/activity", params={"limit": 200}, headers=person.headers)
    return [item for item in reversed(answer.json()["items"]) if item["action"].startswith("profile_")]


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who has a profile."""
    person = await make_person(client)
    await make_profile(client, person)
    return person


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("", "all"),
        ("/allergies", "allergies"),
        ("/allergies/{allergy}", "allergies"),
        ("/dietary-restrictions", "dietary_restrictions"),
        ("/medical-conditions", "medical_conditions"),
        ("/revisions", "revisions"),
        ("/revisions/1", "all"),
        ("/revisions/1/diff?with=1", "all"),
    ],
)
async def test_a_reading_is_written_down(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, path: str, fields: str
) -> None:
    profile = (await client.get(MINE, headers=amira.headers)).json()
    path = path.format(allergy=profile["allergies"][0]["id"])

    answer = await client.get(f"{MINE}{path}", headers=amira.headers)

    assert answer.status_code == 200
    *_, event = await _activity(client, amira)
    assert (event["action"], event["actor"]) == ("profile_read", "owner")
    assert event["details"] == {"profiles": profile["id"], "fields": fields}
    assert (event["ip_prefix"], event["request_id"]) == ("127.0.0.0/24", answer.headers["request-id"])
    async with resources.database.reader() as session:
        await audit.verify(session, [], keyring=resources.keyring)


async def test_a_list_names_every_profile_that_it_shows(client: httpx2.AsyncClient, amira: Person) -> None:
    for _ in range(22):
        await make_profile(client, amira, relationship="child")

    listed = (await client.get(PROFILES, headers=amira.headers)).json()["items"]

    events = [event for event in await _activity(client, amira) if event["action"] == "profile_read"]
    named = [identifier for event in events for identifier in event["details"]["profiles"].split()]
    assert named == [item["id"] for item in listed]
    assert len(events) == 2


async def test_a_check_is_a_reading(client: httpx2.AsyncClient, amira: Person) -> None:
    body = {"text": "Ingredients: milk."}

    (await client.post("/api/v1/screening/check", json=body, headers=amira.headers)).raise_for_status()

    *_, event = await _activity(client, amira)
    assert (event["action"], event["details"]["purpose"]) == ("profile_read", "check")


async def test_a_change_is_written_down_with_the_names_of_what_changed(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    headers = amira.headers | {"If-Match": "*"}
    profile_id = (await _activity(client, amira))[0]["details"]["profile"]

    await client.patch(MINE, json={"display_name": "Ami", "allergies": []}, headers=headers)
    await client.patch(MINE, json={}, headers=headers)
    await client.post(f"{MINE}/medical-conditions", json={"name": "gout"}, headers=headers)
    await client.post(f"{MINE}/revisions/1/restore", headers=headers)
    await client.delete(MINE, headers=headers)

    told = [(event["action"], event["details"]) for event in await _activity(client, amira)]
    all_of_it = "display_name allergies medical_conditions"
    assert told == [
        ("profile_created", {"profile": profile_id, "version": "1", "fields": "all"}),
        ("profile_changed", {"profile": profile_id, "version": "2", "fields": "display_name allergies"}),
        ("profile_changed", {"profile": profile_id, "version": "3", "fields": "none"}),
        ("profile_changed", {"profile": profile_id, "version": "4", "fields": "medical_conditions"}),
        ("profile_changed", {"profile": profile_id, "version": "5", "fields": all_of_it, "restored": "1"}),
        ("profile_removed", {"profile": profile_id}),
    ]


async def test_no_event_holds_a_value(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    await client.patch(MINE, json={"display_name": "Zoroastra"}, headers=amira.headers | {"If-Match": "*"})

    async with resources.database.reader() as session:
        details = " ".join(await session.scalars(select(AuditEvent.details)))
    words = ["milk", "peanut", "vegetarian", "coeliac", "injector", "Amira", "Zoroastra", "severe"]
    assert [word for word in words if word in details] == []


async def test_administrators_see_that_a_profile_was_touched_and_not_which_or_what(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    olga = await make_admin(client, resources)
    await client.get(f"{MINE}/medical-conditions", headers=amira.headers)

    looked = await client.get(f"/api/v1/admin/users/{amira.id}/activity", headers=olga.headers)

    told = [item for item in looked.json()["items"] if item["action"].startswith("profile_")]
    assert [(item["action"], item["details"]) for item in told] == [
        ("profile_read", {}),
        ("profile_created", {}),
    ]


async def test_what_was_refused_is_neither_a_reading_nor_a_change(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    before = await _activity(client, amira)
    boris = await make_person(client, "boris")
    profile_id = before[0]["details"]["profile"]

    refused = [
        await client.get(f"{PROFILES}/{profile_id}", headers=boris.headers),
        await client.patch(MINE, json={}, headers=amira.headers | {"If-Match": '"7"'}),
        await client.get(f"{MINE}/revisions/9", headers=amira.headers),
    ]

    assert [answer.status_code for answer in refused] == [404, 412, 404]
    assert (await _activity(client, amira), await _activity(client, boris)) == (before, [])


async def test_what_cannot_be_written_down_is_not_read(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    async with resources.database.unit() as session:
        # The next number is taken: the event cannot be stored.
        await session.execute(text("UPDATE audit_chains SET sequence = sequence - 1"))

    answer = await client.get(MINE, headers=amira.headers)

    assert answer.status_code == 500
    assert "milk" not in answer.text
