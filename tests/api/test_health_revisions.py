"""What profiles were, through the API."""

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, func, insert, select, update

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.services import sessions
from backend.services.health import KEPT_REVISIONS
from backend.services.health.document import open_document, seal_document
from tests.factories import Person, erase, make_person, make_profile

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
MINE = f"{PROFILES}/me"
CONTENT = ("display_name", "no_known_allergies", "allergies", "dietary_restrictions", "medical_conditions")


def _at(person: Person, version: int) -> dict[str, str]:
    return person.headers | {"If-Match": f'"{version}"'}


async def _changed_in_every_way(client: httpx2.AsyncClient, person: Person) -> list[dict[str, Any]]:
    """Change a profile in each way that there is, and return what it was after each."""
    states = [(await make_profile(client, person)).json()]

    async def note(answer: httpx2.Response) -> None:
        assert answer.is_success
        states.append((await client.get(MINE, headers=person.headers)).json())

    entry = f"{MINE}/allergies/{states[0]['allergies'][0]['id']}"
    body = {"name": "sesame"}
    await note(await client.patch(MINE, json={"display_name": "Ami"}, headers=_at(person, 1)))
    await note(await client.post(f"{MINE}/allergies", json=body, headers=_at(person, 2)))
    await note(await client.patch(entry, json={"note": None}, headers=_at(person, 3)))
    await note(await client.delete(entry, headers=_at(person, 4)))
    await note(await client.put(MINE, json={"no_known_allergies": True}, headers=_at(person, 5)))
    await note(await client.post(f"{MINE}/revisions/3/restore", headers=_at(person, 6)))
    return states


def _content(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in CONTENT}


