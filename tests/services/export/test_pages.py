"""Reading page by page returns every row once, in order, whatever the size of a page."""

import httpx2
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.models.health import HealthProfileRevision
from backend.models.sessions import Session
from backend.services.export.pages import read_pages
from tests.factories import make_person, make_profile, sign_in

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_every_row_comes_once_and_in_order(
    client: httpx2.AsyncClient, resources: Resources, size: int
) -> None:
    amira = await make_person(client)
    for _ in range(5):
        await sign_in(client, "amira")
    for relationship in ("self", "child"):
        profile = (await make_profile(client, amira, relationship=relationship)).json()
        for number in range(2):
            await client.patch(
                f"/api/v1/health/profiles/{profile['id']}",
                json={"display_name": f"n{number}"},
                headers=amira.headers | {"If-Match": "*"},
            )
    database = resources.database
    versions = HealthProfileRevision.profile_id, HealthProfileRevision.version

    sessions = [row.id async for row in read_pages(database, select(Session), Session.id, size=size)]
    revisions = [
        (row.profile_id, row.version)
        async for row in read_pages(database, select(HealthProfileRevision), *versions, size=size)
    ]

    assert len(set(sessions)) == len(sessions) == 6
    assert len(set(revisions)) == len(revisions) == 6
    assert sessions == sorted(sessions)
    assert revisions == sorted(revisions)
