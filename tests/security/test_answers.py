"""What every answer says to browsers and caches, and what no answer says."""

import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import Row, select

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.main import create_app
from backend.models.base import Base
from tests.architecture.test_access import ACCESS, ADMIN, PUBLIC
from tests.exports import ask_for_export, make_exports
from tests.factories import make_person, make_profile, make_settings, url_of

pytestmark = pytest.mark.anyio

STATUSES = [
    pytest.param("GET", "/", 200, id="ok"),
    pytest.param("GET", "/api/v1/catalog/diets", 200, id="public"),
    pytest.param("GET", "/forgot-password", 200, id="page"),
    pytest.param("GET", "/undo-email-change", 200, id="other-page"),
    pytest.param("GET", "/pages/page.js", 200, id="script"),
    pytest.param("GET", "/docs/problems/internal", 200, id="text"),
    pytest.param("GET", "/docs", 200, id="docs"),
    pytest.param("GET", "/assets/swagger-ui.css", 200, id="style"),
    pytest.param("GET", "/api/v1/users/me", 401, id="unauthenticated"),
    pytest.param("GET", "/nothing", 404, id="not-found"),
    pytest.param("DELETE", "/api/v1/auth/login", 405, id="method"),
    pytest.param("POST", "/api/v1/users/", 422, id="invalid"),
]
PARTS = ("allergies", "dietary-restrictions", "medical-conditions")
READS = [path for method, path in ACCESS if method == "GET" and ACCESS[method, path] != PUBLIC]


