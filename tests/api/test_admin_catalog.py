"""Operators' entries: added, changed and retired while the service runs."""

import asyncio
from typing import Any

import httpx2
import pytest

from backend.api.dependencies import Resources
from tests.factories import Person, make_admin, make_person, make_profile, profile_body

pytestmark = pytest.mark.anyio

API = "/api/v1"
ENTRIES = f"{API}/admin/catalog/entries"
PROFILE = f"{API}/health/profiles/me"
SOURCE = {"publication": "The menu of the house", "authority": "The house", "year": 2026}
FONIO = {
    "kind": "allergy",
    "code": "local.fonio",
    "names": {"en": "fonio", "fr": "fonio"},
    "synonyms": {"en": ["acha", "fonio flour"]},
}
HOUSE = {
    "kind": "diet",
    "code": "local.house",
    "names": {"en": "house diet"},
    "rules": [{"avoid": ["local.fonio", "sesame"], "source": SOURCE}],
}


@pytest.fixture
async def olga(client: httpx2.AsyncClient, resources: Resources) -> Person:
    """Return an administrator."""
    return await make_admin(client, resources)


async def _add(client: httpx2.AsyncClient, olga: Person, entry: dict[str, Any] = FONIO) -> httpx2.Response:
    return (await client.post(ENTRIES, json=entry, headers=olga.headers)).raise_for_status()


async def _retire(client: httpx2.AsyncClient, olga: Person, code: str = "local.fonio") -> None:
    headers = olga.headers | {"If-Match": "*"}
    (await client.patch(f"{ENTRIES}/{code}", json={"retired": True}, headers=headers)).raise_for_status()


async def test_an_entry_is_on_the_list_at_once(client: httpx2.AsyncClient, olga: Person) -> None:
    before = (await client.get(f"{API}/catalog/allergens")).headers["etag"]

    added = await _add(client, olga)
    found = (await client.get(f"{API}/catalog/allergens", params={"q": "Acha"})).json()["items"]
    after = await client.get(f"{API}/catalog/allergens", headers={"If-None-Match": before})

    assert added.status_code == 201
    assert added.headers["etag"] == '"1"'
    assert added.headers["location"] == f"{ENTRIES}/local.fonio"
    assert added.json()["content"]["names"] == FONIO["names"]
    assert added.json()["author_id"] == str(olga.id)
    assert [(item["code"], item["own"], item["retired"]) for item in found[:1]] == [
        ("local.fonio", True, False)
    ]
    assert after.status_code == 200


async def test_a_profile_takes_it_and_a_label_is_read_for_it(
    client: httpx2.AsyncClient, olga: Person
) -> None:
    await _add(client, olga)
    await _add(client, olga, HOUSE)
    amira = await make_person(client)
    profile = await make_profile(
        client,
        amira,
        allergies=[{"name": "FONIO"}],
        dietary_restrictions=["house diet"],
        medical_conditions=[],
    )

    text = "Ingredients: water, sugar, acha. Contains milk."
    answer = await client.post(f"{API}/screening/check", json={"text": text}, headers=amira.headers)

    assert profile.json()["allergies"][0]["allergen"] == "local.fonio"
    (person,) = answer.json()["people"]
    assert person["verdict"] == "contains"
    assert {(item["requirement"]["code"], item["text"]) for item in person["findings"]} == {
        ("local.fonio", "acha"),
        ("local.house", "acha"),
    }
    assert person["reasons"] == []


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        pytest.param("Ingredients: water, sugar, salt.", "no_conflict_found", None, id="english"),
        pytest.param("Zutaten: Wasser, Zucker, Salz.", "unknown", "no word for it", id="german"),
        pytest.param(
            "Zutaten: Wasser, Zucker, fonio.", "contains", "no word for it", id="named-nevertheless"
        ),
        pytest.param("Ingredients: water, fonio flour.", "contains", None, id="longer"),
        pytest.param("Ingredients: water, sugar. May contain fonio.", "may_contain", None, id="trace"),
        pytest.param("Ingredients: water, sugar. Fonio free.", "no_conflict_found", None, id="free-from"),
    ],
)
async def test_silence_in_a_language_without_a_word_for_it_tells_nothing(
    client: httpx2.AsyncClient, olga: Person, text: str, verdict: str, reason: str | None
) -> None:
    await _add(client, olga)
    amira = await make_person(client)
    allergies = [{"name": "fonio", "severity": "life_threatening"}]
    await make_profile(client, amira, allergies=allergies, dietary_restrictions=[], medical_conditions=[])

    answer = await client.post(f"{API}/screening/check", json={"text": text}, headers=amira.headers)

    (person,) = answer.json()["people"]
    assert person["verdict"] == verdict
    assert [reason in told for told in person["reasons"]] == ([True] if reason else [])
    assert [item["verdict"] for item in person["requirements"]] == [verdict]


