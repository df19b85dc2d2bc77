"""Who may call what: every operation is listed here, and each that is not public is tried by outsiders."""

import uuid

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.main import create_app
from tests.authenticator import Authenticator
from tests.conftest import FakeClock
from tests.exports import ask_for_export
from tests.factories import make_admin, make_person, make_profile
from tests.second_factors import enrol_passkey

pytestmark = pytest.mark.anyio

PUBLIC, USER, OWNER, ADMIN = "public", "user", "owner", "admin"
API = "/api/v1"
PROFILE = f"{API}/health/profiles/{{profile_id}}"
FACTOR = f"{API}/auth/factors/{{factor_id}}"
EXPORT = f"{API}/users/me/export"
ACCOUNT = f"{API}/admin/users/{{user_id}}"
ENTRIES = f"{API}/admin/catalog/entries"
ENTRY = f"{ENTRIES}/{{code}}"

ACCESS = {
    ("GET", "/"): PUBLIC,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("POST", f"{API}/users"): PUBLIC,
    ("GET", f"{API}/users/me"): USER,
    ("PATCH", f"{API}/users/me"): USER,
    ("DELETE", f"{API}/users/me"): USER,
    ("GET", f"{API}/users/me/activity"): USER,
    ("POST", EXPORT): USER,
    ("GET", EXPORT): USER,
    ("GET", f"{EXPORT}/{{export_id}}"): OWNER,
    ("GET", f"{EXPORT}/{{export_id}}/download"): OWNER,
    ("POST", f"{API}/auth/erasure/undo"): PUBLIC,
    ("POST", f"{API}/erasure-receipts/verify"): PUBLIC,
    ("POST", f"{API}/auth/login"): PUBLIC,
    ("POST", f"{API}/auth/refresh"): PUBLIC,
    ("POST", f"{API}/auth/logout"): USER,
    ("POST", f"{API}/auth/logout-all"): USER,
    ("POST", f"{API}/auth/email/resend"): PUBLIC,
    ("POST", f"{API}/auth/email/verify"): PUBLIC,
    ("POST", f"{API}/auth/email/change"): USER,
    ("POST", f"{API}/auth/email/change/confirm"): PUBLIC,
    ("POST", f"{API}/auth/email/change/undo"): PUBLIC,
    ("POST", f"{API}/auth/password/forgot"): PUBLIC,
    ("POST", f"{API}/auth/password/reset"): PUBLIC,
    ("POST", f"{API}/auth/password/change"): USER,
    ("GET", f"{API}/auth/sessions"): USER,
    ("DELETE", f"{API}/auth/sessions/{{session_id}}"): OWNER,
    ("POST", f"{API}/auth/mfa/totp"): PUBLIC,
    ("POST", f"{API}/auth/mfa/passkey"): PUBLIC,
    ("POST", f"{API}/auth/mfa/recovery"): PUBLIC,
    ("POST", f"{API}/auth/passkey/options"): PUBLIC,
    ("POST", f"{API}/auth/passkey/login"): PUBLIC,
    ("GET", f"{API}/auth/factors"): USER,
    ("POST", f"{API}/auth/factors/totp"): USER,
    ("POST", f"{API}/auth/factors/totp/confirm"): USER,
    ("POST", f"{API}/auth/factors/passkeys/options"): USER,
    ("POST", f"{API}/auth/factors/passkeys"): USER,
    ("POST", f"{API}/auth/factors/recovery-codes"): USER,
    ("PATCH", FACTOR): OWNER,
    ("DELETE", FACTOR): OWNER,
    ("POST", f"{API}/health/profiles"): USER,
    ("GET", f"{API}/health/profiles"): USER,
    ("GET", PROFILE): OWNER,
    ("PUT", PROFILE): OWNER,
    ("PATCH", PROFILE): OWNER,
    ("DELETE", PROFILE): OWNER,
    ("GET", f"{PROFILE}/revisions"): OWNER,
    ("GET", f"{PROFILE}/revisions/{{version}}"): OWNER,
    ("GET", f"{PROFILE}/revisions/{{version}}/diff"): OWNER,
    ("POST", f"{PROFILE}/revisions/{{version}}/restore"): OWNER,
    **{
        key: OWNER
        for part in ("allergies", "dietary-restrictions", "medical-conditions")
        for key in (
            ("POST", f"{PROFILE}/{part}"),
            ("GET", f"{PROFILE}/{part}"),
            ("GET", f"{PROFILE}/{part}/{{entry_id}}"),
            ("PATCH", f"{PROFILE}/{part}/{{entry_id}}"),
            ("DELETE", f"{PROFILE}/{part}/{{entry_id}}"),
        )
    },
    ("GET", f"{API}/catalog/allergens"): PUBLIC,
    ("GET", f"{API}/catalog/diets"): PUBLIC,
    ("GET", f"{API}/catalog/conditions"): PUBLIC,
    ("GET", f"{API}/catalog/allergens/{{code}}"): PUBLIC,
    ("GET", f"{API}/catalog/diets/{{code}}"): PUBLIC,
    ("GET", f"{API}/catalog/conditions/{{code}}"): PUBLIC,
    ("GET", f"{API}/catalog/regimes"): PUBLIC,
    ("GET", f"{API}/catalog/regimes/{{code}}"): PUBLIC,
    ("POST", f"{API}/screening/check"): USER,
    ("POST", f"{API}/screening/batch"): USER,
    ("POST", f"{API}/screening/menu"): USER,
    # For people without an account: it has no session, and so reads nobody's data.
    ("POST", f"{API}/screening/guest"): PUBLIC,
    ("GET", f"{API}/admin/users"): ADMIN,
    ("GET", ACCOUNT): ADMIN,
    ("POST", f"{ACCOUNT}/disable"): ADMIN,
    ("POST", f"{ACCOUNT}/enable"): ADMIN,
    ("POST", f"{ACCOUNT}/erase"): ADMIN,
    ("POST", f"{ACCOUNT}/keep"): ADMIN,
    ("PUT", f"{ACCOUNT}/role"): ADMIN,
    ("GET", f"{ACCOUNT}/sessions"): ADMIN,
    ("DELETE", f"{ACCOUNT}/sessions"): ADMIN,
    ("GET", f"{ACCOUNT}/activity"): ADMIN,
    ("GET", ENTRIES): ADMIN,
    ("POST", ENTRIES): ADMIN,
    ("GET", ENTRY): ADMIN,
    ("PATCH", ENTRY): ADMIN,
}
# What a device that was left signed in must not do: it needs a sign-in within the last ten minutes.
RECENT = {
    ("DELETE", f"{API}/users/me"),
    ("POST", EXPORT),
    ("GET", f"{EXPORT}/{{export_id}}/download"),
    ("POST", f"{API}/auth/email/change"),
    ("POST", f"{API}/auth/password/change"),
    ("POST", f"{API}/auth/factors/totp"),
    ("POST", f"{API}/auth/factors/totp/confirm"),
    ("POST", f"{API}/auth/factors/passkeys/options"),
    ("POST", f"{API}/auth/factors/passkeys"),
    ("POST", f"{API}/auth/factors/recovery-codes"),
    ("PATCH", FACTOR),
    ("DELETE", FACTOR),
    ("POST", f"{ACCOUNT}/disable"),
    ("POST", f"{ACCOUNT}/enable"),
    ("POST", f"{ACCOUNT}/erase"),
    ("POST", f"{ACCOUNT}/keep"),
    ("PUT", f"{ACCOUNT}/role"),
    ("DELETE", f"{ACCOUNT}/sessions"),
    ("POST", ENTRIES),
    ("PATCH", ENTRY),
}
IDS = ("session_id", "factor_id", "user_id", "entry_id", "export_id")
CLOSED = [pytest.param(*key, id=" ".join(key)) for key, access in ACCESS.items() if access != PUBLIC]
OWNED = [pytest.param(*key, id=" ".join(key)) for key, access in ACCESS.items() if access == OWNER]
ADMINS = [pytest.param(*key, id=" ".join(key)) for key, access in ACCESS.items() if access == ADMIN]


