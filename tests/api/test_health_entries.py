"""Entries of health profiles, one by one, through the API."""

import json
import uuid
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from backend.api.dependencies import Resources
from backend.models.health import HealthProfile
from backend.models.users import User
from backend.services.users import DATA_KEY
from backend.utils.security import seal
from tests.factories import Person, make_person, make_profile

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"
ALLERGIES = f"{PROFILES}/me/allergies"
EMPTY: dict[str, Any] = {"allergies": [], "dietary_restrictions": [], "medical_conditions": []}
SECTIONS = [
    pytest.param("allergies", "allergen", "Lait", "milk", {"severity": "severe"}, id="allergy"),
    pytest.param("dietary-restrictions", "diet", "végan", "vegan", {"reason": "ethical"}, id="diet"),
    pytest.param(
        "medical-conditions", "condition", "celiac disease", "coeliac_disease", {"since": "2019-05"},
        id="condition",
    ),
]  # fmt: skip


def _at(person: Person, version: int) -> dict[str, str]:
    return person.headers | {"If-Match": f'"{version}"'}


async def _profile(client: httpx2.AsyncClient, person: Person) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(f"{PROFILES}/me", headers=person.headers)).json()
    return body


@pytest.mark.parametrize(("part", "member", "name", "code", "change"), SECTIONS)
async def test_an_entry_is_recorded_read_changed_and_deleted(
    client: httpx2.AsyncClient, part: str, member: str, name: str, code: str, change: dict[str, str]
) -> None:
    amira = await make_person(client)
    profile_id = (await make_profile(client, amira, **EMPTY)).json()["id"]
    path = f"{PROFILES}/me/{part}"

    created = await client.post(path, json={"name": name}, headers=_at(amira, 1))
    entry_id = created.json()["id"]
    read = await client.get(f"{path}/{entry_id}", headers=amira.headers)
    changed = await client.patch(f"{path}/{entry_id}", json=change, headers=_at(amira, 2))
    listed = await client.get(path, headers=amira.headers)
    removed = await client.delete(f"{path}/{entry_id}", headers=_at(amira, 3))

    tags = [answer.headers["etag"] for answer in (created, read, changed, listed, removed)]
    assert [tag.strip('"').split("-")[0] for tag in tags] == ["2", "2", "3", "3", "4"]
    assert (created.status_code, created.json()[member]) == (201, code)
    assert created.headers["location"] == f"{PROFILES}/{profile_id}/{part}/{entry_id}"
    assert read.json() == created.json()
    assert changed.json() == created.json() | change
    assert listed.json()["items"] == [changed.json()]
    assert removed.status_code == 204
    assert (await client.get(f"{path}/{entry_id}", headers=amira.headers)).json()["code"] == "entry-not-found"
    assert (await _profile(client, amira))[part.replace("-", "_")] == []


async def test_an_allergy_says_all_that_is_known_of_it(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, **EMPTY)
    said = {
        "kind": "allergy", "severity": "severe", "reactions": ["urticaria", "anaphylaxis"],
        "verification": "confirmed", "avoid_traces": False, "threshold_mg": 0.2, "onset_year": 2004,
        "note": "x" * 500,
    }  # fmt: skip

    created = await client.post(ALLERGIES, json={"name": "arachide"} | said, headers=_at(amira, 1))

    body = created.json()
    assert body == {"id": body["id"], "allergen": "peanuts", "name": body["name"]} | said
    assert (await _profile(client, amira))["allergies"] == [body]


