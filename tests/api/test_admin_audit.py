"""Administering accounts: what is written down, and who sees it."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.models.audit import AuditChain, AuditEvent
from tests.administration import ME, READS, USERS, account_status, change
from tests.factories import Person, make_admin, make_person

pytestmark = pytest.mark.anyio


async def _written(resources: Resources, owner: Person) -> list[tuple[object, ...]]:
    columns = (AuditEvent.action, AuditEvent.actor, AuditEvent.actor_id, AuditEvent.details)
    query = select(*columns).where(AuditEvent.owner_id == owner.id).order_by(AuditEvent.sequence)
    async with resources.database.reader() as session:
        return [tuple(row) for row in await session.execute(query)]


async def test_each_act_and_each_look_is_written_down_where_it_belongs(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    for part in READS:
        await client.get(f"{USERS}/{amira.id}{part}", headers=olga.headers)
    for act, role in (("sessions", None), ("disable", None), ("enable", None), ("role", "admin")):
        await change(client, olga, amira.id, act, role)
    await client.get(f"{USERS}?search=AMIRA&disabled=false", headers=olga.headers)

    on_amira, on_olga = await _written(resources, amira), await _written(resources, olga)

    assert on_amira[2:] == [
        ("account_read", "admin", olga.id, '{"part": "account"}'),
        ("account_read", "admin", olga.id, '{"part": "sessions"}'),
        ("account_read", "admin", olga.id, '{"part": "activity"}'),
        ("sessions_ended", "admin", olga.id, "{}"),
        ("account_disabled", "admin", olga.id, "{}"),
        ("account_enabled", "admin", olga.id, "{}"),
        ("role_changed", "admin", olga.id, '{"from": "user", "to": "admin"}'),
    ]
    assert on_olga[-1] == ("accounts_listed", "admin", olga.id, '{"filters": "search disabled"}')


async def test_what_is_so_already_is_neither_done_nor_written_down_again(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)

    for act, role in (("enable", None), ("role", "user"), ("disable", None), ("disable", None)):
        assert (await change(client, olga, amira.id, act, role)).status_code == 204

    actions = [event[0] for event in await _written(resources, amira)]
    assert actions == ["account_registered", "signed_in", "account_disabled"]


async def test_what_cannot_be_written_down_is_not_done(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    async with resources.database.unit() as session:
        spoilt = update(AuditChain).where(AuditChain.owner_id == amira.id).values(key=b"spoilt")
        await session.execute(spoilt)

    disabled = await change(client, olga, amira.id, "disable")
    read = await client.get(f"{USERS}/{amira.id}", headers=olga.headers)

    assert (disabled.status_code, read.status_code) == (500, 500)
    assert "amira" not in read.text
    assert await account_status(client, amira) == 200


async def test_owners_see_what_administrators_did_and_not_from_where(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    await client.get(f"{USERS}/{amira.id}", headers=olga.headers)

    seen: list[dict[str, Any]] = (await client.get(f"{ME}/activity", headers=amira.headers)).json()["items"]
    shown = (await client.get(f"{USERS}/{amira.id}/activity", headers=olga.headers)).json()["items"]

    assert (seen[0]["action"], seen[0]["actor"], seen[0]["actor_id"]) == (
        "account_read",
        "admin",
        str(olga.id),
    )
    assert (seen[0]["ip_prefix"], seen[0]["device"], bool(seen[0]["request_id"])) == ("", "", True)
    assert seen[1]["ip_prefix"] == "127.0.0.0/24"
    assert (shown[0]["details"], shown[1:]) == ({"part": "activity"}, seen)


async def test_activity_of_an_account_comes_in_pages(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    olga, amira = await make_admin(client, resources), await make_person(client)
    address = f"{USERS}/{amira.id}/activity"

    first = (await client.get(f"{address}?limit=2", headers=olga.headers)).json()
    second = (await client.get(f"{address}?cursor={first['next_cursor']}", headers=olga.headers)).json()

    assert [item["sequence"] for item in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next_cursor"] is None