def _operations(app: FastAPI) -> set[tuple[str, str]]:
    paths = app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


async def test_every_operation_is_listed(settings: Settings) -> None:
    assert _operations(create_app(settings)) == set(ACCESS)


async def test_every_closed_operation_says_so_in_the_document(settings: Settings) -> None:
    paths = create_app(settings).openapi()["paths"]

    declared = {key for key in ACCESS if paths[key[1]][key[0].lower()].get("security")}

    assert declared == {key for key, access in ACCESS.items() if access != PUBLIC}


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_nobody_gets_in_without_a_token(client: httpx2.AsyncClient, method: str, path: str) -> None:
    others = {name: uuid.uuid4() for name in IDS}
    path = path.format(profile_id="me", version=1, code="local.teff", **others)

    response = await client.request(method, path, headers={"If-Match": "*"})

    assert response.status_code == 401


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_an_old_sign_in_is_refused_exactly_where_a_recent_one_is_needed(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock, method: str, path: str
) -> None:
    olga = await make_admin(client, resources)
    others = {name: uuid.uuid4() for name in IDS}
    target = path.format(profile_id="me", version=1, code="local.teff", **others)
    time.advance(minutes=10, seconds=1)

    response = await client.request(method, target, headers=olga.headers)

    needs_recent = response.status_code == 401
    assert needs_recent == ((method, path) in RECENT)
    assert not needs_recent or response.json()["code"] == "insufficient-user-authentication"


@pytest.mark.parametrize(("method", "path"), OWNED)
async def test_a_stranger_finds_nothing(client: httpx2.AsyncClient, method: str, path: str) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    profile = (await make_profile(client, amira)).json()
    profile_id, entry_id = profile["id"], profile["allergies"][0]["id"]
    sessions = (await client.get(f"{API}/auth/sessions", headers=amira.headers)).json()["items"]
    factor = (await enrol_passkey(client, amira, Authenticator())).json()
    export = (await ask_for_export(client, amira)).json()
    body = {"name": "mine"} if path == FACTOR or method == "POST" else {}
    path = path.format(
        profile_id=profile_id,
        session_id=sessions[0]["id"],
        factor_id=factor["id"],
        export_id=export["id"],
        entry_id=entry_id,
        version=1,
    )

    response = await client.request(
        method,
        path,
        params={"with": 1} if path.endswith("/diff") else None,
        json=None if method in {"GET", "DELETE"} else body,
        headers=boris.headers | {"If-Match": "*"},
    )

    assert response.status_code == 404


def test_every_path_of_administration_is_for_administrators() -> None:
    paths = {key for key in ACCESS if key[1].startswith(f"{API}/admin")}

    assert paths == {key for key, access in ACCESS.items() if access == ADMIN}


@pytest.mark.parametrize(("method", "path"), ADMINS)
async def test_ordinary_people_administer_nobody(client: httpx2.AsyncClient, method: str, path: str) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    body = {"role": "admin"} if method == "PUT" else None

    for target in (amira, boris):
        address = path.format(user_id=target.id, code="local.teff")
        response = await client.request(method, address, json=body, headers=boris.headers)

        assert (response.status_code, response.json()["code"]) == (403, "admin-only")