@pytest.mark.parametrize(
    ("part", "body", "pointer", "code"),
    [
        ("allergies", {"name": "penut"}, "/name", "unknown-name"),
        ("allergies", {}, "/name", "missing"),
        ("allergies", {"name": "milk", "verification": "certain"}, "/verification", "enum"),
        ("allergies", {"name": "milk", "threshold_mg": 0}, "/threshold_mg", "greater-than-equal"),
        ("allergies", {"name": "milk", "threshold_mg": True}, "/threshold_mg", "float-type"),
        ("allergies", {"name": "milk", "onset_year": 2999}, "/onset_year", "in-future"),
        ("allergies", {"name": "milk", "onset_year": 1899}, "/onset_year", "greater-than-equal"),
        ("allergies", {"name": "milk", "reactions": ["death"]}, "/reactions/0", "enum"),
        ("dietary-restrictions", {"name": "vegan", "strictness": "lax"}, "/strictness", "enum"),
        ("dietary-restrictions", {"name": "vegan", "reason": "fashion"}, "/reason", "enum"),
        ("medical-conditions", {"name": "gout", "since": "2019-13"}, "/since", "date"),
        ("medical-conditions", {"name": "gout", "since": "2019-02-29"}, "/since", "date"),
        ("medical-conditions", {"name": "gout", "since": "2099"}, "/since", "in-future"),
        ("medical-conditions", {"name": "gout", "since": "may"}, "/since", "string-pattern-mismatch"),
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, part: str, body: dict[str, Any], pointer: str, code: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, **EMPTY)

    response = await client.post(f"{PROFILES}/me/{part}", json=body, headers=_at(amira, 1))

    assert response.status_code == 422
    assert [(error["pointer"], error["code"]) for error in response.json()["errors"]] == [(pointer, code)]
    assert (await _profile(client, amira))["version"] == 1


async def test_what_is_recorded_already_is_refused_by_post_and_kept_by_put(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()

    posted = await client.post(ALLERGIES, json={"name": "lait"}, headers=_at(amira, 1))
    body = {"dietary_restrictions": [{"name": "vegetarian", "strictness": "flexible"}, "halal"]}
    put = (await client.put(f"{PROFILES}/me", json=body, headers=_at(amira, 1))).json()

    assert (posted.status_code, posted.json()["code"]) == (409, "entry-exists")
    kept, new = put["dietary_restrictions"]
    assert kept == before["dietary_restrictions"][0] | {"strictness": "flexible"}
    assert new["diet"] == "halal"


async def test_a_list_that_is_full_takes_no_more(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    profile_id = uuid.UUID((await make_profile(client, amira)).json()["id"])
    retired = [f"diet{number}" for number in range(50)]  # more than the catalogue has
    full = {"format": 1, "display_name": None, "no_known_allergies": False} | EMPTY
    full["dietary_restrictions"] = retired
    await _put_sealed(resources, amira.id, profile_id, json.dumps(full).encode())

    response = await client.post(
        f"{PROFILES}/me/dietary-restrictions", json={"name": "vegan"}, headers=_at(amira, 1)
    )

    assert (response.status_code, response.json()["code"]) == (409, "too-many-entries")


async def test_an_allergy_cannot_contradict_that_none_is_known(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, **EMPTY | {"no_known_allergies": True})

    refused = await client.post(ALLERGIES, json={"name": "milk"}, headers=_at(amira, 1))
    refuted = await client.post(
        ALLERGIES, json={"name": "milk", "verification": "refuted"}, headers=_at(amira, 1)
    )
    revived = await client.patch(
        f"{ALLERGIES}/{refuted.json()['id']}", json={"verification": "suspected"}, headers=_at(amira, 2)
    )
    taken_back = await client.patch(
        f"{PROFILES}/me", json={"no_known_allergies": False}, headers=_at(amira, 2)
    )
    accepted = await client.post(ALLERGIES, json={"name": "egg"}, headers=_at(amira, 3))

    for answer in (refused, revived):
        assert answer.status_code == 422
        assert [error["code"] for error in answer.json()["errors"]] == ["contradiction"]
    assert [answer.status_code for answer in (refuted, taken_back, accepted)] == [201, 200, 201]


async def test_after_the_last_allergy_is_gone_nothing_is_answered(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    profile = (await make_profile(client, amira, **EMPTY | {"allergies": [{"name": "milk"}]})).json()

    await client.delete(f"{ALLERGIES}/{profile['allergies'][0]['id']}", headers=_at(amira, 1))
    unanswered = await client.get(ALLERGIES, headers=amira.headers)
    await client.patch(f"{PROFILES}/me", json={"no_known_allergies": True}, headers=_at(amira, 2))
    none_known = await client.get(ALLERGIES, headers=amira.headers)

    assert unanswered.json() == {"no_known_allergies": False, "items": [], "next_cursor": None}
    assert none_known.json() == {"no_known_allergies": True, "items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("verification", "verdict"),
    [
        ("self_reported", "contains"),
        ("suspected", "contains"),
        ("confirmed", "contains"),
        ("refuted", "unknown"),
    ],
)
async def test_a_refuted_allergy_counts_in_no_check(
    client: httpx2.AsyncClient, verification: str, verdict: str
) -> None:
    amira = await make_person(client)
    allergies = [{"name": "milk", "verification": verification}]
    await make_profile(client, amira, **EMPTY | {"allergies": allergies})

    answer = await client.post(
        "/api/v1/screening/check", json={"text": "Ingredients: milk, sugar."}, headers=amira.headers
    )

    assert answer.json()["verdict"] == verdict


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(("if_match", "status"), [(None, 428), ('"7"', 412)])
async def test_a_change_of_an_entry_names_the_version_of_its_profile(
    client: httpx2.AsyncClient, method: str, if_match: str | None, status: int
) -> None:
    amira = await make_person(client)
    entry = (await make_profile(client, amira)).json()["allergies"][0]
    headers = amira.headers | ({"If-Match": if_match} if if_match else {})
    path, body = (ALLERGIES, {"name": "egg"}) if method == "POST" else (f"{ALLERGIES}/{entry['id']}", {})

    response = await client.request(method, path, json=None if method == "DELETE" else body, headers=headers)

    assert response.status_code == status
    assert (await _profile(client, amira))["version"] == 1


async def test_an_entry_is_found_in_its_own_list_alone(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    diet = (await make_profile(client, amira)).json()["dietary_restrictions"][0]["id"]

    for identifier in (diet, uuid.uuid4()):
        response = await client.get(f"{ALLERGIES}/{identifier}", headers=amira.headers)
        assert (response.status_code, response.json()["code"]) == (404, "entry-not-found")


@pytest.mark.parametrize("number", [2, 3])
async def test_a_document_of_an_earlier_format_opens(
    client: httpx2.AsyncClient, resources: Resources, number: int
) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()
    sealed = before | {"format": number}
    for member in ("id", "relationship", "version", "created_at", "updated_at"):
        del sealed[member]
    if number == 2:
        del sealed["birth_year"]
    for member, code in (
        ("allergies", "allergen"),
        ("dietary_restrictions", "diet"),
        ("medical_conditions", "condition"),
    ):
        sealed[member] = [entry | {"code": entry[code]} for entry in before[member]]
        for entry in sealed[member]:
            del entry[code], entry["name"]
    await _put_sealed(resources, amira.id, uuid.UUID(before["id"]), json.dumps(sealed).encode())

    opened = await _profile(client, amira)
    assert opened == before | {"updated_at": opened["updated_at"]}
    told = await client.patch(f"{PROFILES}/me", json={"birth_year": 1990}, headers=_at(amira, 1))
    assert told.json()["birth_year"] == 1990
    assert (await _profile(client, amira))["allergies"] == before["allergies"]


async def test_a_document_of_the_first_format_opens_and_keeps_its_ids(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    profile_id = uuid.UUID((await make_profile(client, amira)).json()["id"])
    allergy_id = uuid.uuid4()
    old = (
        f'{{"format":1,"display_name":"Amira","no_known_allergies":false,"allergies":[{{"id":"{allergy_id}",'
        '"allergen":"milk","kind":"allergy","severity":"severe","reactions":["asthma"],"avoid_traces":true,'
        '"note":null}],"dietary_restrictions":["vegan"],"medical_conditions":["coeliac_disease"]}'
    )
    await _put_sealed(resources, amira.id, profile_id, old.encode())

    first = await _profile(client, amira)
    added = await client.post(ALLERGIES, json={"name": "egg"}, headers=_at(amira, 1))
    after = await _profile(client, amira)

    assert added.status_code == 201
    (milk,) = first["allergies"]
    assert (milk["id"], milk["allergen"], milk["verification"]) == (str(allergy_id), "milk", "self_reported")
    assert [item["diet"] for item in first["dietary_restrictions"]] == ["vegan"]
    assert [item["condition"] for item in first["medical_conditions"]] == ["coeliac_disease"]
    for member in ("dietary_restrictions", "medical_conditions"):
        assert after[member] == first[member]
    assert after["allergies"] == [milk, added.json()]


async def _put_sealed(
    resources: Resources, owner_id: uuid.UUID, profile_id: uuid.UUID, document: bytes
) -> None:
    """Store a document as an earlier release sealed it."""
    async with resources.database.unit() as session:
        owner = await session.get_one(User, owner_id)
        key = resources.keyring.unwrap(owner.data_key, owner=owner_id, purpose=DATA_KEY)
        binding = b"health-profile" + owner_id.bytes + profile_id.bytes + (1).to_bytes(8)
        sealed = seal(key, document, associated=binding)
        await session.execute(
            update(HealthProfile).where(HealthProfile.id == profile_id).values(document=sealed)
        )
