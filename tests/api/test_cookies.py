"""The refresh token as a cookie: no script reads it, no other site uses it, and it is no token for a body."""

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.factories import PASSWORD, make_settings, register, url_of

pytestmark = pytest.mark.anyio

NAME = "__Host-safeplate-refresh"
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://test"}


async def _sign_in(client: httpx2.AsyncClient, headers: dict[str, str] = OURS) -> httpx2.Response:
    form = {"username": "amira", "password": PASSWORD, "refresh_token_in": "cookie"}
    return await client.post("/api/v1/auth/login", data=form, headers=headers)


def _token(response: httpx2.Response) -> str:
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2]


async def _refresh(client: httpx2.AsyncClient, token: str, headers: dict[str, str] = OURS) -> httpx2.Response:
    # Set by hand: a client on plain HTTP would keep a Secure cookie to itself.
    return await client.post("/api/v1/auth/refresh", headers=headers | {"Cookie": f"{NAME}={token}"})


async def test_a_browser_gets_its_refresh_token_where_no_script_reads_it(client: httpx2.AsyncClient) -> None:
    await register(client)

    response = await _sign_in(client)

    assert response.status_code == 200
    assert response.json()["refresh_token"] is None
    name, *attributes = response.headers["set-cookie"].split("; ")
    assert name.startswith(f"{NAME}=")
    assert set(attributes) == {"HttpOnly", "Secure", "Path=/", "SameSite=strict", "Max-Age=2592000"}


async def test_the_cookie_is_exchanged_and_replaced(client: httpx2.AsyncClient) -> None:
    await register(client)
    first = _token(await _sign_in(client))

    response = await _refresh(client, first)

    assert response.status_code == 200
    assert response.json()["refresh_token"] is None
    assert _token(response) != first
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
    assert (await client.get("/api/v1/users/me", headers=headers)).status_code == 200


async def test_signing_out_has_the_browser_forget(client: httpx2.AsyncClient) -> None:
    await register(client)
    signed_in = await _sign_in(client)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

    response = await client.post("/api/v1/auth/logout", headers=headers)

    assert response.headers["set-cookie"].startswith(f'{NAME}=""; ')
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert response.headers["clear-site-data"] == '"cache", "storage"'
    assert (await _refresh(client, _token(signed_in))).status_code == 400


FOREIGN = [
    pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, id="cross-site"),
    pytest.param({"Sec-Fetch-Site": "same-site", "Origin": "http://evil.test"}, id="same-site"),
    pytest.param({"Sec-Fetch-Site": "none"}, id="no-page-at-all"),
    pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "http://test"}, id="contradicting"),
    pytest.param({"Origin": "https://evil.example"}, id="older-browser"),
    pytest.param({"Origin": "null"}, id="sandboxed"),
    pytest.param({"Origin": "http://test.evil.example"}, id="longer-host"),
    pytest.param({}, id="says-nothing"),
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_page_of_another_site_cannot_use_the_cookie(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    await register(client)
    token = _token(await _sign_in(client))

    used, asked = await _refresh(client, token, headers), await _sign_in(client, headers)

    assert (used.status_code, used.json()["code"]) == (403, "cross-site")
    assert (asked.status_code, asked.json()["code"]) == (403, "cross-site")
    assert (await _refresh(client, token)).status_code == 200


async def test_a_browser_that_sends_no_fetch_metadata_is_told_by_its_origin(
    client: httpx2.AsyncClient,
) -> None:
    await register(client)
    token = _token(await _sign_in(client))

    assert (await _refresh(client, token, {"Origin": "http://test"})).status_code == 200


async def test_a_listed_origin_may_use_the_cookie(app: FastAPI, settings: Settings) -> None:
    listed = create_app(
        make_settings(settings.data_dir, url_of(settings), http={"cors_origins": ["https://app.example"]})
    )
    transport = httpx2.ASGITransport(app=listed)
    async with (
        listed.router.lifespan_context(listed),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await register(client)
        response = await _sign_in(client, {"Sec-Fetch-Site": "same-site", "Origin": "https://app.example"})

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert response.headers["access-control-allow-credentials"] == "true"


async def test_a_token_of_the_cookie_is_none_for_a_body_and_the_other_way_round(
    client: httpx2.AsyncClient,
) -> None:
    await register(client)
    in_cookie = _token(await _sign_in(client))
    form = {"username": "amira", "password": PASSWORD}
    in_body = (await client.post("/api/v1/auth/login", data=form)).json()["refresh_token"]

    crossed = [
        await client.post("/api/v1/auth/refresh", json={"refresh_token": in_cookie}),
        await _refresh(client, in_body),
    ]

    assert [answer.status_code for answer in crossed] == [400, 400]
    assert (await _refresh(client, in_cookie)).status_code == 200
    assert (await client.post("/api/v1/auth/refresh", json={"refresh_token": in_body})).status_code == 200


@pytest.mark.parametrize("headers", [pytest.param(OURS, id="a-page-of-ours"), pytest.param({}, id="no-page")])
async def test_no_cookie_and_no_token_is_an_invalid_grant(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.post("/api/v1/auth/refresh", headers=headers)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_token_is_good_for_the_client_that_got_it_alone(client: httpx2.AsyncClient) -> None:
    await register(client)
    form = {"username": "amira", "password": PASSWORD, "client_id": "kitchen-app"}
    token = (await client.post("/api/v1/auth/login", data=form)).json()["refresh_token"]

    answers = [
        await client.post("/api/v1/auth/refresh", json={"refresh_token": token} | client_id)
        for client_id in ({}, {"client_id": "another"}, {"client_id": "kitchen-app"})
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 200]


@pytest.mark.parametrize("client_id", ["a b", "x" * 65, "<script>", "\u00e9", "a\nb"])
async def test_what_is_no_client_id_is_refused(client: httpx2.AsyncClient, client_id: str) -> None:
    form = {"username": "amira", "password": PASSWORD, "client_id": client_id}

    assert (await client.post("/api/v1/auth/login", data=form)).status_code == 422
