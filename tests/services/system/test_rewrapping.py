"""Wrapping everything under another master key, whatever happens meanwhile."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import LargeBinary, func, select, text, update

from backend.api.dependencies import Resources
from backend.core import keyfile
from backend.core.database import metadata
from backend.core.masters import MasterSet
from backend.models.audit import AuditAction, AuditChain
from backend.models.sessions import Session
from backend.models.users import User
from backend.services import audit, system
from backend.services.audit import NOBODY
from backend.services.system import WRAPPED, rewrapping
from tests.conftest import FakeClock, Post
from tests.exports import ask_for_export, make_exports
from tests.factories import Person, make_person, make_profile, sign_in
from tests.second_factors import enrol_totp, make_codes

pytestmark = pytest.mark.anyio

# What is stored as bytes and is not wrapped by the master key.
OTHERWISE = {
    "audit_chains.code": "a keyed hash",
    "audit_events.code": "a keyed hash",
    "audit_events.place": "sealed under the chain's key of places",
    "credentials.secret": "sealed under the owner's key",
    "health_profile_revisions.document": "sealed under the owner's key",
    "health_profiles.document": "sealed under the owner's key",
    "export_chunks.content": "sealed under the owner's key",
    "idempotency_keys.answer": "sealed under the owner's key",
}


@pytest.fixture(autouse=True)
def masters_file(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the file of the master keys, and put it back afterwards: the application is shared."""
    # Nobody else runs who might not have looked at the file.
    monkeypatch.setattr(rewrapping, "_SETTLING", timedelta(0))
    path = resources.keyring.masters.path
    assert path is not None
    before = path.read_text()
    yield path
    path.write_text(before)
    resources.keyring.masters.look()


def _add_master(resources: Resources, path: Path) -> MasterSet:
    found = resources.keyring.masters.look()
    keyfile.replace(path, found.with_next(delay=timedelta(0)).to_text())
    return resources.keyring.masters.look()


async def _rewrap(resources: Resources) -> int:
    told = [0]
    assert await system.rewrap(resources.database, keyring=resources.keyring, tell=told.append)
    return told[-1]


async def _counts(resources: Resources) -> dict[bytes, int]:
    async with resources.database.reader() as session:
        return dict(await system.count_by_master(session))


async def _fill(client: httpx2.AsyncClient, resources: Resources, time: FakeClock) -> Person:
    amira = await make_person(client)
    await make_profile(client, amira)
    await client.post(
        "/api/v1/health/profiles",
        json={"relationship": "child"},
        headers=amira.headers | {"Idempotency-Key": "a"},
    )
    await enrol_totp(client, amira, time)
    await make_codes(client, amira)
    await sign_in(client, "nobody")
    await ask_for_export(client, amira)
    await make_exports(resources)
    return amira


async def test_every_column_of_wrapped_values_is_registered(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    await _fill(client, resources, time)
    master = resources.keyring.masters.wrapper.id
    columns = {
        f"{table.name}.{column.name}": column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    found = {}
    async with resources.database.reader() as session:
        for name, column in columns.items():
            start = func.substr(column, 1, len(master), type_=LargeBinary)
            found[name] = await session.scalar(
                select(func.count()).select_from(column.table).where(start == master)
            )
            assert await session.scalar(select(func.count(column))), f"{name}: nothing there to look at"

    registered = {column.name for column in WRAPPED}
    assert {name for name, count in found.items() if count} == registered
    assert set(columns) - registered == set(OTHERWISE), "is it wrapped by the master key?"


async def test_everything_opens_under_the_new_key_alone(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock, masters_file: Path, post: Post
) -> None:
    amira = await _fill(client, resources, time)
    old = resources.keyring.masters.wrapper
    before = await _counts(resources)
    profile = (await client.get("/api/v1/health/profiles/me", headers=amira.headers)).json()
    time.advance(seconds=1)

    found = _add_master(resources, masters_file)
    assert await _rewrap(resources) == before[old.id]
    time.advance(minutes=16)
    keyfile.replace(masters_file, found.without(old.name).to_text())
    resources.keyring.masters.look()

    assert await _counts(resources) == {found.keys[1].id: before[old.id]}
    refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token})
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert (await client.get("/api/v1/health/profiles/me", headers=headers)).json() == profile
    assert (await client.get("/api/v1/users/me/activity", headers=headers)).status_code == 200
    assert await post.deliver() > 0
    async with resources.database.reader() as session:
        await audit.verify(session, [], keyring=resources.keyring)


