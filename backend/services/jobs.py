"""The outbox: what is asked for in a transaction is done after its commit, at least once.

Any number of processes take jobs side by side. A job's work may run twice (a process dies between the work
and its end), so work must bear repetition.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.caller import Caller
from backend.core.clock import now
from backend.core.config import JobSettings
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.core.metrics import JobCounts
from backend.models.jobs import Job, JobKind
from backend.utils.identifiers import uuid7
from backend.utils.security import SealBrokenError

PAYLOAD: Final = "job"
_BATCH = 20
_FIRST_DELAY = timedelta(seconds=15)
_LAST_DELAY = timedelta(hours=6)
_PAGE = 500
_FAILED_KEPT = timedelta(days=30)


class ForAddress(BaseModel):
    """Payload of work for whoever has an address, if anybody has.

    Attributes:
        email_key: The address in its normal form.
        place: Where the request came from, for what is written down when the work is done.
        is_recorded: Whether it was written down already who asked.
    """

    email_key: str
    place: Caller = Caller()
    is_recorded: bool = False


class ForPerson(BaseModel):
    """Payload of work for a person."""

    user_id: uuid.UUID
    occasion: str


class ForReader(BaseModel):
    """Payload of a letter to an address that is nobody's, or nobody's any more.

    Attributes:
        page: Which of our pages the letter leads to; none where it leads nowhere.
        token: What the page needs.
        date: When what it speaks of happens.
        document: JSON for the reader to keep.
        user_id: The account that it is about, if one is.
    """

    occasion: str
    email: str
    username: str
    locale: str
    page: str | None = None
    token: str | None = None
    date: str = ""
    document: str | None = None
    user_id: uuid.UUID | None = None


class ForChange(BaseModel):
    """Payload of the letter to a new address: the link and the code of a row that is stored already."""

    token_id: uuid.UUID
    token: str
    code: str


class ForRegistration(BaseModel):
    """Payload of opening an account after the answer.

    Attributes:
        user_id: The same at every attempt.
    """

    user_id: uuid.UUID
    email: str
    username: str
    password_hash: str
    place: Caller


class ForExport(BaseModel):
    """Payload of making a copy of somebody's data."""

    export_id: uuid.UUID
    user_id: uuid.UUID


class Nothing(BaseModel):
    """Payload of work that needs none."""


class JobFailedError(Exception):
    """The work will never succeed: the job is kept as failed, and not tried again."""


class JobDelayedError(Exception):
    """The work did not succeed now: the job is tried again later."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job that this process has taken.

    Attributes:
        id: The same at every attempt: work marks what it sends with it.
        payload: JSON.
        attempts: How often it was taken, this time included.
    """

    id: uuid.UUID
    kind: JobKind
    payload: bytes
    attempts: int


Handler = Callable[[Task], Awaitable[None]]


async def enqueue(session: AsyncSession, kind: JobKind, payload: BaseModel, *, keyring: Keyring) -> None:
    """Ask for work: it is done if, and only if, this transaction commits."""
    job_id = uuid7()
    sealed = keyring.wrap(payload.model_dump_json().encode(), owner=job_id, purpose=PAYLOAD)
    session.add(Job(id=job_id, kind=kind, payload=sealed, run_at=now()))


async def run_due(
    database: Database,
    handlers: Mapping[JobKind, Handler],
    *,
    keyring: Keyring,
    settings: JobSettings,
    batch: int = _BATCH,
) -> int:
    """Take what is due of the kinds that have a handler, do it, and return how many jobs were taken.

    What takes long has a loop and a batch of its own, lest others wait for it.
    """
    async with database.unit() as session:
        due = _due(handlers).limit(batch)
        tasks = await _take(session, due, keyring=keyring, lease=settings.lease)
    for task in tasks:
        await _run(database, handlers[task.kind], task, settings)
    return len(tasks)


async def count(database: Database) -> JobCounts:
    """Return how much work there is, and how long the oldest has been due."""
    moment = now()
    due = select(func.count(), func.min(Job.run_at)).where(Job.failed_at.is_(None), Job.run_at <= moment)
    async with database.reader() as session:
        number, oldest = (await session.execute(due)).one()
        failed = await session.scalar(select(func.count()).where(Job.failed_at.is_not(None))) or 0
    return JobCounts(number, failed, (moment - oldest).total_seconds() if number else 0.0)


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


async def hold(session: AsyncSession, task: Task, *, lease: timedelta) -> None:
    """Keep a job for longer: what it asks for takes long, and is still being done."""
    await session.execute(update(Job).where(*_taken(task)).values(locked_until=now() + lease))


def _due(kinds: Iterable[JobKind]) -> Select[Job]:
    moment = now()
    return (
        select(Job)
        .where(
            Job.kind.in_(kinds),
            Job.failed_at.is_(None),
            Job.run_at <= moment,
            or_(Job.locked_until.is_(None), Job.locked_until <= moment),
        )
        .order_by(Job.run_at, Job.id)
        .with_for_update(skip_locked=True)
    )


def _taken(task: Task) -> tuple[ColumnElement[bool], ...]:
    # Who lost a job to another process must not end it, or give it away: the number tells the two apart.
    return (Job.id == task.id, Job.attempts == task.attempts)


async def _take(session: AsyncSession, due: Select[Job], *, keyring: Keyring, lease: timedelta) -> list[Task]:
    moment = now()
    jobs = list(await session.scalars(due))
    tasks = []
    for job in jobs:
        job.locked_until = moment + lease
        job.attempts += 1
        try:
            payload = keyring.unwrap(job.payload, owner=job.id, purpose=PAYLOAD)
        except SealBrokenError:
            # One row that somebody altered must not keep the others from being done.
            job.locked_until, job.failed_at = None, moment
            logger.error("job_failed", code=job.kind)
        else:
            tasks.append(Task(job.id, job.kind, payload, job.attempts))
    return tasks


async def _run(database: Database, handler: Handler, task: Task, settings: JobSettings) -> None:
    try:
        await handler(task)
    except JobFailedError:
        await _keep_as_failed(database, task)
    except JobDelayedError:
        await _try_later(database, task, settings)
    except Exception:  # noqa: BLE001 - one job that nobody foresaw must not keep the others from being done
        logger.exception("job_crashed", code=task.kind)
        await _try_later(database, task, settings)
    else:
        async with database.unit() as session:
            await session.execute(delete(Job).where(*_taken(task)))


async def _keep_as_failed(database: Database, task: Task) -> None:
    logger.error("job_failed", code=task.kind)
    if task.kind is JobKind.FAREWELL:
        # Nothing else is left of whom it was for, and it must not stay instead.
        async with database.unit() as session:
            await session.execute(delete(Job).where(*_taken(task)))
        return
    await _store(database, task, failed_at=now())


async def _try_later(database: Database, task: Task, settings: JobSettings) -> None:
    if task.attempts >= settings.max_attempts:
        await _keep_as_failed(database, task)
        return
    logger.warning("job_delayed", code=task.kind)
    delay = min(_FIRST_DELAY * 2 ** (task.attempts - 1), _LAST_DELAY)
    await _store(database, task, run_at=now() + delay)


async def _store(database: Database, task: Task, **values: datetime) -> None:
    async with database.unit() as session:
        await session.execute(update(Job).where(*_taken(task)).values(locked_until=None, **values))