async def test_a_kind_of_something_shipped_concerns_whoever_avoids_that(
    client: httpx2.AsyncClient, olga: Person
) -> None:
    yak = {"kind": "allergy", "code": "local.yak", "names": {"en": "chhurpi"}, "parents": ["milk"]}
    await _add(client, olga, yak)
    amira = await make_person(client)
    await make_profile(client, amira)

    answer = await client.post(
        f"{API}/screening/check", json={"text": "Ingredients: water, chhurpi."}, headers=amira.headers
    )
    detail = (await client.get(f"{API}/catalog/allergens/local.yak")).json()

    assert ("milk", "local.yak") in {
        (item["requirement"]["code"], item["allergen"]) for item in answer.json()["people"][0]["findings"]
    }
    assert detail["ancestors"] == ["milk"]


async def test_a_retired_entry_stays_in_profiles_and_is_not_recorded_anew(
    client: httpx2.AsyncClient, olga: Person
) -> None:
    await _add(client, olga)
    amira, boris = await make_person(client), await make_person(client, "boris")
    body = profile_body(allergies=[{"name": "fonio"}], dietary_restrictions=[], medical_conditions=[])
    (await client.post(f"{API}/health/profiles", json=body, headers=amira.headers)).raise_for_status()
    await _retire(client, olga)

    refused = await client.post(f"{API}/health/profiles", json=body, headers=boris.headers)
    read = await client.get(PROFILE, headers=amira.headers)
    any_version = amira.headers | {"If-Match": "*"}
    kept = await client.put(PROFILE, json=body | {"display_name": "A."}, headers=any_version)
    changed = await client.patch(PROFILE, json={"dietary_restrictions": ["vegan"]}, headers=any_version)
    text = "Ingredients: fonio."
    answer = await client.post(f"{API}/screening/check", json={"text": text}, headers=amira.headers)
    entry = kept.json()["allergies"][0]["id"]
    await client.delete(f"{PROFILE}/allergies/{entry}", headers=any_version)
    again = await client.post(f"{PROFILE}/allergies", json={"name": "fonio"}, headers=any_version)
    listed = await client.get(f"{API}/catalog/allergens", params={"q": "local.fonio"})
    detail = await client.get(f"{API}/catalog/allergens/local.fonio")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "retired-name")
    assert refused.json()["errors"][0]["pointer"] == "/allergies/0/name"
    assert read.json()["allergies"][0]["name"] == "fonio"
    assert (kept.status_code, changed.status_code) == (200, 200)
    assert changed.json()["allergies"][0]["allergen"] == "local.fonio"
    assert answer.json()["verdict"] == "contains"
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "retired-name")
    assert "local.fonio" not in [item["code"] for item in listed.json()["items"]]
    assert detail.json()["retired"] is True


