"""Wrapping everything under the newest master key, while the service runs.

How far it is stands in the data alone: a value begins with the id of its key. So it can be interrupted
anywhere, and done by two at once.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import inspect, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.keys import Keyring
from backend.models.base import Entity
from backend.services.system.wrapped import WRAPPED, WrappedColumn, values
from backend.utils.security import SealBrokenError

_BATCH = 50
_SETTLING = timedelta(seconds=3)  # processes look at the key file once a second
_PATIENCE = timedelta(minutes=1)  # for rows that others keep locked, and for a busy database

Tell = Callable[[int], None]


class _Batch(NamedTuple):
    moved: int
    end: uuid.UUID | None
    is_last: bool


async def is_outdated(database: Database, *, keyring: Keyring) -> bool:
    """Tell whether something opens that is not under the newest master key."""
    newest = keyring.masters.wrapper.id
    async with database.reader() as session:
        for column in WRAPPED:
            async for row in values(session, column, not_under=newest):
                if column.is_whole(row, keyring):
                    return True
    return False


async def rewrap(database: Database, *, keyring: Keyring, tell: Tell) -> bool:
    """Wrap all that opens under the newest master key, and tell how much that was as it goes on.

    Returns whether nothing is left: others may keep rows locked for longer than this waits.

    Raises:
        UnavailableError: The database cannot be reached, or stays busy.
    """
    done, progress = 0, time.monotonic()
    while True:
        for column in WRAPPED:
            async for moved in _batches(database, column, keyring):
                done += moved
                progress = time.monotonic() if moved else progress
                tell(done)
        # A process that had not looked at the file yet may have wrapped under the key of before meanwhile.
        is_settled = now().timestamp() >= keyring.masters.wrapper.start + _SETTLING.total_seconds()
        if is_settled and not await is_outdated(database, keyring=keyring):
            return True
        if time.monotonic() - progress > _PATIENCE.total_seconds():
            return False
        await asyncio.sleep(1)


async def _batches(database: Database, column: WrappedColumn, keyring: Keyring) -> AsyncIterator[int]:
    batch = _Batch(0, None, is_last=False)
    while not batch.is_last:
        begun = time.monotonic()
        batch = await _patiently(database, column, keyring, after=batch.end)
        yield batch.moved
        # SQLite has one writer: whoever else writes has half of the time.
        await asyncio.sleep(time.monotonic() - begun)


async def _patiently(
    database: Database, column: WrappedColumn, keyring: Keyring, *, after: uuid.UUID | None
) -> _Batch:
    until = time.monotonic() + _PATIENCE.total_seconds()
    while True:
        try:
            async with database.unit() as session:
                return await _batch(session, column, keyring, after=after)
        except UnavailableError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(1)


async def _batch(
    session: AsyncSession, column: WrappedColumn, keyring: Keyring, *, after: uuid.UUID | None
) -> _Batch:
    """Wrap some values anew, in the order of their owners."""
    outdated = (
        select(column.owner, column.value)
        .where(column.value.is_not(None), column.master_id != keyring.masters.wrapper.id)
        .where(true() if after is None else column.owner > after)
        .order_by(column.owner)
        .limit(_BATCH)
        # Never wait for a row while holding others: somebody may hold it and wait for one of these.
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows = list(await session.execute(outdated))
    table, moved = inspect(column.value.class_).class_, 0
    kept = (
        {table.updated_at: table.updated_at} if issubclass(table, Entity) else {}
    )  # nothing of theirs changed
    for owner, value in rows:
        try:
            key = keyring.unwrap(value, owner=owner, purpose=column.purpose)
        except SealBrokenError:
            continue  # stays as it is, for `safeplate doctor` to name
        changed = await session.execute(
            update(table)
            .where(column.owner == owner, column.value == value)
            .values({column.value: keyring.wrap(key, owner=owner, purpose=column.purpose)} | kept)
            .returning(column.owner)
            .execution_options(synchronize_session=False)
        )
        moved += len(changed.all())
    return _Batch(moved, rows[-1][0] if rows else None, is_last=len(rows) < _BATCH)
