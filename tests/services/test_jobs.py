"""The outbox: done if the transaction commits, by one process at a time, again until it works."""

import asyncio
import uuid
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.core.errors import ConflictError
from backend.core.mail import MailDelayedError, MailRefusedError
from backend.models.jobs import Job, JobKind
from backend.services import jobs
from backend.services.jobs import ForAddress, Task
from tests.conftest import FakeClock, Post
from tests.factories import register

pytestmark = pytest.mark.anyio


async def _ask(resources: Resources, kind: JobKind = JobKind.NOTIFY) -> None:
    async with resources.database.unit() as session:
        await jobs.enqueue(session, kind, ForAddress(email_key="amira"), keyring=resources.keyring)


async def _jobs(resources: Resources) -> list[Job]:
    async with resources.database.reader() as session:
        return list(await session.scalars(select(Job)))


async def _run(resources: Resources, handler: jobs.Handler) -> int:
    return await jobs.run_due(
        resources.database,
        dict.fromkeys(JobKind, handler),
        keyring=resources.keyring,
        settings=resources.settings.jobs,
    )


async def test_work_is_done_only_if_its_transaction_commits(resources: Resources) -> None:
    async def fail() -> None:
        async with resources.database.unit() as session:
            payload = ForAddress(email_key="amira")
            await jobs.enqueue(session, JobKind.NOTIFY, payload, keyring=resources.keyring)
            raise ConflictError

    with pytest.raises(ConflictError):
        await fail()

    assert await _jobs(resources) == []


async def test_what_is_asked_for_is_sealed(resources: Resources) -> None:
    await _ask(resources)

    (job,) = await _jobs(resources)

    assert b"amira" not in job.payload


async def test_processes_side_by_side_do_each_job_once(resources: Resources) -> None:
    for _ in range(30):
        await _ask(resources)
    done: list[uuid.UUID] = []

    async def handle(task: Task) -> None:
        await asyncio.sleep(0)
        done.append(task.id)

    taken = await asyncio.gather(*(_run(resources, handle) for _ in range(4)))

    assert sum(taken) == len(done) == len(set(done)) == 30
    assert await _jobs(resources) == []


async def test_a_process_that_is_to_end_finishes_the_job_at_hand_and_gives_the_others_back(
    resources: Resources,
) -> None:
    for _ in range(4):
        await _ask(resources)
    ending, done = asyncio.Event(), list[uuid.UUID]()

    async def handle(task: Task) -> None:
        done.append(task.id)
        if len(done) == 2:
            ending.set()

    handlers = dict.fromkeys(JobKind, handle)
    settings = resources.settings.jobs
    await jobs.run_due(
        resources.database, handlers, keyring=resources.keyring, settings=settings, ending=ending
    )
    left = await _jobs(resources)

    assert len(done) == len(left) == 2
    assert not set(done) & {job.id for job in left}
    assert {(job.locked_until, job.attempts) for job in left} == {(None, 0)}
    assert await _run(resources, handle) == 2  # by another process, at once


async def test_the_job_of_a_process_that_died_is_taken_over(resources: Resources, time: FakeClock) -> None:
    await _ask(resources)
    attempts: list[int] = []

    async def die(task: Task) -> None:
        attempts.append(task.attempts)
        raise asyncio.CancelledError

    async def handle(task: Task) -> None:
        attempts.append(task.attempts)

    with pytest.raises(asyncio.CancelledError):
        await _run(resources, die)
    assert await _run(resources, handle) == 0
    time.advance(minutes=3)

    assert await _run(resources, handle) == 1
    assert attempts == [1, 2]
    assert await _jobs(resources) == []


async def test_what_is_to_be_done_does_not_wait_for_a_clock_that_went_back(
    resources: Resources, time: FakeClock
) -> None:
    async def fail(_: Task) -> None:
        raise jobs.JobDelayedError

    await _ask(resources)
    time.advance(days=-1)
    assert await _run(resources, fail) == 1
    assert await _run(resources, fail) == 0  # its delay counts from the clock as it is now

    time.advance(days=-1)

    assert await _run(resources, fail) == 1


async def test_a_lease_from_before_a_clock_went_back_holds_no_job(
    resources: Resources, time: FakeClock
) -> None:
    async def die(_: Task) -> None:
        raise asyncio.CancelledError

    async def handle(_: Task) -> None:
        pass

    await _ask(resources)
    with pytest.raises(asyncio.CancelledError):
        await _run(resources, die)
    time.advance(minutes=-1)
    assert await _run(resources, handle) == 0  # clocks may differ by as much

    time.advance(days=-1)

    assert await _run(resources, handle) == 1


async def test_what_waits_is_counted_whatever_the_clock_did(resources: Resources, time: FakeClock) -> None:
    await _ask(resources)
    time.advance(days=-1)

    counts = await jobs.count(resources.database)

    assert (counts.due, counts.oldest_seconds) == (1, 0.0)


async def test_mail_that_cannot_go_now_goes_later_and_ever_less_often(post: Post, time: FakeClock) -> None:
    await _ask(post.resources, JobKind.VERIFY_EMAIL)
    waits: list[timedelta] = []

    async def delay(_: Task) -> None:
        raise jobs.JobDelayedError

    for _ in range(post.resources.settings.jobs.max_attempts - 1):
        assert await _run(post.resources, delay) == 1
        (job,) = await _jobs(post.resources)
        waits.append(job.run_at - time())
        assert await _run(post.resources, delay) == 0
        time.moment = job.run_at

    assert waits[:4] == [timedelta(seconds=seconds) for seconds in (15, 30, 60, 120)]
    assert waits == sorted(waits)
    await _run(post.resources, delay)
    (job,) = await _jobs(post.resources)
    assert job.failed_at is not None
    assert await _run(post.resources, delay) == 0


@pytest.mark.parametrize(
    ("failure", "sent", "failed"),
    [(MailDelayedError("SMTP 451"), 1, 0), (MailRefusedError("SMTP 550"), 0, 1)],
)
async def test_a_server_that_fails_is_asked_again_unless_it_refuses(
    client: httpx2.AsyncClient, post: Post, time: FakeClock, failure: Exception, sent: int, failed: int
) -> None:
    await register(client)
    post.mailer.failure = failure

    await post.deliver()
    post.mailer.failure = None
    time.advance(minutes=1)
    await post.deliver()

    assert len(post.mailer.sent) == sent
    assert [job.failed_at is not None for job in await _jobs(post.resources)] == [True] * failed


async def test_a_job_that_breaks_keeps_no_other_from_being_done(
    resources: Resources, time: FakeClock
) -> None:
    for _ in range(3):
        await _ask(resources)
    broken = min(job.id for job in await _jobs(resources))
    done: list[uuid.UUID] = []

    async def handle(task: Task) -> None:
        if task.id == broken:
            raise ValueError
        done.append(task.id)

    await _run(resources, handle)
    assert len(done) == 2

    for _ in range(resources.settings.jobs.max_attempts):
        time.advance(hours=7)
        await _run(resources, handle)

    (kept,) = await _jobs(resources)
    assert kept.id == broken
    assert kept.failed_at is not None


async def test_a_failed_job_is_forgotten_in_the_end(resources: Resources, time: FakeClock) -> None:
    async def fail(_: Task) -> None:
        raise jobs.JobFailedError

    await _ask(resources)
    await _run(resources, fail)
    await _ask(resources)
    found = []
    for days in (29, 2):
        time.advance(days=days)
        await jobs.purge(resources.database)
        found.append([job.failed_at is not None for job in await _jobs(resources)])

    assert [sorted(failed) for failed in found] == [[False, True], [False]]
