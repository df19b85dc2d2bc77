"""Health profiles, through the API."""

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.models.health import HealthProfile
from tests.factories import make_person, make_profile, profile_body

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"


async def test_a_profile_is_recorded_under_any_approved_name_and_read_back(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)

    created = await client.post(PROFILES, json=profile_body(), headers=amira.headers)
    read = await client.get(f"{PROFILES}/me", headers=amira.headers)

    assert created.status_code == 201
    assert created.headers["etag"] == read.headers["etag"]
    assert created.headers["etag"].startswith('"1-')
    assert created.headers["location"] == f"{PROFILES}/{created.json()['id']}"
    assert created.json() == read.json()
    milk, peanut = created.json()["allergies"]
    assert (milk["allergen"], milk["severity"], milk["note"]) == (
        "milk", "life_threatening", "carries an injector",
    )  # fmt: skip
    assert (peanut["allergen"], peanut["kind"], peanut["avoid_traces"]) == ("peanuts", "allergy", True)
    assert [entry["diet"] for entry in created.json()["dietary_restrictions"]] == ["vegetarian"]
    assert [entry["condition"] for entry in created.json()["medical_conditions"]] == ["coeliac_disease"]
    assert (
        await client.get(f"{PROFILES}/{created.json()['id']}", headers=amira.headers)
    ).json() == read.json()


async def test_names_are_answered_in_the_owners_language(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await client.patch("/api/v1/users/me", json={"locale": "fr"}, headers=amira.headers)

    response = await client.get(f"{PROFILES}/me", headers=amira.headers)

    assert response.json()["allergies"][0]["name"] == "lait"


@pytest.mark.parametrize(
    "name", ["milk", "MILK", "Lait", "  lait  ", "dairy", pytest.param("la\u0308it", id="stray-accent")]
)
async def test_case_accents_and_spaces_of_a_name_do_not_count(client: httpx2.AsyncClient, name: str) -> None:
    amira = await make_person(client)

    response = await make_profile(client, amira, allergies=[{"name": name}])

    assert response.json()["allergies"][0]["allergen"] == "milk"


async def test_a_name_that_is_not_approved_is_refused_with_the_three_nearest(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    body = profile_body(allergies=[{"name": "milk"}, {"name": "penut"}])

    response = await client.post(PROFILES, json=body, headers=amira.headers)

    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/allergies/1/name", "unknown-name")
    assert len(error["suggestions"]) == 3
    assert error["suggestions"][0].lower().startswith("peanut")
    assert "penut" not in response.text
    assert (await client.get(f"{PROFILES}/me", headers=amira.headers)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        pytest.param(
            {"dietary_restrictions": ["veegan"]}, "/dietary_restrictions/0/name", "unknown-name", id="diet"
        ),
        pytest.param(
            {"medical_conditions": ["celiak"]}, "/medical_conditions/0/name", "unknown-name", id="condition"
        ),
        pytest.param(
            {"no_known_allergies": True}, "/no_known_allergies", "contradiction", id="contradiction"
        ),
        pytest.param(
            {"allergies": [{"name": "milk"}, {"name": "lait"}]},
            "/allergies/1/name",
            "duplicate",
            id="duplicate",
        ),
        pytest.param(
            {"allergies": [{"name": "milk", "severity": "fatal"}]},
            "/allergies/0/severity",
            "enum",
            id="severity",
        ),
        pytest.param(
            {"allergies": [{"name": "milk", "note": "x" * 501}]},
            "/allergies/0/note",
            "too-long",
            id="long-note",
        ),
        pytest.param({"allergies": [{"name": "milk"}] * 201}, "/allergies", "too-long", id="too-many"),
        pytest.param({"relationship": "dog"}, "/relationship", "enum", id="relationship"),
        pytest.param({"birth_year": 2999}, "/birth_year", "in-future", id="unborn"),
        pytest.param({"birth_year": 1899}, "/birth_year", "greater-than-equal", id="dead"),
        pytest.param({"birth_year": "2019"}, "/birth_year", "int-type", id="year-as-text"),
        pytest.param({"display_name": "a\u0000b"}, "/display_name", "control-characters", id="nul"),
    ],
)
async def test_a_profile_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, changes: dict[str, Any], pointer: str, code: str
) -> None:
    amira = await make_person(client)

    response = await client.post(PROFILES, json=profile_body(**changes), headers=amira.headers)

    assert response.status_code == 422
    assert [(error["pointer"], error["code"]) for error in response.json()["errors"]] == [(pointer, code)]


