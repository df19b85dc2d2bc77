"""What happened on an account, as its owner sees it."""

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.models.audit import AuditChain, AuditEvent
from backend.models.users import User
from backend.services import audit
from tests.factories import PASSWORD, erase, make_person, sign_in

ACTIVITY = "/api/v1/users/me/activity"

pytestmark = pytest.mark.anyio


async def _items(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await client.get(ACTIVITY, headers=headers)).json()["items"]
    return items


async def test_an_owner_sees_what_happened_with_where_and_when(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await sign_in(client, "amira", "Wrong-Password-1")
    await client.patch("/api/v1/users/me", json={"locale": "fr"}, headers=amira.headers)

    items = await _items(client, amira.headers)

    assert [(item["action"], item["actor"]) for item in items] == [
        ("account_updated", "owner"),
        ("sign_in_failed", "anyone"),
        ("signed_in", "owner"),
        ("account_registered", "owner"),
    ]
    assert [item["sequence"] for item in items] == [4, 3, 2, 1]
    assert {item["ip_prefix"] for item in items} == {"127.0.0.0/24"}
    assert {item["device"] for item in items} == {"Python"}
    assert items[0]["details"] == {"fields": "locale"}
    assert all(item["request_id"] for item in items)


async def test_activity_comes_in_pages(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    for _ in range(3):
        await sign_in(client, "amira")

    first = (await client.get(f"{ACTIVITY}?limit=3", headers=amira.headers)).json()
    second = (
        await client.get(f"{ACTIVITY}?limit=3&cursor={first['next_cursor']}", headers=amira.headers)
    ).json()

    assert [item["sequence"] for item in first["items"] + second["items"]] == [5, 4, 3, 2, 1]
    assert second["next_cursor"] is None


async def test_nobody_sees_what_happened_on_anothers_account(client: httpx2.AsyncClient) -> None:
    await make_person(client)
    boris = await make_person(client, "boris")

    items = await _items(client, boris.headers)

    assert [item["action"] for item in items] == ["signed_in", "account_registered"]


async def test_guesses_at_a_name_that_nobody_has_are_written_down_too(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await sign_in(client, "nobody")

    async with resources.database.reader() as session:
        owners = set(await session.scalars(select(AuditEvent.owner_id)))
    assert owners == {audit.nobody("nobody")}
    assert owners <= audit.NOBODY


async def test_what_cannot_be_written_down_does_not_happen(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    async with resources.database.unit() as session:
        await session.execute(update(AuditChain).values(key=b"spoilt"))

    answer = await client.patch("/api/v1/users/me", json={"locale": "fr"}, headers=amira.headers)

    assert answer.status_code == 500
    assert (await client.get("/api/v1/users/me", headers=amira.headers)).json()["locale"] == "en"


async def test_a_deleted_account_leaves_events_that_lead_to_nobody(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)

    await erase(client, amira)

    async with resources.database.reader() as session:
        actions = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.sequence)))
        chain = (await session.scalars(select(AuditChain))).one()
        assert (await session.scalars(select(User))).all() == []
    assert actions == ["account_registered", "signed_in", "account_removed"]
    assert chain.place_key is None


async def test_no_event_holds_an_address_a_name_or_a_secret(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await make_person(client)
    await sign_in(client, "amira", "Wrong-Password-1")

    async with resources.database.reader() as session:
        rows = (await session.execute(select(AuditEvent.__table__))).all()
    written = repr(rows)
    assert [word for word in ("amira", "127.0.0", PASSWORD, "Wrong") if word in written] == []