async def test_a_recovery_code_from_before_still_signs_in_when_the_old_key_is_gone(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock, masters_file: Path
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    codes = await make_codes(client, amira)
    time.advance(seconds=1)
    found = _add_master(resources, masters_file)
    await _rewrap(resources)
    time.advance(minutes=16)
    keyfile.replace(masters_file, found.without(found.keys[0].name).to_text())
    resources.keyring.masters.look()

    challenge = (await sign_in(client, "amira")).json()["challenge"]
    answer = await client.post("/api/v1/auth/mfa/recovery", json={"challenge": challenge, "code": codes[0]})

    assert answer.status_code == 200


async def test_all_owners_are_reached_in_several_batches(
    client: httpx2.AsyncClient, resources: Resources, masters_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "_BATCH", 2)
    amira = await make_person(client)
    for _ in range(4):
        await sign_in(client, "amira")
    async with resources.database.unit() as session:
        for owner in NOBODY:
            event = audit.Event(AuditAction.SIGN_IN_FAILED, owner)
            await audit.record(session, event, keyring=resources.keyring)
        before = await session.scalar(select(User.updated_at).where(User.id == amira.id))

    found = _add_master(resources, masters_file)
    await _rewrap(resources)

    assert set(await _counts(resources)) == {found.keys[1].id}
    async with resources.database.reader() as session:
        assert await session.scalar(select(User.updated_at).where(User.id == amira.id)) == before


async def test_a_value_that_changed_meanwhile_is_not_overwritten(
    client: httpx2.AsyncClient, resources: Resources, masters_file: Path
) -> None:
    amira = await make_person(client)
    _add_master(resources, masters_file)

    async def forget() -> None:
        async with resources.database.unit() as session:
            await audit.forget_places(session, amira.id)
            await asyncio.sleep(0.2)

    await asyncio.gather(forget(), _rewrap(resources), *(sign_in(client, "amira") for _ in range(5)))

    async with resources.database.reader() as session:
        chain = await session.get(AuditChain, amira.id)
        assert chain is not None
        assert chain.place_key is None
        assert await session.scalar(select(func.count()).select_from(Session)) == 6
    assert not await system.is_outdated(resources.database, keyring=resources.keyring)


async def test_two_at_once_do_it_once(
    client: httpx2.AsyncClient, resources: Resources, masters_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "_BATCH", 3)
    for name in ("amira", "boris", "carla"):
        await make_person(client, name)
    before = sum((await _counts(resources)).values())
    _add_master(resources, masters_file)

    done = await asyncio.gather(*(_rewrap(resources) for _ in range(3)))

    assert sum(done) == before
    assert set(await _counts(resources)) == {resources.keyring.masters.wrapper.id}


async def test_a_value_that_does_not_open_stays_for_the_doctor_and_holds_nothing_up(
    client: httpx2.AsyncClient, resources: Resources, masters_file: Path
) -> None:
    await make_person(client)
    old = resources.keyring.masters.wrapper.id
    spoilt = old + bytes(60)
    async with resources.database.unit() as session:
        await session.execute(update(Session).values(family_key=spoilt))

    _add_master(resources, masters_file)
    await _rewrap(resources)

    assert (await _counts(resources))[old] == 1
    async with resources.database.reader() as session:
        assert await session.scalar(select(Session.family_key)) == spoilt


async def test_a_database_of_another_master_key_is_refused(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    check = system.require_fitting_keys
    await check(resources.database, keyring=resources.keyring)
    await make_person(client)
    await make_person(client, "boris")
    await check(resources.database, keyring=resources.keyring)

    async with resources.database.unit() as session:
        await session.execute(
            update(User).where(User.username == "amira").values(data_key=uuid.uuid4().bytes)
        )
    await check(resources.database, keyring=resources.keyring)  # one broken row keeps nobody out

    async with resources.database.unit() as session:
        await session.execute(update(User).values(data_key=b"\x01" * 8 + uuid.uuid4().bytes))
    with pytest.raises(system.KeysUnfitError, match="0101010101010101"):
        await check(resources.database, keyring=resources.keyring)


async def test_the_first_row_alone_shows_another_master_key(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await make_person(client)
    async with resources.database.unit() as session:
        for table in ("sessions", "jobs", "audit_events", "audit_chains"):
            await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
        await session.execute(update(User).values(data_key=b"\x01" * 8 + uuid.uuid4().bytes))

    with pytest.raises(system.KeysUnfitError):
        await system.require_fitting_keys(resources.database, keyring=resources.keyring)