async def test_replacing_keeps_the_identity_of_an_allergy_and_counts_the_version(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()
    body = profile_body(allergies=[{"name": "sesame"}, {"name": "lait", "severity": "mild"}])

    response = await client.put(f"{PROFILES}/me", json=body, headers=amira.headers | {"If-Match": '"1"'})

    assert response.status_code == 200
    assert response.headers["etag"].startswith('"2-')
    sesame, milk = response.json()["allergies"]
    assert (sesame["allergen"], milk["allergen"], milk["severity"]) == ("sesame", "milk", "mild")
    assert milk["id"] == before["allergies"][0]["id"]
    assert (await client.get(f"{PROFILES}/me", headers=amira.headers)).json() == response.json()


async def test_a_tag_of_a_deleted_profile_changes_none_that_took_its_place(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    seen = await make_profile(client, amira)
    await client.delete(f"{PROFILES}/me", headers=amira.headers | {"If-Match": "*"})
    again = await make_profile(client, amira)

    headers = amira.headers | {"If-Match": seen.headers["etag"]}
    late = await client.put(f"{PROFILES}/me", json=profile_body(), headers=headers)

    assert seen.json()["version"] == again.json()["version"] == 1
    assert (late.status_code, late.json()["code"]) == (412, "version-stale")
    assert (await client.get(f"{PROFILES}/me", headers=amira.headers)).json() == again.json()


async def test_patching_changes_what_is_sent_and_nothing_else(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    before = (await make_profile(client, amira)).json()

    response = await client.patch(
        f"{PROFILES}/me",
        json={"dietary_restrictions": ["vegan", "halal"], "display_name": None},
        headers=amira.headers | {"If-Match": '"1"'},
    )

    after = response.json()
    assert [entry["diet"] for entry in after["dietary_restrictions"]] == ["vegan", "halal"]
    assert after["display_name"] is None
    assert after["allergies"] == before["allergies"]
    assert after["medical_conditions"] == before["medical_conditions"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        pytest.param(None, 428, "version-missing", id="missing"),
        pytest.param('"7"', 412, "version-stale", id="stale"),
        pytest.param('W/"1"', 412, "version-stale", id="weak"),
        pytest.param("1", 412, "version-stale", id="unquoted"),
        pytest.param('"nonsense"', 412, "version-stale", id="nonsense"),
        pytest.param('"' + "9" * 400 + '"', 412, "version-stale", id="huge"),
    ],
)
async def test_a_change_must_name_the_version_that_it_starts_from(
    client: httpx2.AsyncClient, method: str, if_match: str | None, status: int, code: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    headers = amira.headers | ({"If-Match": if_match} if if_match else {})
    body = None if method == "DELETE" else {"display_name": "Eve"}

    response = await client.request(method, f"{PROFILES}/me", json=body, headers=headers)

    assert response.status_code == status
    assert response.json()["code"] == code
    after = await client.get(f"{PROFILES}/me", headers=amira.headers)
    assert after.json()["display_name"] == "Amira"


@pytest.mark.parametrize("if_match", ["*", '"1"', '"5", "1"'])
async def test_a_profile_is_deleted_from_a_matching_version(
    client: httpx2.AsyncClient, if_match: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    response = await client.delete(f"{PROFILES}/me", headers=amira.headers | {"If-Match": if_match})

    assert response.status_code == 204
    assert (await client.get(f"{PROFILES}/me", headers=amira.headers)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_stranger_cannot_tell_that_a_profile_exists(client: httpx2.AsyncClient, method: str) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    amiras = (await make_profile(client, amira)).json()["id"]
    headers = boris.headers | {"If-Match": "*"}
    body = None if method in {"GET", "DELETE"} else {"display_name": "Boris"}

    answers = [
        await client.request(method, f"{PROFILES}/{identifier}", json=body, headers=headers)
        for identifier in (amiras, uuid.uuid4())
    ]

    bodies = [answer.json() | {"request_id": None} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert bodies[0] == bodies[1]
    assert (await client.get(f"{PROFILES}/me", headers=amira.headers)).json()["version"] == 1


async def test_a_stranger_sees_none_of_ones_profiles_in_a_list(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await make_profile(client, amira)

    response = await client.get(PROFILES, headers=boris.headers)

    assert response.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("attack", ["swapped", "rolled-back", "flipped-bit", "lent-to-another"])
async def test_a_tampered_row_is_never_served(
    client: httpx2.AsyncClient, resources: Resources, attack: str
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    own = uuid.UUID((await make_profile(client, amira)).json()["id"])
    child = uuid.UUID((await make_profile(client, amira, relationship="child")).json()["id"])
    boriss = uuid.UUID((await make_profile(client, boris)).json()["id"])
    async with resources.database.unit() as session:
        rows = await session.execute(select(HealthProfile.id, HealthProfile.document))
        sealed = {row.id: row.document for row in rows}
        flipped = sealed[own][:-1] + bytes([sealed[own][-1] ^ 1])
        changes: dict[str, dict[str, Any]] = {
            "swapped": {"document": sealed[child]},
            "rolled-back": {"version": 2},
            "flipped-bit": {"document": flipped},
            "lent-to-another": {"document": sealed[boriss]},
        }
        await session.execute(update(HealthProfile).where(HealthProfile.id == own).values(**changes[attack]))

    response = await client.get(f"{PROFILES}/{own}", headers=amira.headers)

    assert response.status_code == 500
    assert response.json()["code"] == "seal-broken"
    assert "milk" not in response.text


async def test_the_database_file_holds_no_health_word(client: httpx2.AsyncClient, settings: Settings) -> None:
    if settings.database_url.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL keeps its files to itself: only those of SQLite can be read here")
    amira = await make_person(client)
    await make_profile(client, amira, display_name="Zoroastra")
    path = Path(settings.database_url.database or "")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    words = ["milk", "lait", "peanut", "arachide", "vegetarian", "coeliac", "injector", "Zoroastra"]
    assert b"amira@example.com" in content
    assert [word for word in words if word.encode() in content] == []
