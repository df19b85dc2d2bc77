"""What holds for every operation: each of the document is asked."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.api.problems import MEDIA_TYPE
from backend.core.config import Settings
from backend.main import create_app
from tests.factories import Person, make_admin, make_person, make_profile, make_settings, sign_in, url_of

pytestmark = pytest.mark.anyio

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi.json").read_text("utf-8"))
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]
PATHS = sorted(DOCUMENT["paths"])
LIMITED = [
    (method, path, operation)
    for method, path, operation in OPERATIONS
    if any("RateLimit" in response.get("headers", {}) for response in operation["responses"].values())
]
LISTS = [
    (path, operation)
    for method, path, operation in OPERATIONS
    if operation["operationId"].startswith("list_")
]
WITH_BODY = [row for row in OPERATIONS if "requestBody" in row[2]]
all_operations = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)


def _address(path: str, operation: dict[str, Any] | None = None) -> str:
    """Fill a path's places with the examples of the document."""
    operation = operation or next(iter(DOCUMENT["paths"][path].values()))
    examples = {parameter["name"]: parameter["example"] for parameter in operation.get("parameters", ())}
    return re.sub(r"\{(\w+)\}", lambda found: str(examples[found[1]]), path)


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the example of a body, as arguments of the client."""
    content = operation.get("requestBody", {}).get("content", {})
    return {
        ("json" if media_type == "application/json" else "data"): media["example"]
        for media_type, media in content.items()
    }


def _resolve(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


@all_operations
async def test_an_accept_header_that_excludes_us_is_refused(
    client: httpx2.AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    answer = await client.request(method, _address(path, operation), headers={"Accept": "image/png"})

    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    WITH_BODY,
    ids=[operation["operationId"] for _, _, operation in WITH_BODY],
)
async def test_a_body_of_another_type_is_refused(
    client: httpx2.AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    answer = await client.request(
        method, _address(path, operation), content=b"<a/>", headers={"Content-Type": "application/xml"}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")
    assert answer.headers["accept"] in operation["requestBody"]["content"]


@pytest.mark.parametrize("path", PATHS)
async def test_an_address_says_to_which_methods_it_answers(client: httpx2.AsyncClient, path: str) -> None:
    documented = {method.upper() for method in DOCUMENT["paths"][path]}
    expected = documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
    address = _address(path)

    options, wrong = await client.options(address), await client.request("TRACE", address)

    assert (options.status_code, options.content) == (204, b"")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert set(options.headers["allow"].split(", ")) == expected == set(wrong.headers["allow"].split(", "))


@all_operations
async def test_an_answer_is_one_of_the_documented_ones(
    client: httpx2.AsyncClient, resources: Resources, method: str, path: str, operation: dict[str, Any]
) -> None:
    olga = await make_admin(client, resources)
    await make_profile(client, olga)
    examples = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
    headers = {
        name: str(parameter["example"])
        for name, parameter in examples.items()
        if parameter["in"] == "header" and name != "if-none-match"
    }

    answer = await client.request(
        method, _address(path, operation), headers=olga.headers | headers, **_body(operation)
    )

    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, answer.text
    described = _resolve(described)
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.content:
        assert media_type in described["content"]
    if answer.content and media_type in {"application/json", MEDIA_TYPE}:
        schema = described["content"][media_type]["schema"] | {"components": DOCUMENT["components"]}
        jsonschema.validate(answer.json(), schema)
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", answer.headers["request-id"])
    assert "no-store" in answer.headers["cache-control"] or not operation["security"]


async def _places(client: httpx2.AsyncClient, olga: Person) -> dict[str, Any]:
    """Create one of everything, and return what fills the places of paths that lead to it."""
    profile = (await make_profile(client, olga, dietary_restrictions=["vegan"])).json()
    kept = {"display_name": "O.", "no_known_allergies": False}
    second = await client.patch(
        "/api/v1/health/profiles/me", json=kept, headers=olga.headers | {"If-Match": "*"}
    )
    export = await client.post("/api/v1/users/me/export", headers=olga.headers)
    own = {"kind": "allergy", "code": "local.enset", "names": {"en": "Enset"}, "parents": []}
    entry = await client.post("/api/v1/admin/catalog/entries", json=own, headers=olga.headers)
    for made in (second, export, entry):
        made.raise_for_status()
    entries = {
        f"{section}/{{entry_id}}": f"{section}/{profile[member][0]['id']}"
        for section, member in (
            ("allergies", "allergies"),
            ("dietary-restrictions", "dietary_restrictions"),
            ("medical-conditions", "medical_conditions"),
        )
    }
    codes = {"allergens": "milk", "diets": "vegan", "conditions": "coeliac_disease", "regimes": "eu"}
    return (
        entries
        | {f"catalog/{part}/{{code}}": f"catalog/{part}/{code}" for part, code in codes.items()}
        | {"entries/{code}": "entries/local.enset", "{profile_id}": "me"}
        | {"{version}/diff": "2/diff?with=1", "{version}": "2"}
        | {"{export_id}": export.json()["id"], "{user_id}": str(olga.id)}
    )


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        pytest.param(path, operation, id=operation["operationId"])
        for _, path, operation in OPERATIONS
        if "304" in operation["responses"]
    ],
)
async def test_a_read_that_is_still_fresh_has_no_content(
    client: httpx2.AsyncClient, resources: Resources, path: str, operation: dict[str, Any]
) -> None:
    olga = await make_admin(client, resources)
    address = path
    for place, value in (await _places(client, olga)).items():
        address = address.replace(place, value)
    read = (await client.get(address, headers=olga.headers)).raise_for_status()

    again = await client.get(address, headers=olga.headers | {"If-None-Match": read.headers["etag"]})
    head = await client.head(address, headers=olga.headers)

    # An administrator's reading, and one of a profile, is itself something that happened.
    if not operation["operationId"].endswith("activity"):
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == read.headers["etag"]
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "operation"), LISTS, ids=[operation["operationId"] for _, operation in LISTS]
)
async def test_every_list_comes_in_pages(path: str, operation: dict[str, Any]) -> None:
    del path
    schema = _resolve(operation["responses"]["200"]["content"]["application/json"]["schema"])

    assert {"items", "next_cursor"} <= set(schema["required"])
    assert {"limit", "cursor"} <= {parameter["name"] for parameter in operation["parameters"]}


@pytest.mark.parametrize(
    ("method", "path", "operation"), LIMITED, ids=[operation["operationId"] for _, _, operation in LIMITED]
)
async def test_a_limited_operation_says_what_is_left(
    app: FastAPI, settings: Settings, method: str, path: str, operation: dict[str, Any]
) -> None:
    del app  # empties the tables
    limits = dict.fromkeys(("login", "registration", "refresh", "recovery", "guest_check"), "2/minute")
    counting = create_app(
        make_settings(settings.data_dir, url_of(settings), rate_limit={"enabled": True} | limits)
    )
    transport = httpx2.ASGITransport(app=counting)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [
            await client.request(method, _address(path, operation), **_body(operation)) for _ in range(3)
        ]
    await counting.state.resources.database.dispose()

    policies = {answer.headers["ratelimit-policy"] for answer in answers}
    assert len(policies) == 1
    assert re.fullmatch(r'"[a-z_]+";q=2;w=60', policies.pop())
    assert all(re.fullmatch(r'"[a-z_]+";r=\d;t=\d+', answer.headers["ratelimit"]) for answer in answers)
    assert ";r=0;" in answers[2].headers["ratelimit"]
    assert answers[2].status_code == 429
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("language", "said", "title"),
    [
        ("de-AT, en;q=0.5", "de", "Das Zugriffstoken fehlt oder ist nicht gültig"),
        ("fr", "fr", "Le jeton d'accès manque ou n'est pas valide"),
        ("es", "es", "El token de acceso falta o no es válido"),
        ("tlh", "en", "The access token is missing or not valid"),
    ],
)
async def test_a_problem_is_told_in_the_callers_language(
    client: httpx2.AsyncClient, language: str, said: str, title: str
) -> None:
    answer = await client.get("/api/v1/users/me", headers={"Accept-Language": language})

    assert answer.json()["title"] == title
    assert answer.json()["code"] == "invalid-token"
    assert (answer.headers["content-language"], answer.headers["vary"]) == (said, "Accept-Language")


async def test_names_are_told_in_the_language_that_is_asked_for(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    made = await make_profile(client, amira)
    french = amira.headers | {"Accept-Language": "fr"}

    read = await client.get("/api/v1/health/profiles/me", headers=french)
    check = await client.post("/api/v1/screening/check", json={"text": "milk"}, headers=french)

    assert [entry["name"] for entry in read.json()["allergies"]] == ["lait", "arachides"]
    assert check.json()["people"][0]["requirements"][0]["name"] == "lait"
    assert read.headers["content-language"] == check.headers["content-language"] == "fr"
    assert read.headers["etag"] != made.headers["etag"]
    changed = await client.patch(
        "/api/v1/health/profiles/me",
        json={"display_name": "A."},
        headers=french | {"If-Match": read.headers["etag"]},
    )
    assert changed.status_code == 200


async def test_an_account_changes_from_the_state_that_was_read_alone(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    tag = (await client.get("/api/v1/users/me", headers=amira.headers)).headers["etag"]
    conditional = amira.headers | {"If-Match": tag}

    first = await client.patch("/api/v1/users/me", json={"locale": "de"}, headers=conditional)
    second = await client.patch("/api/v1/users/me", json={"locale": "fr"}, headers=conditional)

    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["etag"] != tag
    assert (await sign_in(client, "amira")).status_code == 200
