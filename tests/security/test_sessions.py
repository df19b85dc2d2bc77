"""Sessions are made by signing in, and by nothing else."""

import json

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.keys import Keyring
from backend.utils.security import from_base64url, new_key, new_link_token
from tests.factories import PASSWORD, erase, make_person, register, sign_in

pytestmark = pytest.mark.anyio

LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/users/me"
COOKIE = "__Host-safeplate-refresh"
OWN = {"Sec-Fetch-Site": "same-origin"}


async def test_a_cookie_from_before_the_sign_in_is_not_taken_over(client: httpx2.AsyncClient) -> None:
    await register(client)
    chosen = {"Cookie": f"{COOKIE}=chosen-by-somebody-else"}
    form = {"username": "amira", "password": PASSWORD, "refresh_token_in": "cookie"}

    signed_in = await client.post(LOGIN, data=form, headers=OWN | chosen)

    given = signed_in.cookies[COOKIE]
    assert given != "chosen-by-somebody-else"
    refused = await client.post(REFRESH, headers=OWN | chosen)
    taken = await client.post(REFRESH, headers=OWN | {"Cookie": f"{COOKIE}={given}"})
    assert (refused.status_code, taken.status_code) == (400, 200)


async def test_each_sign_in_is_a_session_of_its_own(client: httpx2.AsyncClient) -> None:
    await register(client)

    answers = [(await sign_in(client, "amira")).json() for _ in range(20)]

    assert len({answer["refresh_token"] for answer in answers}) == 20
    assert len({answer["access_token"] for answer in answers}) == 20


async def test_a_token_of_a_deleted_account_is_none_of_its_successor(client: httpx2.AsyncClient) -> None:
    before = await make_person(client)
    await erase(client, before)

    after = await make_person(client)

    assert (after.email, after.username) == (before.email, before.username)
    assert (await client.get(ME, headers=before.headers)).status_code == 401
    stale = await client.post(REFRESH, json={"refresh_token": before.refresh_token})
    assert stale.status_code == 400


async def test_nothing_but_a_sign_in_opens_a_session(client: httpx2.AsyncClient, app: FastAPI) -> None:
    """No operation but these hands out tokens."""
    document = app.openapi()
    giving = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if "TokenResponse" in str(operation["responses"].get("200", {}))
    }

    assert giving == {
        LOGIN, REFRESH, "/api/v1/auth/mfa/totp", "/api/v1/auth/mfa/passkey", "/api/v1/auth/mfa/recovery",
        "/api/v1/auth/passkey/login",
    }  # fmt: skip


async def test_an_access_token_names_its_audience_and_nothing_personal(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    payload = json.loads(from_base64url(amira.access_token.split(".")[1]))

    assert payload["aud"] == "safeplate"
    assert payload["sub"] == str(amira.id)
    assert set(payload) == {
        "iss",
        "aud",
        "sub",
        "sid",
        "jti",
        "iat",
        "exp",
        "client_id",
        "scope",
        "amr",
        "auth_time",
    }
    assert [word for word in ("amira", "example.com") if word in json.dumps(payload)] == []


def test_what_is_drawn_at_random_is_long_and_never_the_same() -> None:
    tokens, keys = {new_link_token() for _ in range(10_000)}, {new_key() for _ in range(10_000)}

    assert (len(tokens), len(keys)) == (10_000, 10_000)
    assert {len(token) for token in tokens} == {43}  # 256 bits
    assert {len(key) for key in keys} == {32}
    used = [sum(token[:42].count(letter) for token in tokens) for letter in "Aaz09_-"]
    expected = 10_000 * 42 / 64
    assert all(0.9 * expected < count < 1.1 * expected for count in used)


async def test_keys_are_shown_nowhere(client: httpx2.AsyncClient, app: FastAPI) -> None:
    keyring: Keyring = app.state.resources.keyring

    document = (await client.get("/.well-known/jwks.json")).json()

    assert {"d", "p", "q", "k"} & {name for key in document["keys"] for name in key} == set()
    assert repr(keyring.masters.wrapper.key) not in str(keyring)
