"""Taking jobs and doing them. Any number of processes do so side by side."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import tries
from backend.core.clock import now
from backend.core.config import JobSettings
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.jobs import Job, JobKind
from backend.services.jobs.outbox import LAST_DELAY, PAYLOAD, is_due
from backend.utils.security import SealBrokenError

_BATCH: Final = 20
_FIRST_DELAY: Final = timedelta(seconds=15)


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


async def run_due(
    database: Database,
    handlers: Mapping[JobKind, Handler],
    *,
    keyring: Keyring,
    settings: JobSettings,
    batch: int = _BATCH,
    ending: asyncio.Event | None = None,
) -> int:
    """Take what is due of the kinds that have a handler, do it, and return how many jobs were taken.

    What takes long has a loop and a batch of its own, lest others wait for it.

    Args:
        database: Where they are.
        handlers: What does each kind.
        keyring: Opens the payloads.
        settings: How long a job may take, and how often it is tried.
        batch: The most to take at once.
        ending: Set when this process is to end: the job at hand is done, the others are given back.
    """

    async def take() -> list[Task]:
        async with database.unit() as session:
            due = _due(handlers, settings.lease).limit(batch)
            return await _take(session, due, keyring=keyring, lease=settings.lease)

    tasks = await tries.repeated(take)
    for number, task in enumerate(tasks):
        if ending is not None and ending.is_set():
            await _give_back(database, tasks[number:])
            break
        await _run(database, handlers[task.kind], task, settings)
    return len(tasks)


async def hold(session: AsyncSession, task: Task, *, lease: timedelta) -> None:
    """Keep a job for longer: what it asks for takes long, and is still being done."""
    await session.execute(update(Job).where(*_taken(task)).values(locked_until=now() + lease))


def _due(kinds: Iterable[JobKind], lease: timedelta) -> Select[Job]:
    """Return what is to be done now, and is nobody's.

    A lease that ends later than any can was given before the clock went back. The margin is for clocks that
    differ, and for processes with another setting.
    """
    moment = now()
    return (
        select(Job)
        .where(
            Job.kind.in_(kinds),
            Job.failed_at.is_(None),
            is_due(moment),
            or_(
                Job.locked_until.is_(None),
                Job.locked_until <= moment,
                Job.locked_until > moment + lease + LAST_DELAY,
            ),
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


async def _give_back(database: Database, tasks: Sequence[Task]) -> None:
    """Let others have at once what this process took and has not begun."""
    for task in tasks:
        unbegun = update(Job).where(*_taken(task)).values(locked_until=None, attempts=Job.attempts - 1)
        await _execute(database, unbegun)


async def _execute(database: Database, statement: Update | Delete) -> None:
    """Do one statement in a unit of its own, again where the database undid it, or mail goes out twice."""

    async def work() -> None:
        async with database.unit() as session:
            await session.execute(statement.execution_options(synchronize_session=False))

    await tries.repeated(work)


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
        await _execute(database, delete(Job).where(*_taken(task)))


async def _keep_as_failed(database: Database, task: Task) -> None:
    logger.error("job_failed", code=task.kind)
    if task.kind is JobKind.FAREWELL:
        # Nothing else is left of whom it was for, and it must not stay instead.
        await _execute(database, delete(Job).where(*_taken(task)))
        return
    await _store(database, task, failed_at=now())


async def _try_later(database: Database, task: Task, settings: JobSettings) -> None:
    if task.attempts >= settings.max_attempts:
        await _keep_as_failed(database, task)
        return
    logger.warning("job_delayed", code=task.kind)
    delay = min(_FIRST_DELAY * 2 ** (task.attempts - 1), LAST_DELAY)
    await _store(database, task, run_at=now() + delay)


async def _store(database: Database, task: Task, **values: datetime) -> None:
    await _execute(database, update(Job).where(*_taken(task)).values(locked_until=None, **values))
