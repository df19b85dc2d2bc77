"""Requests that mean something else to one part than to another, and values that are not ours to take."""

import gzip
import json
from typing import Any

import httpx2
import pytest

from tests.factories import PASSWORD, Person, make_person, make_profile, profile_body, sign_in

pytestmark = pytest.mark.anyio

USERS, ME, LOGIN = "/api/v1/users/", "/api/v1/users/me", "/api/v1/auth/login"
PROFILES = "/api/v1/health/profiles"
NOT_OURS = {
    "id": "0190a5a0-0000-7000-8000-000000000000",
    "role": "admin",
    "is_admin": True,
    "email_verified": True,
    "email_verified_at": "2026-01-01T00:00:00Z",
    "disabled_at": None,
    "password_hash": "x",
    "owner_id": "0190a5a0-0000-7000-8000-000000000000",
    "version": 7,
    "created_at": "2026-01-01T00:00:00Z",
    "__proto__": {"role": "admin"},
    "data_key": "x",
}
SECRET_MEMBERS = ("password_hash", "data_key", "family_key", "digest", "secret", "hash", "seal", "email_key")


@pytest.mark.parametrize("member", NOT_OURS)
async def test_nobody_assigns_what_is_not_theirs(client: httpx2.AsyncClient, member: str) -> None:
    amira = await make_person(client)
    extra = {member: NOT_OURS[member]}
    account = {"email": "boris@example.com", "username": "boris", "password": PASSWORD}

    answers = [
        await client.post(USERS, json=account | extra),
        await client.patch(ME, json=extra, headers=amira.headers),
        await client.post(PROFILES, json=profile_body() | extra, headers=amira.headers),
        await client.post(
            PROFILES, json=profile_body(allergies=[{"name": "milk"} | extra]), headers=amira.headers
        ),
        await client.post(LOGIN, data={"username": "amira", "password": PASSWORD, member: "x"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    me = (await client.get(ME, headers=amira.headers)).json()
    assert (me["role"], me["email_verified"], me["id"]) == ("user", False, str(amira.id))


async def test_no_answer_holds_what_is_stored_of_a_secret(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    for path in (
        ME,
        PROFILES,
        f"{PROFILES}/me",
        f"{ME}/activity",
        "/api/v1/auth/sessions",
        "/api/v1/auth/factors",
    ):
        answer = (await client.get(path, headers=amira.headers)).raise_for_status()
        assert [name for name in SECRET_MEMBERS if f'"{name}"' in answer.text] == []


@pytest.mark.parametrize("value", [True, "true", 1, 1.0, "yes", None, [True], {"a": 1}], ids=repr)
@pytest.mark.parametrize("member", ["no_known_allergies", "display_name"])
async def test_a_value_of_another_type_is_not_converted(
    client: httpx2.AsyncClient, member: str, value: Any
) -> None:
    amira = await make_person(client)

    answer = await client.post(PROFILES, json={member: value}, headers=amira.headers)

    is_right = {"no_known_allergies": value is True, "display_name": value is None or isinstance(value, str)}
    assert answer.status_code == (201 if is_right[member] else 422)


@pytest.mark.parametrize("member", ["threshold_mg", "onset_year"])
@pytest.mark.parametrize("value", ["2001", True, "1e3", [2001], {"a": 1}, 1e300, -1], ids=repr)
async def test_a_number_of_an_entry_is_neither_converted_nor_out_of_range(
    client: httpx2.AsyncClient, member: str, value: Any
) -> None:
    amira = await make_person(client)
    made = await make_profile(client, amira)
    entry = made.json()["allergies"][0]["id"]
    headers = amira.headers | {"If-Match": made.headers["etag"]}
    path = f"{PROFILES}/me/allergies"

    answers = [
        await client.post(path, json={"name": "egg", member: value}, headers=headers),
        await client.patch(f"{path}/{entry}", json={member: value}, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    right = await client.patch(f"{path}/{entry}", json={member: 2001}, headers=headers)
    assert right.status_code == 200


@pytest.mark.parametrize("value", ["true", 1, "1", None, [True]], ids=repr)
async def test_a_nested_value_of_another_type_is_not_converted(
    client: httpx2.AsyncClient, value: Any
) -> None:
    amira = await make_person(client)
    body = profile_body(allergies=[{"name": "milk", "avoid_traces": value}])

    assert (await client.post(PROFILES, json=body, headers=amira.headers)).status_code == 422


@pytest.mark.parametrize(
    "limit", ["2147483648", "9223372036854775808", "1e400", "-1", "0", "1.5", "0x10", "\u0661x"]
)
async def test_a_number_out_of_range_is_refused(client: httpx2.AsyncClient, limit: str) -> None:
    amira = await make_person(client)

    for path in (PROFILES, "/api/v1/auth/sessions", f"{ME}/activity", "/api/v1/catalog/allergens"):
        answer = await client.get(path, params={"limit": limit}, headers=amira.headers)
        assert answer.status_code == 422, path


async def _lengths(client: httpx2.AsyncClient, query: str) -> int:
    answer = await client.get(f"/api/v1/catalog/allergens?{query}")
    return len(answer.raise_for_status().json()["items"])


async def test_of_a_parameter_that_is_given_twice_the_last_counts_and_no_other(
    client: httpx2.AsyncClient,
) -> None:
    assert await _lengths(client, "limit=2&limit=5") == 5
    assert await _lengths(client, "limit=5&limit=2") == 2
    refused = await client.get("/api/v1/catalog/allergens?limit=5&limit=0")
    assert refused.status_code == 422


async def test_a_form_field_that_is_given_twice_opens_nothing_by_its_first(
    client: httpx2.AsyncClient,
) -> None:
    await make_person(client)
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await client.post(LOGIN, content=f"username=amira&password={PASSWORD}&password=no", headers=form)

    assert answer.status_code == 401


async def test_what_belongs_in_the_body_is_not_taken_from_the_address(client: httpx2.AsyncClient) -> None:
    await make_person(client)

    answers = [
        await client.post(f"{LOGIN}?username=amira&password={PASSWORD}"),
        await client.post(f"{USERS}?email=b@example.com&username=boris&password={PASSWORD}", json={}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


async def test_a_body_that_says_it_is_compressed_is_not_unpacked(client: httpx2.AsyncClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = await client.post(USERS, content=bomb, headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "application/soap+xml"])
async def test_xml_is_not_read(client: httpx2.AsyncClient, content_type: str) -> None:
    entity = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'

    answer = await client.post(USERS, content=entity, headers={"Content-Type": content_type})

    assert answer.status_code == 415
    assert "hostname" not in answer.text


async def test_a_long_text_is_refused_in_every_field(client: httpx2.AsyncClient) -> None:
    amira, long = await make_person(client), "a" * 300_000

    answers = [
        await client.post(USERS, json={"email": long, "username": long, "password": long}),
        await client.post(PROFILES, json={"display_name": long}, headers=amira.headers),
        await client.post("/api/v1/screening/check", json={"text": long}, headers=amira.headers),
        await sign_in(client, long, long),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert all(long[:100] not in json.dumps(answer.json()) for answer in answers)


async def _owner_of(client: httpx2.AsyncClient, person: Person) -> int:
    return (await client.get(ME, headers=person.headers)).status_code


async def test_a_header_says_nothing_about_who_acts(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    forged = {
        "X-User-Id": str(amira.id),
        "X-Forwarded-User": "amira",
        "X-Original-URL": "/",
        "Forwarded": "for=::1",
    }

    answer = await client.get(ME, headers=boris.headers | forged | {"X-HTTP-Method-Override": "DELETE"})

    assert answer.json()["username"] == "boris"
    assert await _owner_of(client, boris) == 200
    assert (await client.get(ME, headers=forged)).status_code == 401