@pytest.fixture
async def over_tls(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service that people reach by TLS, which a proxy in front ends."""
    public = {"public_url": "https://food.example"}
    behind = create_app(make_settings(settings.data_dir, url_of(settings), mail=public))
    transport = httpx2.ASGITransport(app=behind)
    async with httpx2.AsyncClient(transport=transport, base_url="http://food.example") as client:
        yield client
    await behind.state.resources.database.dispose()


@pytest.mark.parametrize(("method", "path", "status"), STATUSES)
async def test_browsers_are_told_to_come_by_tls_for_a_year_and_more(
    over_tls: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await over_tls.request(method, path)

    assert answer.status_code == status
    found = re.fullmatch(r"max-age=(\d+); includeSubDomains", answer.headers["strict-transport-security"])
    assert found is not None
    assert int(found[1]) >= 31_536_000


@pytest.mark.parametrize(("method", "path", "status"), STATUSES)
async def test_every_status_has_the_headers_that_bind_browsers(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    assert answer.status_code == status
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in policy.get("script-src", "")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "location" not in answer.headers


@pytest.mark.parametrize(("method", "path", "status"), STATUSES)
async def test_the_type_of_an_answer_fits_its_body(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    kind = answer.headers["content-type"]
    if kind.startswith("text/"):
        assert kind.endswith("; charset=utf-8")
        assert answer.content.decode("utf-8")
    else:
        assert kind in {"application/json", "application/problem+json"}
        assert isinstance(answer.json(), dict)
    assert answer.status_code == status


def _entry_of(profile: dict[str, Any], path: str) -> str:
    """Return the id of an entry of the part that a path is about; of the first part for other paths."""
    part = next((part for part in PARTS if f"/{part}" in path), PARTS[0])
    return str(profile[part.replace("-", "_")][0]["id"])


@pytest.mark.parametrize("path", READS)
async def test_no_cache_keeps_what_somebody_signed_in_reads(
    client: httpx2.AsyncClient, resources: Resources, path: str
) -> None:
    amira = await make_person(client)
    profile = (await make_profile(client, amira)).json()
    export = (await ask_for_export(client, amira)).json()
    await make_exports(resources)
    ids = {"user_id": amira.id, "export_id": export["id"], "code": "milk"}
    asked = path.format(profile_id=profile["id"], entry_id=_entry_of(profile, path), version=1, **ids)
    params = {"with": 1} if path.endswith("/diff") else None

    answer = await client.get(asked, params=params, headers=amira.headers)

    assert answer.status_code == (403 if ACCESS["GET", path] == ADMIN else 200)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "origin",
    [
        "null", "https://evil.example", "https://app.example.evil.example", "http://app.example",
        "https://app.example:444", "https://APP.example.evil",
    ],
)  # fmt: skip
async def test_no_other_origin_is_reflected(app: FastAPI, settings: Settings, origin: str) -> None:
    allowing = create_app(
        make_settings(settings.data_dir, url_of(settings), http={"cors_origins": ["https://app.example"]})
    )
    transport = httpx2.ASGITransport(app=allowing)
    asks = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [await client.get("/livez", headers=asks), await client.options("/livez", headers=asks)]
    await allowing.state.resources.database.dispose()

    assert [answer.headers.get("access-control-allow-origin") for answer in answers] == [None, None]


async def test_a_page_elsewhere_may_send_and_read_what_the_api_speaks_of(settings: Settings) -> None:
    app = create_app(
        make_settings(settings.data_dir, url_of(settings), http={"cors_origins": ["https://app.example"]})
    )
    named = set(re.findall(r'"in": "header", "name": "(.+?)"', json.dumps(app.openapi(), sort_keys=True)))
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    asks["Access-Control-Request-Headers"] = ", ".join(sorted({*named, "authorization", "content-type"}))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        asked = await client.options("/api/v1/health/profiles", headers=asks)
        refused = await client.get("/api/v1/users/me", headers={"Origin": "https://app.example"})
    await app.state.resources.database.dispose()

    readable = {name.strip() for name in refused.headers["access-control-expose-headers"].lower().split(",")}
    assert asked.status_code == 200, asked.text
    assert "idempotency-key" in named
    assert {"etag", "location", "request-id", "retry-after", "www-authenticate"} <= readable


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "TRACE "])
async def test_no_other_method_is_answered(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/api/v1/users/me", headers={"X-Echo": "echo-zq"})

    assert answer.status_code in {400, 405, 501}
    assert "echo-zq" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD", "/.git/config", "/.env", "/.svn/entries", "/.hg/", "/.DS_Store", "/pyproject.toml",
        "/backend/main.py", "/data/", "/data/safeplate.db", "/data/keys/master.key", "/keys/signing.json",
        "/assets/", "/assets", "/pages/", "/pages", "/docs/problems/README", "/static/", "/metrics", "/redoc",
        "/server-status", "/actuator", "/debug", "/admin", "/console", "/phpinfo.php", "/wp-login.php",
        "/pages/..%2f..%2fmain.py", "/assets/%2e%2e/%2e%2e/main.py", "/docs/problems/..%2f..%2fSECURITY",
        "/pages/%00", "//etc/passwd", "/pages/%5c%5chost%5cshare", "/pages//etc/passwd",
    ],
)  # fmt: skip
async def test_nothing_is_found_that_was_not_meant_to_be(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(f"http://test{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


async def test_the_documentation_can_be_taken_away(app: FastAPI, settings: Settings) -> None:
    quiet = create_app(make_settings(settings.data_dir, url_of(settings), http={"docs": False}))
    transport = httpx2.ASGITransport(app=quiet)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [await client.get(path) for path in ("/docs", "/assets/swagger-ui-bundle.js")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert not quiet.debug


async def test_no_address_is_asked_to_carry_a_secret(app: FastAPI) -> None:
    parameters = {
        parameter["name"]
        for path, operations in app.openapi()["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in {"query", "path"}
        # The code of an entry of the catalogue is public.
        if parameter["name"] != "code" or "/catalog/" not in path
    }

    assert parameters
    assert [
        name for name in parameters if re.search("token|password|secret|code|key|email|challenge", name)
    ] == []


@pytest.mark.parametrize(
    "target", ["//evil.example", "https:evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_no_parameter_leads_elsewhere(client: httpx2.AsyncClient, target: str) -> None:
    names = ("next", "return_to", "redirect_uri", "url", "continue")

    for path in ("/", "/forgot-password", "/docs", "/api/v1/catalog/diets", "/nothing/"):
        answer = await client.get(path, params=dict.fromkeys(names, target))
        assert answer.status_code < 300 or answer.status_code >= 400
        assert "location" not in answer.headers
        assert "evil.example" not in answer.text


async def _stored(resources: Resources) -> dict[str, list[Row[Any]]]:
    """Return every row but those of the audit, which writes down that a profile was read."""
    async with resources.database.unit() as session:
        return {
            table.name: list(await session.execute(select(table).order_by(*table.primary_key)))
            for table in Base.metadata.sorted_tables
            if not table.name.startswith("audit_")
        }


async def test_reading_changes_nothing(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    profile = (await make_profile(client, amira)).json()
    things = ("session_id", "factor_id", "user_id", "export_id")
    ids = dict.fromkeys(things, uuid.uuid4()) | {"code": "milk"}
    before = await _stored(resources)

    for _, path in ACCESS:
        asked = path.format(profile_id="me", entry_id=_entry_of(profile, path), version=1, **ids)
        for method in ("GET", "HEAD"):
            await client.request(method, asked, headers=amira.headers)

    assert before["users"]
    assert before["health_profiles"]
    assert await _stored(resources) == before
    assert (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 200
    assert len((await client.get("/api/v1/auth/sessions", headers=amira.headers)).json()["items"]) == 1
