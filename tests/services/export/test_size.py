"""A copy of very much is made and given with little in memory."""

import tracemalloc
import uuid

import httpx2
import pytest
from sqlalchemy import insert, select, update

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.models.users import User
from backend.services import catalog, health
from backend.services.export.chunks import CHUNK_BYTES
from backend.services.health.document import seal_document
from backend.utils.identifiers import uuid7
from tests.exports import EXPORT, Taken, ask_for_export, grow_activity, make_exports
from tests.factories import Person, make_person, make_profile

pytestmark = pytest.mark.anyio

ALLERGIES, REVISIONS, EVENTS = 200, 100, 20_000
MOST = 16 * 2**20
"""Bytes: a page of the longest documents, open and as rows, and what the drivers hold."""


async def _grow_profile(resources: Resources) -> None:
    """Give the one profile 200 allergies with long notes, and 100 versions."""
    codes = list(catalog.shipped().allergens)
    async with resources.database.unit() as session:
        owner = (await session.scalars(select(User))).one()
        row = (await session.scalars(health.profiles_of(owner))).one()
        document = health.opened(row, owner=owner, keyring=resources.keyring).document
        one = document.allergies[0]
        allergies = tuple(
            one.model_copy(
                update={"id": uuid7(), "code": codes[n % len(codes)], "note": f"{n} {uuid.uuid4()} " * 11}
            )
            for n in range(ALLERGIES)
        )
        longest = document.model_copy(update={"allergies": allergies})
        for version in range(2, REVISIONS + 1):
            sealed = seal_document(
                longest, profile_id=row.id, version=version, owner=owner, keyring=resources.keyring
            )
            revision = {
                "profile_id": row.id,
                "version": version,
                "document": sealed,
                "author_id": owner.id,
                "recorded_at": now(),
            }
            await session.execute(insert(HealthProfileRevision).values(revision))
        await session.execute(update(HealthProfile).values(version=version, document=sealed))


async def _download(client: httpx2.AsyncClient, person: Person, export_id: str) -> bytes:
    answer = await client.get(f"{EXPORT}/{export_id}/download", headers=person.headers)
    return answer.raise_for_status().content


async def test_a_household_of_years_needs_little_memory(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await _grow_profile(resources)
    await grow_activity(resources.database, resources.keyring, amira.id, EVENTS)
    asked = (await ask_for_export(client, amira)).json()

    tracemalloc.start()
    made = await make_exports(resources, chunk_bytes=CHUNK_BYTES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    taken = Taken(await _download(client, amira, asked["id"]))
    written = taken.json("profile.json")
    assert made == 1
    assert len(taken.content) > 4 * CHUNK_BYTES
    assert len(written["revisions"]) == REVISIONS
    assert {len(item["allergies"]) for item in written["revisions"][1:]} == {ALLERGIES}
    assert [row["sequence"] for row in taken.rows()] == [str(n) for n in range(1, EVENTS + 2)]
    assert {row["ip_prefix"] for row in taken.rows()[10:-1]} == {"192.0.2.0/24"}
    assert peak < MOST