async def test_every_change_leaves_a_version_that_can_be_read(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    states = await _changed_in_every_way(client, amira)

    for number, state in enumerate(states, start=1):
        was = (await client.get(f"{MINE}/revisions/{number}", headers=amira.headers)).json()
        assert _content(was) == _content(state)
        assert (was["version"], was["profile_id"], was["author_id"]) == (number, state["id"], str(amira.id))
        assert was["recorded_at"] == state["updated_at"]


async def test_versions_are_listed_in_pages_the_newest_first(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    states = await _changed_in_every_way(client, amira)
    path = f"{MINE}/revisions"

    first = (await client.get(path, params={"limit": 4}, headers=amira.headers)).json()
    last = (await client.get(path, params={"cursor": first["next_cursor"]}, headers=amira.headers)).json()

    assert [item["version"] for item in first["items"]] == [7, 6, 5, 4]
    assert [item["version"] for item in last["items"]] == [3, 2, 1]
    assert last["next_cursor"] is None
    assert [item["recorded_at"] for item in last["items"]] == [state["updated_at"] for state in states[2::-1]]


async def test_restoring_makes_what_was_the_next_version(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()
    await client.put(MINE, json={}, headers=_at(amira, 1))

    stale = await client.post(f"{MINE}/revisions/1/restore", headers=_at(amira, 1))
    restored = await client.post(f"{MINE}/revisions/1/restore", headers=_at(amira, 2))

    assert (stale.status_code, stale.json()["code"]) == (412, "version-stale")
    assert (restored.status_code, restored.json()["version"]) == (200, 3)
    assert _content(restored.json()) == _content(before)
    assert (await client.get(MINE, headers=amira.headers)).json() == restored.json()


async def test_a_comparison_names_what_came_went_and_changed(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()
    milk, peanut = before["allergies"]
    body = {
        "display_name": "Ami",
        "allergies": [{"name": "peanuts", "severity": "severe"}, {"name": "sesame"}],
        "dietary_restrictions": ["vegetarian"],
    }
    after = (await client.put(MINE, json=body, headers=_at(amira, 1))).json()

    forth = await client.get(f"{MINE}/revisions/2/diff", params={"with": 1}, headers=amira.headers)
    back = await client.get(f"{MINE}/revisions/1/diff", params={"with": 2}, headers=amira.headers)

    sesame = {"section": "allergies", "id": after["allergies"][1]["id"], "code": "sesame"}
    coeliac = {"section": "medical_conditions", "code": "coeliac_disease"}
    severity = {"member": "severity", "before": "moderate", "after": "severe"}
    assert forth.json() == {
        "profile_id": before["id"],
        "before": 1,
        "after": 2,
        "members": [{"member": "display_name", "before": "Amira", "after": "Ami"}],
        "added": [sesame],
        "removed": [
            {"section": "allergies", "id": milk["id"], "code": "milk"},
            coeliac | {"id": before["medical_conditions"][0]["id"]},
        ],
        "changed": [
            {"section": "allergies", "id": peanut["id"], "code": "peanuts", "members": [severity]},
        ],
    }
    assert (back.json()["added"], back.json()["removed"]) == (forth.json()["removed"], [sesame])
    assert back.json()["changed"][0]["members"] == [severity | {"before": "severe", "after": "moderate"}]


async def test_a_version_is_the_same_as_itself(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    same = await client.get(f"{MINE}/revisions/1/diff", params={"with": 1}, headers=amira.headers)

    assert {name: same.json()[name] for name in ("members", "added", "removed", "changed")} == {
        "members": [], "added": [], "removed": [], "changed": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "2"), ("GET", "2/diff?with=1"), ("GET", "1/diff?with=2"), ("POST", "2/restore")],
)
async def test_a_version_that_never_was_is_not_found(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    answer = await client.request(method, f"{MINE}/revisions/{path}", headers=_at(amira, 1))

    assert (answer.status_code, answer.json()["code"]) == (404, "revision-not-found")
    assert (await client.get(MINE, headers=amira.headers)).json()["version"] == 1


async def test_a_version_cannot_be_passed_off_as_another(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await _changed_in_every_way(client, amira)
    async with resources.database.unit() as session:
        first = select(HealthProfileRevision.document).where(HealthProfileRevision.version == 1)
        await session.execute(
            update(HealthProfileRevision)
            .where(HealthProfileRevision.version == 4)
            .values(document=first.scalar_subquery())
        )

    read = await client.get(f"{MINE}/revisions/4", headers=amira.headers)
    restored = await client.post(f"{MINE}/revisions/4/restore", headers=_at(amira, 7))

    assert (read.status_code, restored.status_code) == (500, 500)
    assert "milk" not in read.text + restored.text


@pytest.mark.parametrize("gone", ["profile", "account"])
async def test_versions_go_with_their_profile(
    client: httpx2.AsyncClient, resources: Resources, gone: str
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await _changed_in_every_way(client, amira)
    kept = uuid.UUID((await make_profile(client, boris)).json()["id"])

    if gone == "profile":
        await client.delete(MINE, headers=amira.headers | {"If-Match": "*"})
    else:
        await erase(client, amira)

    async with resources.database.reader() as session:
        owners = list(await session.scalars(select(HealthProfileRevision.profile_id)))
    assert owners == [kept]


async def test_a_change_whose_version_is_taken_does_not_happen(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    profile_id = uuid.UUID((await make_profile(client, amira)).json()["id"])
    async with resources.database.unit() as session:
        squatter = {"profile_id": profile_id, "version": 2, "document": b"", "author_id": amira.id}
        session.add(HealthProfileRevision(**squatter, recorded_at=func.current_timestamp()))

    answer = await client.patch(MINE, json={"display_name": "Ami"}, headers=_at(amira, 1))

    assert (answer.status_code, answer.json()["code"]) == (500, "seal-broken")
    async with resources.database.unit() as session:
        await session.execute(delete(HealthProfileRevision).where(HealthProfileRevision.version == 2))
    after = (await client.get(MINE, headers=amira.headers)).json()
    assert (after["version"], after["display_name"]) == (1, "Amira")


async def test_the_database_file_holds_no_word_of_what_profiles_were(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    if settings.database_url.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL keeps its files to itself: only those of SQLite can be read here")
    amira = await make_person(client)
    await _changed_in_every_way(client, amira)
    path = Path(settings.database_url.database or "")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    words = ["milk", "lait", "peanut", "sesame", "vegetarian", "coeliac", "injector"]
    assert [word for word in words if word.encode() in content] == []


async def test_the_newest_thousand_versions_are_kept_and_no_number_is_given_twice(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    profile_id = uuid.UUID((await make_profile(client, amira)).json()["id"])
    await _pretend(resources, amira, profile_id, version=KEPT_REVISIONS)
    full = await client.get(f"{MINE}/revisions/1", headers=amira.headers)

    changed = await client.patch(MINE, json={}, headers=_at(amira, KEPT_REVISIONS))
    restored = await client.post(f"{MINE}/revisions/1000/restore", headers=_at(amira, KEPT_REVISIONS + 1))

    assert (full.status_code, changed.json()["version"], restored.json()["version"]) == (200, 1_001, 1_002)
    async with resources.database.reader() as session:
        versions = select(HealthProfileRevision.version).order_by(HealthProfileRevision.version)
        assert list(await session.scalars(versions)) == list(range(3, 1_003))
    for gone in (1, 2):
        answer = await client.get(f"{MINE}/revisions/{gone}", headers=amira.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "revision-not-found")


async def _pretend(resources: Resources, person: Person, profile_id: uuid.UUID, *, version: int) -> None:
    """Bring a profile to a version, as if it had been changed so often."""
    keyring = resources.keyring
    owner = await sessions.authenticate(resources.database, person.access_token, tokens=resources.tokens)
    async with resources.database.unit() as session:
        row = await session.get_one(HealthProfile, profile_id)
        document = open_document(row.document, profile_id=row.id, version=1, owner=owner, keyring=keyring)
        seals = {
            number: seal_document(document, profile_id=row.id, version=number, owner=owner, keyring=keyring)
            for number in range(2, version + 1)
        }
        rows = [
            {
                "profile_id": row.id, "version": number, "document": sealed,
                "author_id": owner.id, "recorded_at": row.updated_at,
            }
            for number, sealed in seals.items()
        ]  # fmt: skip
        await session.execute(insert(HealthProfileRevision), rows)
        row.version, row.document = version, seals[version]
