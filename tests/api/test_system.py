"""The service itself, through the API."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.main import create_app
from backend.models.audit import AuditEvent
from backend.services import system
from backend.services.catalog import CatalogFaultError
from tests.factories import PASSWORD, make_person, make_profile, make_settings, url_of

pytestmark = pytest.mark.anyio


async def test_a_running_service_is_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_an_empty_database_is_alive_and_not_ready(data_dir: Path) -> None:
    app = create_app(make_settings(data_dir))
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        alive, ready = await client.get("/livez"), await client.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["code"] == "not-ready"
    assert "retry-after" in ready.headers


async def test_a_service_is_ready_once_its_lists_are_read() -> None:
    loading: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    asked = asyncio.create_task(system.require_lists(loading))
    await asyncio.sleep(0)
    waits = not asked.done()

    loading.set_result(None)

    await asked
    assert waits


async def test_a_service_whose_lists_are_faulty_is_not_ready() -> None:
    loading: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    loading.set_exception(CatalogFaultError("a place"))

    with pytest.raises(system.NotReadyError) as raised:
        await system.require_lists(loading)

    assert "a place" not in str(raised.value.detail)


async def test_a_database_that_cannot_be_reached_is_503_and_not_500(settings: Settings) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    app = create_app(make_settings(settings.data_dir, url))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        ready = await client.get("/readyz")
        login = await client.post("/api/v1/auth/login", data={"username": "amira", "password": PASSWORD})

    assert (ready.status_code, login.status_code) == (503, 503)
    assert login.headers["retry-after"] == "1"
    await app.state.resources.database.dispose()


async def test_every_answer_has_security_headers_and_a_request_id(client: httpx2.AsyncClient) -> None:
    for path in ("/", "/api/v1/users/me", "/nothing", "/docs"):
        response = await client.get(path)

        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["request-id"])
        assert response.headers["cache-control"] == "no-store"
        assert "server" not in response.headers


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("order-12345678", True), ("a", False), ("a b\tc-12345678", False), ("x" * 65, False)],
)
async def test_a_callers_request_id_is_kept_where_it_is_harmless(
    client: httpx2.AsyncClient, given: str, *, is_kept: bool
) -> None:
    response = await client.get("/livez", headers={"Request-Id": given})

    assert (response.headers["request-id"] == given) is is_kept


async def test_cors_is_off_unless_it_is_set(client: httpx2.AsyncClient, settings: Settings) -> None:
    origin = {"Origin": "https://app.example"}
    app = create_app(make_settings(settings.data_dir, http={"cors_origins": ["https://app.example"]}))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        allowed = await opened.get("/livez", headers=origin)
        other = await opened.get("/livez", headers={"Origin": "https://evil.example"})

    refused = await client.get("/livez", headers=origin)

    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in refused.headers


async def test_the_openapi_document_offers_the_password_form(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    flow = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
    assert flow["tokenUrl"] == "/api/v1/auth/login"


@pytest.fixture
async def logged(
    app: FastAPI, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of an application on the same database that logs everything to what capsys reads."""
    chatty = create_app(make_settings(settings.data_dir, url_of(settings), log={"level": "debug"}))
    transport = httpx2.ASGITransport(app=chatty)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await chatty.state.resources.database.dispose()
    logging.getLogger().handlers[:] = []


async def test_an_unforeseen_error_tells_the_caller_nothing_and_the_log_where(
    logged: httpx2.AsyncClient, resources: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(logged)
    async with resources.database.unit() as session:
        await session.execute(update(AuditEvent).values(details="spoilt"))

    response = await logged.get("/api/v1/users/me/activity", headers=amira.headers)

    assert response.status_code == 500
    assert response.json() == {
        "type": "/docs/problems/internal",
        "title": "Something went wrong on our side",
        "status": 500,
        "code": "internal",
        "detail": None,
        "request_id": response.headers["request-id"],
    }
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (failure,) = [line for line in lines if line["event"] == "request_failed"]
    assert failure["exception"] == "json.decoder.JSONDecodeError"
    assert any("audit/activity.py" in frame for frame in failure["frames"])
    assert failure["request_id"] == response.headers["request-id"]


async def test_no_log_line_holds_an_address_a_token_or_a_health_word(
    logged: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(logged)
    await make_profile(logged, amira)
    await logged.post(
        "/api/v1/screening/check", json={"text": "Ingredients: milk, peanuts"}, headers=amira.headers
    )
    await logged.get("/api/v1/catalog/allergens?q=peanut")
    await logged.post("/api/v1/users", json={"email": "amira@example.com", "password": "x"})

    output = capsys.readouterr().err

    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["route"] for line in lines if line["event"] == "request"} >= {
        "/api/v1/health/profiles",
        "/api/v1/screening/check",
    }
    words = ("amira", "example.com", PASSWORD, amira.access_token, amira.refresh_token, "milk", "peanut")
    assert [word for word in words if word in output] == []
