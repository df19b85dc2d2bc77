"""What `safeplate doctor` finds in the database: exactly what was done to it, and nothing else."""

import asyncio
import json
import uuid
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import delete, select, text, update

from backend.api.dependencies import Resources
from backend.core.ledger import FileLedger
from backend.models.audit import AuditAction, AuditChain, AuditEvent
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.system import FindingState
from backend.services import audit, health, system
from tests.factories import Person, erase, make_person, make_profile
from tests.tampering import change, flipped

pytestmark = pytest.mark.anyio

MINE = "/api/v1/health/profiles/me"


async def _findings(resources: Resources, heads: list[str] | None = None) -> dict[str, list[str]]:
    """Return what is wrong, by check."""
    wrong: dict[str, list[str]] = {}
    async for finding in system.examine_data(resources.database, heads or [], keyring=resources.keyring):
        if finding.state is FindingState.WRONG:
            wrong.setdefault(finding.check, []).append(finding.detail)
    return wrong


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody whose profile is at version 4."""
    person = await make_person(client)
    await make_profile(client, person)
    for name in ("Ami", "Amira", "A."):
        headers = person.headers | {"If-Match": "*"}
        (await client.patch(MINE, json={"display_name": name}, headers=headers)).raise_for_status()
    return person


@pytest.fixture
async def row(resources: Resources, amira: Person) -> HealthProfile:
    """Return the row of the profile."""
    async with resources.database.reader() as session:
        return (await session.scalars(select(HealthProfile).where(HealthProfile.owner_id == amira.id))).one()


def _lines(heads: Path) -> list[str]:
    return heads.read_text().splitlines()


def _named(row: HealthProfile) -> str:
    return f"profile {row.id} of account {row.owner_id}"


async def test_nothing_is_wrong_with_what_the_service_did(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    for number in range(3):
        await make_profile(client, amira, relationship="child", display_name=f"C{number}")
    other = (await make_profile(client, amira, relationship="other")).json()["id"]
    headers = amira.headers | {"If-Match": "*"}
    (await client.delete(f"/api/v1/health/profiles/{other}", headers=headers)).raise_for_status()
    boris = await make_person(client, "boris")
    await make_profile(client, boris)
    (await client.delete("/api/v1/users/me", headers=boris.headers)).raise_for_status()

    assert await _findings(resources) == {}


async def test_an_account_that_is_gone_is_named(resources: Resources, amira: Person) -> None:
    await change(resources, delete(User))

    assert await _findings(resources) == {
        "accounts": [f"account {amira.id}: is gone, and no event tells of it"]
    }


async def test_an_account_that_is_there_again_is_named(resources: Resources, amira: Person) -> None:
    removed = audit.Event(AuditAction.ACCOUNT_REMOVED, amira.id)
    async with resources.database.unit() as session:
        await audit.record(session, removed, keyring=resources.keyring)

    found = await _findings(resources)

    assert found == {"accounts": [f"account {amira.id}: is there, and an event tells that it was erased"]}


async def test_an_account_that_is_erased_while_it_is_looked_at_is_not_called_broken(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    async with resources.database.reader() as session:
        account = (await session.scalars(select(User).where(User.id == amira.id))).one()
        await erase(client, amira)

        faults = await health.find_faults(session, account, keyring=resources.keyring)

    assert faults == []


async def test_a_flipped_bit_is_named(resources: Resources, row: HealthProfile) -> None:
    await change(resources, update(HealthProfile).values(document=flipped(row.document, 40)))

    assert await _findings(resources) == {
        "profiles": [
            f"{_named(row)}: version 4 does not open",
            f"{_named(row)}: version 4 is not what its revision holds",
        ]
    }


async def test_a_row_that_was_put_back_is_named(resources: Resources, row: HealthProfile) -> None:
    async with resources.database.reader() as session:
        before = await session.get_one(HealthProfileRevision, (row.id, 2))
    await change(resources, update(HealthProfile).values(document=before.document, version=2))

    assert await _findings(resources) == {
        "profiles": [
            f"{_named(row)}: is at version 2, and its events tell of version 4",
            f"{_named(row)}: is at version 2, and its newest revision is 4",
        ]
    }


async def test_a_row_that_was_put_back_with_its_versions_is_named_by_its_events(
    resources: Resources, row: HealthProfile
) -> None:
    async with resources.database.reader() as session:
        before = await session.get_one(HealthProfileRevision, (row.id, 2))
    await change(
        resources,
        update(HealthProfile).values(document=before.document, version=2),
        delete(HealthProfileRevision).where(HealthProfileRevision.version > 2),
    )

    assert await _findings(resources) == {
        "profiles": [f"{_named(row)}: is at version 2, and its events tell of version 4"]
    }


async def test_an_account_that_was_put_back_with_its_events_is_named_by_the_heads_outside(
    resources: Resources, row: HealthProfile, tmp_path: Path
) -> None:
    heads = tmp_path / "heads"
    await audit.anchor(resources.database, FileLedger(heads), keyring=resources.keyring)
    async with resources.database.reader() as session:
        before = await session.get_one(HealthProfileRevision, (row.id, 3))
        query = select(AuditEvent).where(AuditEvent.action == AuditAction.PROFILE_CHANGED)
        events = list(await session.scalars(query.order_by(AuditEvent.sequence)))
    last = events[1]
    await change(
        resources,
        update(HealthProfile).values(document=before.document, version=3),
        delete(HealthProfileRevision).where(HealthProfileRevision.version > 3),
        delete(AuditEvent).where(AuditEvent.sequence > last.sequence),
        update(AuditChain).values(sequence=last.sequence, code=last.code, anchored=last.sequence),
    )

    assert await _findings(resources) == {}
    assert await _findings(resources, _lines(heads)) == {
        "audit": [f"chain {row.owner_id}: cut off after event {last.sequence}"]
    }


async def test_versions_that_were_swapped_and_one_that_is_missing_are_named(
    resources: Resources, row: HealthProfile
) -> None:
    version = HealthProfileRevision.version
    await change(
        resources,
        update(HealthProfileRevision).where(version == 1).values(document=row.document),
        delete(HealthProfileRevision).where(version == 3),
    )

    assert await _findings(resources) == {
        "profiles": [
            f"{_named(row)}: version 1 among its revisions does not open",
            f"{_named(row)}: between versions 2 and 4 there is none",
        ]
    }


async def test_a_profile_that_is_gone_is_named(resources: Resources, row: HealthProfile) -> None:
    await change(resources, delete(HealthProfile))

    assert await _findings(resources) == {
        "profiles": [f"profile {row.id} of account {row.owner_id}: is gone, and no event tells of it"]
    }


async def test_a_profile_in_other_hands_is_named_on_both_accounts(
    client: httpx2.AsyncClient, resources: Resources, row: HealthProfile
) -> None:
    boris = await make_person(client, "boris")
    await change(resources, update(HealthProfile).values(owner_id=boris.id))

    faults = (await _findings(resources))["profiles"]

    assert f"{_named(row)}: is gone, and no event tells of it" in faults
    assert f"profile {row.id} of account {boris.id}: version 4 does not open" in faults


async def test_keys_that_do_not_open_are_named(resources: Resources, amira: Person) -> None:
    async with resources.database.reader() as session:
        family = (await session.scalars(select(Session))).one()
    await change(resources, update(Session).values(family_key=flipped(family.family_key, 30)))

    assert await _findings(resources) == {"keys": [f"sessions.family_key of {family.id} does not open"]}


async def test_values_under_a_key_that_is_not_here_are_counted(resources: Resources, amira: Person) -> None:
    await change(resources, update(User).values(data_key=b"\x07" * 8 + uuid.uuid4().bytes))

    found = await _findings(resources)

    assert found["master keys"] == ["values are under keys that are not here: 1 under 0707070707070707"]
    assert found["keys"] == [f"users.data_key of {amira.id} does not open"]
    assert len(found["profiles"]) == 5


async def test_an_altered_event_is_named(resources: Resources, amira: Person) -> None:
    last = update(AuditEvent).where(AuditEvent.action == AuditAction.PROFILE_CREATED)
    await change(
        resources, last.values(details=json.dumps({"profile": str(uuid.UUID(int=1)), "version": "1"}))
    )

    found = await _findings(resources)

    assert "was altered" in found["audit"][0]
    assert len(found["profiles"]) == 1


async def test_events_that_cannot_be_read_stop_nothing(resources: Resources, amira: Person) -> None:
    await change(resources, update(AuditEvent).values(details="milk"))

    found = await _findings(resources)

    assert found["profiles"] == [f"the events of account {amira.id} about its profiles cannot be read"]
    assert "milk" not in str(found)


async def test_heads_that_are_not_there_are_missed(
    resources: Resources, amira: Person, tmp_path: Path
) -> None:
    await audit.anchor(resources.database, FileLedger(tmp_path / "heads"), keyring=resources.keyring)
    examined = system.examine_data(resources.database, None, keyring=resources.keyring)

    details = [finding.detail async for finding in examined if finding.state is FindingState.WRONG]

    assert [detail.partition("but ")[2] for detail in details] == [
        "the heads that were written are not there"
    ]


async def test_a_database_of_another_release_is_not_looked_into(resources: Resources) -> None:
    async with resources.database.engine.begin() as connection:
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        found = await _findings(resources)
    finally:
        async with resources.database.engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})

    assert list(found) == ["schema"]


async def test_an_account_in_use_is_not_called_broken(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    done = asyncio.Event()

    async def write() -> int:
        written = 0
        while not done.is_set():
            body, headers = {"display_name": f"A{written}"}, amira.headers | {"If-Match": "*"}
            (await client.patch(MINE, json=body, headers=headers)).raise_for_status()
            written += 1
        return written

    async def look() -> list[dict[str, list[str]]]:
        try:
            return [await _findings(resources) for _ in range(10)]
        finally:
            done.set()

    written, found = await asyncio.gather(write(), look())

    assert written > 3
    assert found == [{}] * 10
