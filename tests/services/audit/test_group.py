"""Events that share a commit: stored before anybody goes on, each in its place, none at another's cost."""

import asyncio
import uuid
from collections import Counter

import asyncpg
import pytest
from sqlalchemy import event, select, text, update

from backend.api.dependencies import Resources
from backend.core import caller
from backend.core.caller import Caller
from backend.core.errors import CorruptedError, UnavailableError
from backend.models.audit import AuditAction, AuditChain, AuditEvent
from backend.services import audit

pytestmark = pytest.mark.anyio

OWNERS = [uuid.UUID(int=number << 100) for number in range(1, 7)]
AMIRA, BORIS = OWNERS[:2]


def _reading(owner_id: uuid.UUID) -> audit.Event:
    return audit.Event(AuditAction.PROFILE_READ, owner_id, details={"fields": "all"})


async def _read(resources: Resources, owner_id: uuid.UUID) -> int:
    """Write one reading down, and return how many of the owner's are stored once it is."""
    await resources.readings.record(_reading(owner_id))
    return await _stored(resources, owner_id)


async def _stored(resources: Resources, owner_id: uuid.UUID) -> int:
    async with resources.database.reader() as session:
        mine = select(AuditEvent.sequence).where(AuditEvent.owner_id == owner_id)
        return len((await session.scalars(mine)).all())


async def _begin_chains(resources: Resources) -> None:
    for owner_id in OWNERS:
        await resources.readings.record(_reading(owner_id))


async def _transactions(resources: Resources) -> int:
    """Return how many transactions wrote what is stored; 0 on SQLite, which does not tell."""
    if resources.database.is_sqlite:
        return 0
    async with resources.database.statement() as connection:
        found = await connection.scalar(text("SELECT count(DISTINCT xmin::text) FROM audit_events"))
    return int(found or 0)


async def test_many_at_once_are_stored_before_any_goes_on_and_share_commits(resources: Resources) -> None:
    await _begin_chains(resources)
    commits: Counter[str] = Counter()
    event.listen(resources.database.engine.sync_engine, "commit", lambda _: commits.update(["commit"]))
    before = await _transactions(resources)

    stored = await asyncio.gather(*(_read(resources, owner_id) for owner_id in OWNERS * 10))

    assert min(stored) >= 2
    assert [await _stored(resources, owner_id) for owner_id in OWNERS] == [11] * len(OWNERS)
    assert 0 < commits["commit"] + await _transactions(resources) - before <= 10  # of 60 events
    async with resources.database.reader() as session:
        await audit.verify(session, [], keyring=resources.keyring)


async def test_each_event_keeps_the_place_that_it_came_from(resources: Resources) -> None:
    async def read_from(network: str) -> None:
        with caller.bound(Caller(ip_prefix=network)):
            await resources.readings.record(_reading(AMIRA))

    await asyncio.gather(*(read_from(f"192.0.{number}.0/24") for number in range(5)))

    async with resources.database.reader() as session:
        shown = await audit.list_activity(session, AMIRA, before=None, limit=10, keyring=resources.keyring)
    assert sorted(item.ip_prefix for item in shown) == [f"192.0.{number}.0/24" for number in range(5)]


async def test_if_the_commit_fails_nobody_goes_on_and_nothing_is_stored(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _begin_chains(resources)
    engine = resources.database.engine.sync_engine

    def fail(_: object) -> None:
        raise ConnectionResetError

    execute = asyncpg.Connection.execute

    async def execute_or_fail(connection: asyncpg.Connection, query: str, *arguments: object) -> str:
        if query == "COMMIT":
            raise ConnectionResetError
        done: str = await execute(connection, query, *arguments)
        return done

    monkeypatch.setattr(asyncpg.Connection, "execute", execute_or_fail)
    event.listen(engine, "commit", fail)
    try:
        answers = await asyncio.gather(
            *(resources.readings.record(_reading(owner_id)) for owner_id in OWNERS), return_exceptions=True
        )
    finally:
        event.remove(engine, "commit", fail)
        monkeypatch.undo()

    assert {type(answer) for answer in answers} <= {UnavailableError, *UnavailableError.__subclasses__()}
    assert [await _stored(resources, owner_id) for owner_id in OWNERS] == [1] * len(OWNERS)
    await resources.readings.record(_reading(AMIRA))


async def test_a_chain_whose_key_does_not_open_fails_alone(resources: Resources) -> None:
    await _begin_chains(resources)
    async with resources.database.unit() as session:
        await session.execute(update(AuditChain).where(AuditChain.owner_id == AMIRA).values(key=b"broken"))

    answers = await asyncio.gather(
        *(resources.readings.record(_reading(owner_id)) for owner_id in OWNERS), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [CorruptedError] + [type(None)] * 5
    assert [await _stored(resources, owner_id) for owner_id in OWNERS] == [1, 2, 2, 2, 2, 2]


async def test_nobody_waits_for_another_whose_chain_is_locked(resources: Resources) -> None:
    if resources.database.is_sqlite:
        pytest.skip("SQLite has one writer: no row is locked")
    await _begin_chains(resources)

    async with resources.database.unit() as session:
        await session.execute(
            select(AuditChain.owner_id).where(AuditChain.owner_id == AMIRA).with_for_update()
        )
        waits = asyncio.create_task(_read(resources, AMIRA))
        goes_on = await asyncio.wait_for(_read(resources, BORIS), 10)
        has_waited = not waits.done()

    assert (goes_on, has_waited) == (2, True)
    assert await waits == 2


async def test_who_leaves_while_they_wait_takes_nobody_along(resources: Resources) -> None:
    await _begin_chains(resources)

    tasks = [asyncio.create_task(_read(resources, owner_id)) for owner_id in OWNERS]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [2] * 5