async def test_a_restored_entry_is_recorded_again(client: httpx2.AsyncClient, olga: Person) -> None:
    await _add(client, olga)
    await _retire(client, olga)
    headers = olga.headers | {"If-Match": '"2"'}

    restored = await client.patch(f"{ENTRIES}/local.fonio", json={"retired": False}, headers=headers)
    amira = await make_person(client)
    profile = await make_profile(client, amira, allergies=[{"name": "fonio"}])

    assert (restored.json()["version"], restored.json()["retired_at"]) == (3, None)
    assert profile.status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        pytest.param({"code": "fonio"}, "/code", "code", id="shipped-like-code"),
        pytest.param({"names": {"en": "Dairy"}}, "/names/en", "name-taken", id="shipped-name"),
        pytest.param({"names": {"fr": "fonio"}}, "", "names", id="no-english"),
        pytest.param({"names": {"en": "x"}}, "/names/en", "too-short", id="one-letter"),
        pytest.param({"names": {"en": "1234"}}, "/names/en", "no-letter", id="digits"),
        pytest.param({"names": {"<b>": "fonio"}}, "/names", "language", id="language"),
        pytest.param({"synonyms": {"en": ["milk"]}}, "/synonyms/en/0", "name-taken", id="synonym"),
        pytest.param({"parents": ["nothing"]}, "", "relation", id="parent"),
        pytest.param({"parents": ["local.fonio"]}, "", "relation", id="own-parent"),
        pytest.param({"found_in": ["nothing"]}, "", "relation", id="found-in"),
        pytest.param({"rules": HOUSE["rules"]}, "/rules", "not-of-this-kind", id="rules-of-an-allergen"),
        pytest.param({"kind": "diet"}, "/rules", "missing", id="diet-without-rules"),
        pytest.param({"names": {"en": "f\x00onio"}}, "/names/en", "control-characters", id="nul"),
        pytest.param({"names": {"en": "f" * 101}}, "/names/en", "too-long", id="long"),
        pytest.param({"colour": "red"}, "", "unknown-member", id="unknown"),
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, olga: Person, changes: dict[str, Any], pointer: str, code: str
) -> None:
    response = await client.post(ENTRIES, json=FONIO | changes, headers=olga.headers)

    assert response.status_code == 422
    assert (pointer, code) in {(item["pointer"], item["code"]) for item in response.json()["errors"]}
    assert (await client.get(ENTRIES, headers=olga.headers)).json()["items"] == []


async def test_an_entry_takes_no_code_and_no_name_of_another(
    client: httpx2.AsyncClient, olga: Person
) -> None:
    await _add(client, olga)

    same = await client.post(
        ENTRIES, json=FONIO | {"names": {"en": "other"}, "synonyms": {}}, headers=olga.headers
    )
    named = await client.post(ENTRIES, json=FONIO | {"code": "local.other"}, headers=olga.headers)

    assert (same.status_code, same.json()["code"]) == (409, "code-taken")
    assert (named.status_code, named.json()["errors"][0]["suggestions"]) == (422, ["local.fonio"])


async def test_of_many_that_take_one_name_at_once_one_gets_it(
    client: httpx2.AsyncClient, olga: Person
) -> None:
    bodies = [FONIO | {"code": f"local.fonio{number}"} for number in range(6)]

    answers = await asyncio.gather(
        *(client.post(ENTRIES, json=body, headers=olga.headers) for body in bodies)
    )

    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]


async def test_a_change_needs_the_version_that_was_read(client: httpx2.AsyncClient, olga: Person) -> None:
    await _add(client, olga)
    url, body = f"{ENTRIES}/local.fonio", {"synonyms": {"en": ["hungry rice"]}}

    missing = await client.patch(url, json=body, headers=olga.headers)
    stale = await client.patch(url, json=body, headers=olga.headers | {"If-Match": '"2"'})
    done = await client.patch(url, json=body, headers=olga.headers | {"If-Match": '"1"'})
    read = await client.get(url, headers=olga.headers)
    gone = await client.get(f"{API}/catalog/allergens", params={"q": "acha"})

    assert [missing.status_code, stale.status_code, done.status_code] == [428, 412, 200]
    assert (done.headers["etag"], read.headers["etag"]) == ('"2"', '"2"')
    assert read.json()["content"]["synonyms"] == body["synonyms"]
    assert "local.fonio" not in [item["code"] for item in gone.json()["items"]]


async def test_shipped_entries_are_not_operators_to_change(client: httpx2.AsyncClient, olga: Person) -> None:
    headers = olga.headers | {"If-Match": "*"}

    read = await client.get(f"{ENTRIES}/milk", headers=headers)
    retired = await client.patch(f"{ENTRIES}/milk", json={"retired": True}, headers=headers)

    assert [(item.status_code, item.json()["code"]) for item in (read, retired)] == [
        (404, "code-unknown")
    ] * 2


async def test_pages_of_entries_follow_each_other(client: httpx2.AsyncClient, olga: Person) -> None:
    for number in range(3):
        await _add(
            client, olga, {"kind": "allergy", "code": f"local.a{number}", "names": {"en": f"thing {number}"}}
        )

    first = (await client.get(f"{ENTRIES}?limit=2", headers=olga.headers)).json()
    second = (
        await client.get(f"{ENTRIES}?limit=2&cursor={first['next_cursor']}", headers=olga.headers)
    ).json()

    assert [item["code"] for item in first["items"] + second["items"]] == ["local.a0", "local.a1", "local.a2"]
    assert second["next_cursor"] is None
