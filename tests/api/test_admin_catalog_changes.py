"""Operators' entries: what is written down of a change, and who sees it at once."""

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.main import create_app
from backend.models.audit import AuditEvent
from tests.api.test_admin_catalog import API, ENTRIES, _add, _retire
from tests.factories import Person, make_admin, make_settings, url_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def olga(client: httpx2.AsyncClient, resources: Resources) -> Person:
    """Return an administrator."""
    return await make_admin(client, resources)


async def test_every_change_is_written_down(
    client: httpx2.AsyncClient, olga: Person, resources: Resources
) -> None:
    await _add(client, olga)
    await _retire(client, olga)
    headers = olga.headers | {"If-Match": "*"}
    body = {"retired": False, "synonyms": {}}
    (await client.patch(f"{ENTRIES}/local.fonio", json=body, headers=headers)).raise_for_status()

    async with resources.database.reader() as session:
        query = select(AuditEvent).where(AuditEvent.owner_id == olga.id).order_by(AuditEvent.sequence)
        events = [event for event in await session.scalars(query) if event.action.startswith("catalog")]

    assert [event.action.removeprefix("catalog_entry_") for event in events] == [
        "added", "retired", "changed", "restored",
    ]  # fmt: skip
    assert {event.details for event in events} == {'{"entry": "local.fonio"}'}


async def test_whoever_changes_something_sees_it_though_looks_are_rare(
    app: FastAPI, settings: Settings, resources: Resources
) -> None:
    made = create_app(make_settings(settings.data_dir, url_of(settings), catalog={"max_age": 3600}))
    transport = httpx2.ASGITransport(app=made)
    async with (
        made.router.lifespan_context(made),
        httpx2.AsyncClient(transport=transport, base_url="http://t") as client,
    ):
        olga = await make_admin(client, resources)
        await client.get(f"{API}/catalog/allergens")
        await _add(client, olga)
        found = await client.get(f"{API}/catalog/allergens/local.fonio")

    assert found.status_code == 200
