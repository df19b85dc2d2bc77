"""Bad input: a problem document with the right status, nothing stored, nothing echoed, never a 500."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.types import Message

from backend.core.config import Settings
from backend.main import create_app
from tests.factories import make_person, make_settings

pytestmark = pytest.mark.anyio

USERS, PROFILES = "/api/v1/users/", "/api/v1/health/profiles"
RESET = "/api/v1/auth/password/reset"
JSON = {"Content-Type": "application/json"}
DEEP = b'{"allergies":' + b"[" * 5_000 + b"]" * 5_000 + b"}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 422, id="empty"),
        pytest.param(b"{", 400, id="cut"),
        pytest.param(b"null", 422, id="null"),
        pytest.param(b"[]", 422, id="list"),
        pytest.param(b'"text"', 422, id="text"),
        pytest.param(b"\xff\xfe\x00", 400, id="not-utf-8"),
        pytest.param('{"display_name": "é"}'.encode("latin-1"), 400, id="latin-1"),
        pytest.param(b'{"display_name": NaN}', 400, id="nan"),
        pytest.param(b'{"display_name": Infinity}', 400, id="infinity"),
        pytest.param(b'{"no_known_allergies": 1e999}', 422, id="overflowing-number"),
        pytest.param(b'{"display_name": ' + b"9" * 5_000 + b"}", 400, id="huge-integer"),
        pytest.param(b'{"display_name": 99999999999999999999}', 422, id="large-integer"),
        pytest.param(b'{"display_name": "a", "display_name": "b"}', 400, id="duplicate-member"),
        pytest.param(b'{"display_name": "\\ud800"}', 422, id="lone-surrogate"),
        pytest.param(b'{"display_name": "\\u0000"}', 422, id="nul"),
        pytest.param(b'{"\\ud800": 1}', 422, id="lone-surrogate-in-name"),
        pytest.param(b'{"secretmember": 1}', 422, id="extra-member"),
        pytest.param(b'{"allergies": {"name": "milk"}}', 422, id="wrong-type"),
        pytest.param(b'{"allergies": [{"name": ["milk"]}]}', 422, id="wrong-inner-type"),
        pytest.param(DEEP, 400, id="deep"),
    ],
)
async def test_a_bad_body_is_refused_and_nothing_is_stored(
    client: httpx2.AsyncClient, body: bytes, status: int
) -> None:
    amira = await make_person(client)

    response = await client.post(PROFILES, content=body, headers=amira.headers | JSON)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert "secretmember" not in response.text
    assert (await client.get(PROFILES, headers=amira.headers)).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (USERS, rb'{"email": "a@example.com", "username": "amira", "password": "\ud800"}'),
        (RESET, rb'{"token": "\ud800", "new_password": "Mulberry-Tree-7"}'),
        (RESET, rb'{"email": "a@example.com", "code": "\ud80012345", "new_password": "Mulberry-Tree-7"}'),
        (RESET, rb'{"token": "abc", "new_password": "\ud800"}'),
    ],
)
async def test_a_secret_that_is_no_unicode_is_refused(
    client: httpx2.AsyncClient, path: str, body: bytes
) -> None:
    response = await client.post(path, content=body, headers=JSON)

    assert response.status_code == 422
    assert [error["code"] for error in response.json()["errors"]] == ["string-unicode"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""]
)
async def test_a_body_of_another_type_is_refused(client: httpx2.AsyncClient, content_type: str) -> None:
    response = await client.post(
        USERS, content=b'{"email": "a@example.com"}', headers={"Content-Type": content_type}
    )

    assert (response.status_code, response.json()["code"]) == (415, "media-type-unsupported")
    assert response.headers["accept"] == "application/json"


async def test_a_validation_problem_never_echoes_what_was_sent(client: httpx2.AsyncClient) -> None:
    body = {"email": "not-an-address-zq", "username": "!zq", "password": ["zq"], "diagnosis-zq": "hiv-zq"}

    answers = [
        await client.post(USERS, json=body),
        await client.get("/api/v1/catalog/allergens?diabetes/zq=1"),
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert "zq" not in answer.text
        assert "diabetes" not in answer.text


@pytest.mark.parametrize("identifier", ["1", "ME", "null", "%00", "..%2f..", "a" * 300, "\u2603"])
async def test_a_bad_identifier_is_refused(client: httpx2.AsyncClient, identifier: str) -> None:
    amira = await make_person(client)

    response = await client.get(f"{PROFILES}/{identifier}", headers=amira.headers)

    assert response.status_code in {404, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=0", "limit=201", "limit=9" + "9" * 30, "limit=x", "cursor=x"]
)
async def test_a_page_has_bounds(client: httpx2.AsyncClient, query: str) -> None:
    amira = await make_person(client)

    response = await client.get(f"{PROFILES}?{query}", headers=amira.headers)

    assert response.status_code == 422


@pytest.mark.parametrize("declared", [pytest.param(True, id="declared"), pytest.param(False, id="streamed")])
async def test_a_body_over_the_limit_is_refused(client: httpx2.AsyncClient, *, declared: bool) -> None:
    body = json.dumps({"email": "a" * 1_100_000}).encode()

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    response = await client.post(USERS, content=body if declared else stream(), headers=JSON)

    assert response.status_code == 413
    assert response.json()["code"] == "too-large"


async def test_a_body_that_does_not_arrive_is_given_up(settings: Settings) -> None:
    slow = make_settings(settings.data_dir, http={"body_timeout": "PT0.05S"})
    app = create_app(slow)
    sent: list[Message] = []

    async def receive() -> Message:
        if sent:
            return {"type": "http.disconnect"}
        await asyncio.sleep(5)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": USERS, "raw_path": USERS.encode(), "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"test")], "scheme": "http",
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("test", 80), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)

    assert sent[0]["status"] == 408


async def test_too_many_headers_are_refused(client: httpx2.AsyncClient) -> None:
    response = await client.get("/livez", headers={f"x-{number}": "1" for number in range(120)})

    assert response.status_code == 431


@pytest.mark.parametrize(
    ("host", "status"), [("food.example", 200), ("food.example:8000", 200), ("evil", 421)]
)
async def test_a_host_that_is_not_ours_is_refused(settings: Settings, host: str, status: int) -> None:
    app = create_app(make_settings(settings.data_dir, http={"allowed_hosts": ["food.example"]}))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/livez", headers={"Host": host})

    assert response.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing/", 404),
        ("DELETE", "/api/v1/auth/login", 405),
        ("GET", "//", 404),
    ],
)
async def test_unknown_paths_and_methods_get_problem_documents(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await client.request(method, f"http://test{path}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
