"""Reads that go by plan and by shortcut: the same answers, for whoever asks, as of now."""

from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from backend.api import health, system, users
from backend.api.plans import NotPlannedError, Plan
from backend.api.routes import PlainRoute
from backend.api.shortcuts import Shortcuts
from backend.core.errors import NotFoundError
from backend.main import create_app
from tests.factories import make_person, make_settings

ME = "/api/v1/users/me"
PROFILES = "/api/v1/health/profiles"

pytestmark = pytest.mark.anyio


def _route(router: object, name: str) -> APIRoute:
    """Return an operation, from a router or from those within it."""
    for route in getattr(router, "routes", ()):
        if isinstance(route, APIRoute) and route.name == name:
            return route
        for inner in (getattr(route, "original_router", None), getattr(route, "router", None)):
            if inner is not None and (found := _find(inner, name)):
                return found
    raise LookupError(name)


def _find(router: object, name: str) -> APIRoute | None:
    try:
        return _route(router, name)
    except LookupError:
        return None


@pytest.mark.parametrize(("router", "name"), [(users.router, "read_me"), (health.router, "read_profile")])
def test_the_reads_that_are_asked_most_have_plans(router: object, name: str) -> None:
    route = _route(router, name)

    assert isinstance(route, PlainRoute)
    assert route._plan is not None


@pytest.mark.parametrize(
    ("router", "name"),
    [(users.router, "update_me"), (health.router, "list_profiles"), (health.router, "replace_profile")],
)
def test_what_changes_something_or_has_a_query_or_a_body_is_left_to_the_framework(
    router: object, name: str
) -> None:
    with pytest.raises(NotPlannedError):
        Plan(_route(router, name))


async def _refuse() -> None:
    raise NotFoundError


async def test_what_a_router_around_it_depends_on_holds_for_a_read_with_a_plan(data_dir: Path) -> None:
    app = create_app(make_settings(data_dir))
    around = APIRouter()
    around.include_router(system.router, prefix="/within")
    app.include_router(system.router, prefix="/guarded", dependencies=[Depends(_refuse)])
    app.include_router(around, prefix="/guarded", dependencies=[Depends(_refuse)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        paths = ("/livez", "/guarded/livez", "/guarded/within/livez")
        found = [(await client.get(path)).status_code for path in (*paths, *paths)]

    assert found == [200, 404, 404, 200, 404, 404]


async def test_what_an_application_replaces_is_replaced_in_a_read_with_a_plan(data_dir: Path) -> None:
    app = create_app(make_settings(data_dir))
    (keys,) = _route(system.router, "read_jwks").dependant.dependencies
    assert keys.call is not None
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        before = await client.get("/.well-known/jwks.json")
        app.dependency_overrides[keys.call] = _refuse
        after = await client.get("/.well-known/jwks.json")

    assert (before.status_code, after.status_code) == (200, 404)


async def test_a_path_that_was_asked_before_answers_whoever_asks(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")

    names = [
        (await client.get(ME, headers=person.headers)).json()["username"]
        for person in (amira, boris, amira, boris)
    ]

    assert names == ["amira", "boris", "amira", "boris"]
    assert (await client.get(ME)).status_code == 401
    assert (await client.get(f"{ME}/", headers=amira.headers)).json()["username"] == "amira"


async def test_a_path_that_was_asked_before_is_refused_as_soon_as_the_session_ends(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    assert (await client.get(ME, headers=amira.headers)).status_code == 200

    (await client.post("/api/v1/auth/logout", headers=amira.headers)).raise_for_status()

    refused = await client.get(ME, headers=amira.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid-token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_other_methods_of_a_path_that_was_asked_before_are_what_they_were(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    read = await client.get(ME, headers=amira.headers)

    headed = await client.head(ME, headers=amira.headers)
    refused = await client.put(ME, headers=amira.headers)
    changed = await client.patch(ME, headers=amira.headers, json={"locale": "fr"})
    again = await client.get(ME, headers=amira.headers | {"If-None-Match": read.headers["ETag"]})
    kept = await client.get(ME, headers=amira.headers | {"If-None-Match": again.headers["ETag"]})

    assert (headed.status_code, headed.content) == (200, b"")
    assert (refused.status_code, changed.status_code) == (405, 200)
    assert (again.status_code, again.json()["locale"]) == (200, "fr")
    assert (kept.status_code, kept.content) == (304, b"")


async def test_what_is_not_valid_is_refused_with_its_place(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    path = await client.get(f"{PROFILES}/nonsense", headers=amira.headers)
    header = await client.get(f"{PROFILES}/me", headers=amira.headers | {"Accept-Language": "e" * 1001})
    nobody = await client.get(f"{PROFILES}/nonsense")

    assert (path.status_code, path.json()["errors"][0]["pointer"]) == (422, "path:profile_id")
    assert (header.status_code, header.json()["errors"][0]["pointer"]) == (422, "header:accept-language")
    assert nobody.status_code == 401


async def test_only_paths_of_which_there_are_few_are_remembered(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    amira = await make_person(client)
    profile = (await client.post(PROFILES, headers=amira.headers, json={})).raise_for_status().json()

    for path in (ME, f"{PROFILES}/me", f"{PROFILES}/{profile['id']}"):
        (await client.get(path, headers=amira.headers)).raise_for_status()

    shortcuts = app.router.middleware_stack
    assert isinstance(shortcuts, Shortcuts)
    known = shortcuts.paths
    assert {ME, f"{PROFILES}/me"} <= known
    assert f"{PROFILES}/{profile['id']}" not in known
