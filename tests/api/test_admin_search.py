"""Listing and searching accounts."""

import httpx2
import pytest

from backend.api.dependencies import Resources
from tests.factories import Person, make_admin, make_person, register

USERS = "/api/v1/admin/users"
MEMBERS = {
    "id",
    "email",
    "username",
    "email_verified",
    "role",
    "locale",
    "created_at",
    "disabled_at",
    "erase_at",
}

pytestmark = pytest.mark.anyio


async def _names(client: httpx2.AsyncClient, admin: Person, **params: str) -> list[str]:
    answer = await client.get(USERS, params=params, headers=admin.headers)
    return [item["username"] for item in answer.raise_for_status().json()["items"]]


async def test_accounts_are_listed_from_the_oldest_on(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga = await make_admin(client, resources)
    amira = await make_person(client)

    page = (await client.get(USERS, headers=olga.headers)).json()

    assert [item["username"] for item in page["items"]] == ["olga", "amira"]
    assert page["next_cursor"] is None
    assert {frozenset(item) for item in page["items"]} == {frozenset(MEMBERS)}
    assert page["items"][1]["id"] == str(amira.id)
    assert (page["items"][0]["role"], page["items"][1]["role"]) == ("admin", "user")


async def test_pages_miss_and_repeat_nobody_while_accounts_are_added(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga = await make_admin(client, resources)
    for number in range(5):
        await register(client, f"early{number}")
    seen: list[str] = []
    cursor: str | None = ""

    while cursor is not None:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(USERS, params=params, headers=olga.headers)).raise_for_status().json()
        seen += [item["username"] for item in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) <= 4:
            await register(client, f"late{len(seen)}")

    assert seen == ["olga", *(f"early{number}" for number in range(5)), "late2", "late4"]


async def test_a_page_that_is_just_full_is_the_last(client: httpx2.AsyncClient, resources: Resources) -> None:
    olga = await make_admin(client, resources)
    await register(client, "amira")

    page = (await client.get(f"{USERS}?limit=2", headers=olga.headers)).json()

    assert (len(page["items"]), page["next_cursor"]) == (2, None)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param("ami", ["amira", "amina"], id="beginning-of-a-name"),
        pytest.param("AMIRA", ["amira"], id="case"),
        pytest.param("  amira ", ["amira"], id="spaces-around"),
        pytest.param("amira@example", ["amira"], id="beginning-of-an-address"),
        pytest.param("mira", [], id="not-the-middle"),
        pytest.param("example.com", [], id="not-the-end"),
        pytest.param("%", [], id="percent"),
        pytest.param("a%a", [], id="percent-inside"),
        pytest.param("_mira", [], id="underscore"),
        pytest.param("under_", ["under_score"], id="underscore-as-itself"),
        pytest.param("under_score", ["under_score"], id="underscore-inside"),
        pytest.param("underx", ["underxscore"], id="not-the-other-one"),
        pytest.param("\\", [], id="backslash"),
        pytest.param("'", [], id="quote"),
        pytest.param("' OR '1'='1", [], id="injection"),
        pytest.param('"', [], id="double-quote"),
        pytest.param("o'hara@", ["ohara"], id="quote-in-an-address"),
        pytest.param("ÉLO", ["Élodie"], id="case-beyond-ascii"),
        pytest.param("e\u0301lo", ["Élodie"], id="decomposed"),
        pytest.param("STRASS", ["Straße"], id="sharp-s"),
        pytest.param("straß", ["Straße"], id="sharp-s-as-itself"),
        pytest.param("ΣΟΦ", ["σοφία"], id="greek"),
        pytest.param("\uff41\uff4dira", ["amira"], id="full-width"),
        pytest.param("\U0010ffff", [], id="last-code-point"),
        pytest.param("😀", [], id="beyond-the-first-plane"),
    ],
)
async def test_a_search_is_for_how_a_name_or_an_address_begins(
    client: httpx2.AsyncClient, resources: Resources, search: str, found: list[str]
) -> None:
    olga = await make_admin(client, resources)
    for username in ("amira", "amina", "under_score", "underxscore"):
        (await register(client, username)).raise_for_status()
    for number, username in enumerate(("Élodie", "Straße", "σοφία")):
        (await register(client, username, email=f"x{number}@example.com")).raise_for_status()
    (await register(client, "ohara", email="o'hara@example.com")).raise_for_status()

    assert await _names(client, olga, search=search) == found


async def test_filters_are_combined(client: httpx2.AsyncClient, resources: Resources) -> None:
    olga = await make_admin(client, resources)
    amira = await make_person(client)
    await make_person(client, "amina")
    await client.post(f"{USERS}/{amira.id}/disable", headers=olga.headers)

    assert await _names(client, olga, role="admin") == ["olga"]
    assert await _names(client, olga, role="user") == ["amira", "amina"]
    assert await _names(client, olga, disabled="true") == ["amira"]
    assert await _names(client, olga, disabled="false", search="am") == ["amina"]
    assert await _names(client, olga, disabled="true", role="admin") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        pytest.param("search=", "query:search", id="empty-search"),
        pytest.param("search=%20", "query:search", id="blank-search"),
        pytest.param("search=%00", "query:search", id="nul"),
        pytest.param(f"search={'a' * 255}", "query:search", id="long-search"),
        pytest.param("role=root", "query:role", id="role"),
        pytest.param("disabled=perhaps", "query:disabled", id="disabled"),
        pytest.param("limit=0", "query:limit", id="no-limit"),
        pytest.param("limit=-1", "query:limit", id="negative-limit"),
        pytest.param("limit=201", "query:limit", id="large-limit"),
        pytest.param("cursor=secretword", "query:cursor", id="cursor"),
        pytest.param("secretword=1", "query", id="unknown-filter"),
    ],
)
async def test_a_bad_query_is_refused_and_not_repeated(
    client: httpx2.AsyncClient, resources: Resources, query: str, pointer: str
) -> None:
    olga = await make_admin(client, resources)

    answer = await client.get(f"{USERS}?{query}", headers=olga.headers)

    assert answer.status_code == 422
    assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]
    assert "secretword" not in answer.text
