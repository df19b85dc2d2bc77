"""Asking for work, and taking back what was asked for."""

import json
import uuid
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.metrics import JobCounts
from backend.models.jobs import Job, JobKind
from backend.services.jobs.payloads import Nothing
from backend.utils.identifiers import uuid7
from backend.utils.security import SealBrokenError

PAYLOAD: Final = "job"
_PAGE = 500
_FAILED_KEPT = timedelta(days=30)
LAST_DELAY: Final = timedelta(hours=6)
"""The longest time after which work that did not succeed is done again."""


async def enqueue(session: AsyncSession, kind: JobKind, payload: BaseModel, *, keyring: Keyring) -> None:
    """Ask for work: it is done if, and only if, this transaction commits."""
    job_id = uuid7()
    sealed = keyring.wrap(payload.model_dump_json().encode(), owner=job_id, purpose=PAYLOAD)
    session.add(Job(id=job_id, kind=kind, payload=sealed, run_at=now()))


def is_due(moment: datetime) -> ColumnElement[bool]:
    """Return what is to be done now. What was to be done at once waits for no clock that went back."""
    return or_(Job.run_at <= moment, Job.attempts == 0, Job.run_at > moment + LAST_DELAY)


async def count(database: Database) -> JobCounts:
    """Return how much work there is, and how long the oldest has been due."""
    moment = now()
    due = select(func.count(), func.min(Job.run_at)).where(Job.failed_at.is_(None), is_due(moment))
    async with database.reader() as session:
        number, oldest = (await session.execute(due)).one()
        failed = await session.scalar(select(func.count()).where(Job.failed_at.is_not(None))) or 0
    return JobCounts(number, failed, max(0.0, (moment - oldest).total_seconds()) if number else 0.0)


async def purge(database: Database) -> None:
    """Delete jobs that failed long ago: their payloads hold addresses, of people too who have left."""
    async with database.unit() as session:
        await session.execute(delete(Job).where(Job.failed_at < now() - _FAILED_KEPT))


async def forget(session: AsyncSession, names: AbstractSet[str], *, keyring: Keyring) -> int:
    """Delete work, waiting or failed, that leads to a person; return how much there was.

    Payloads are sealed, so each is opened: few wait at any time. A registration that waits is for an account
    that is not there yet, a last letter for one that is gone.

    Args:
        session: A unit of work.
        names: The account's id, its addresses, and what else may stand for it in a payload.
        keyring: Opens the payloads.
    """
    theirs: list[uuid.UUID] = []
    others = (JobKind.REGISTER, JobKind.FAREWELL)
    query = select(Job.id, Job.payload).where(Job.kind.not_in(others)).execution_options(yield_per=_PAGE)
    async for job_id, payload in await session.stream(query):
        try:
            members = json.loads(keyring.unwrap(payload, owner=job_id, purpose=PAYLOAD))
        except SealBrokenError:
            continue  # what nobody can open leads to nobody
        if not names.isdisjoint(value for value in members.values() if isinstance(value, str)):
            theirs.append(job_id)
    await session.execute(delete(Job).where(Job.id.in_(theirs)).execution_options(synchronize_session=False))
    return len(theirs)


async def enqueue_scrub(session: AsyncSession, *, keyring: Keyring) -> None:
    """Ask for SQLite's file to be rewritten afterwards, unless somebody has asked already."""
    if session.info["dialect"] != "sqlite":
        return
    waiting = select(Job.id).where(
        Job.kind == JobKind.SCRUB, Job.locked_until.is_(None), Job.failed_at.is_(None)
    )
    if await session.scalar(waiting.limit(1)) is None:
        await enqueue(session, JobKind.SCRUB, Nothing(), keyring=keyring)
