"""What the service leans on is gone: nobody gets in by that."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.core.database import Database
from backend.main import create_app
from tests.architecture.test_access import ACCESS, PUBLIC
from tests.factories import PASSWORD, make_person, make_settings, register, sign_in, url_of

pytestmark = pytest.mark.anyio


async def _client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    resources: Resources = app.state.resources
    await resources.limits.close()
    await resources.database.dispose()


@pytest.fixture
async def without_database(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service with the same keys whose database does not answer."""
    lost = make_settings(settings.data_dir, "postgresql://nobody@127.0.0.1:1/none")
    async for client in _client(create_app(lost)):
        yield client


@pytest.fixture
async def without_counter(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service whose counter of rate limits does not answer."""
    redis = {"redis": {"url": "redis://127.0.0.1:1/0"}, "rate_limit": {"enabled": True}}
    async for client in _client(create_app(make_settings(settings.data_dir, url_of(settings), **redis))):
        yield client


async def test_a_valid_token_opens_nothing_while_sessions_cannot_be_asked(
    client: httpx2.AsyncClient, without_database: httpx2.AsyncClient
) -> None:
    amira = await make_person(client)
    things = ("profile_id", "entry_id", "session_id", "factor_id", "user_id", "export_id")
    ids = dict.fromkeys(things, str(amira.id)) | {"version": "1", "code": "milk"}

    for method, path in [key for key, access in ACCESS.items() if access != PUBLIC]:
        headers = amira.headers | {"If-Match": "*"}
        answer = await without_database.request(method, path.format(**ids), headers=headers)

        assert answer.status_code == 503, (method, path)
        assert answer.json()["code"] == "unavailable"
        assert answer.json()["detail"] is None
        assert int(answer.headers["retry-after"]) >= 1


async def test_no_guess_goes_uncounted(
    client: httpx2.AsyncClient, without_counter: httpx2.AsyncClient
) -> None:
    amira = await make_person(client)

    answers = [
        await sign_in(without_counter, "amira"),
        await register(without_counter, "boris"),
        await without_counter.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token}),
        await without_counter.post("/api/v1/auth/password/forgot", json={"email": amira.email}),
    ]

    assert [answer.status_code for answer in answers] == [503] * 4
    assert all("access_token" not in answer.text for answer in answers)
    checked = await without_counter.post(
        "/api/v1/screening/guest", json={"text": "milk", "requirements": {"allergies": ["milk"]}}
    )
    assert checked.status_code == 200  # nobody's data: counted by this process alone meanwhile
    who_is_in = await without_counter.get("/api/v1/users/me", headers=amira.headers)
    assert who_is_in.status_code == 200


async def test_a_fault_in_the_check_of_a_session_lets_nobody_in(
    client: httpx2.AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    amira = await make_person(client)
    broken = create_app(make_settings(settings.data_dir, url_of(settings)))
    # What reads the session has lost its table: a fault that nobody foresaw.
    elsewhere = make_settings(tmp_path)
    parts: Resources = broken.state.resources
    whole = parts.database  # which the catalogue is still read from
    object.__setattr__(parts, "database", Database(elsewhere))
    transport = httpx2.ASGITransport(app=broken)

    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        answer = await opened.get("/api/v1/users/me", headers=amira.headers)

    await whole.dispose()
    await parts.database.dispose()
    assert answer.status_code in {500, 503}
    assert amira.username not in answer.text
    assert "no such table" not in answer.text
    assert "Traceback" not in answer.text


async def test_registration_does_not_need_the_mail_server(client: httpx2.AsyncClient) -> None:
    """The letter is written down with the account, and goes when the server is back."""
    assert (await register(client, password=PASSWORD)).status_code == 201
