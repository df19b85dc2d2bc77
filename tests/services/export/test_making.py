"""Making a copy where things go wrong: processes die or are slow, owners leave, rows are altered."""

import asyncio
import uuid
from contextlib import suppress
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, update

from backend.api.dependencies import Resources
from backend.models.audit import AuditEvent
from backend.models.export import Export, ExportChunk, ExportState
from backend.models.health import HealthProfile
from backend.models.idempotency import IdempotencyKey
from backend.models.jobs import Job, JobKind
from backend.models.users import User
from backend.services import export, idempotency, jobs
from backend.services.export import Exports
from backend.services.jobs import Task
from backend.services.users import DATA_KEY
from backend.utils.security import seal
from tests.conftest import FakeClock, Post
from tests.exports import EXPORT, SMALL_CHUNKS, Taken, ask_for_export, download, make_exports, remove_account
from tests.factories import Person, make_person, make_profile

pytestmark = pytest.mark.anyio


@pytest.fixture
async def amira(client: httpx2.AsyncClient, post: Post) -> Person:
    """Return somebody who has a profile."""
    person = await make_person(client)
    await make_profile(client, person)
    await post.deliver()
    return person


async def _take_job(resources: Resources) -> Task:
    """Take a job like a process that then says no more."""
    taken: list[Task] = []

    async def die(task: Task) -> None:
        taken.append(task)
        raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await jobs.run_due(
            resources.database,
            {JobKind.EXPORT: die},
            keyring=resources.keyring,
            settings=resources.settings.jobs,
        )
    return taken[0]


def _work(resources: Resources, task: Task) -> asyncio.Task[None]:
    """Begin to make a copy, and go on while the test does something else."""
    exports = Exports(
        resources.database,
        keyring=resources.keyring,
        settings=resources.settings.jobs,
        chunk_bytes=SMALL_CHUNKS,
    )

    async def work() -> None:
        await exports.handlers()[JobKind.EXPORT](task)

    return asyncio.create_task(work())


async def _chunks(resources: Resources) -> list[tuple[int, int]]:
    query = select(ExportChunk.attempt, ExportChunk.number).order_by(ExportChunk.attempt, ExportChunk.number)
    async with resources.database.reader() as session:
        return [(attempt, number) for attempt, number in await session.execute(query)]


async def _until_something_is_written(resources: Resources) -> None:
    async with asyncio.timeout(60):
        while not await _chunks(resources):
            pass


async def _state(resources: Resources) -> ExportState:
    async with resources.database.reader() as session:
        return (await session.scalars(select(Export.state))).one()


async def test_half_a_file_of_a_process_that_died_is_never_given(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    asked = (await ask_for_export(client, amira)).json()
    dying = _work(resources, await _take_job(resources))
    await _until_something_is_written(resources)
    dying.cancel()
    await asyncio.wait([dying])

    half = await download(client, amira, asked["id"])
    too_early = await make_exports(resources)
    time.advance(minutes=3)
    taken_over = await make_exports(resources)
    whole = await download(client, amira, asked["id"])

    assert dying.cancelled()
    assert (half.status_code, half.json()["code"]) == (409, "export-not-ready")
    assert (too_early, taken_over) == (0, 1)
    assert Taken(whole.content).json("profile.json")["profiles"][0]["display_name"] == "Amira"
    assert {attempt for attempt, _ in await _chunks(resources)} == {2}
    async with resources.database.reader() as session:
        assert (await session.scalars(select(Job).where(Job.kind == JobKind.EXPORT))).all() == []


async def test_a_slow_process_that_was_overtaken_spoils_nothing(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    asked = (await ask_for_export(client, amira)).json()
    slow = _work(resources, await _take_job(resources))
    await _until_something_is_written(resources)
    time.advance(minutes=5)

    await make_exports(resources)
    await slow
    whole = await download(client, amira, asked["id"])

    assert whole.status_code == 200, whole.text
    assert Taken(whole.content).json("account.json")["account"]["username"] == "amira"
    assert len({attempt for attempt, _ in await _chunks(resources)}) == 1


async def test_a_job_is_held_while_it_is_done(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    await ask_for_export(client, amira)
    task = await _take_job(resources)
    lease = resources.settings.jobs.lease
    time.advance(seconds=lease.total_seconds() - 1)

    async with resources.database.unit() as session:
        await jobs.hold(session, task, lease=lease)
    time.advance(seconds=lease.total_seconds() - 1)
    still_held = await make_exports(resources)
    time.advance(seconds=1)
    given_away = await make_exports(resources)

    assert (still_held, given_away) == (0, 1)


async def test_who_lost_a_job_cannot_end_it_for_the_other(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    await ask_for_export(client, amira)
    first = asyncio.Event()

    async def slow(task: Task) -> None:
        if task.attempts == 1:
            await first.wait()
        else:
            raise asyncio.CancelledError

    async def run() -> int:
        handlers = {JobKind.EXPORT: slow}
        return await jobs.run_due(
            resources.database, handlers, keyring=resources.keyring, settings=resources.settings.jobs
        )

    slow_run = asyncio.create_task(run())
    async with asyncio.timeout(60):
        while (await _job(resources)).attempts == 0:
            pass
    time.advance(minutes=3)
    with suppress(asyncio.CancelledError):
        await run()
    first.set()
    await slow_run

    assert (await _job(resources)).attempts == 2
    assert (await _job(resources)).locked_until is not None


async def _job(resources: Resources) -> Job:
    async with resources.database.reader() as session:
        return (await session.scalars(select(Job).where(Job.kind == JobKind.EXPORT))).one()


async def test_nothing_is_left_of_whoever_leaves_while_it_is_made(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, post: Post
) -> None:
    await ask_for_export(client, amira)
    working = _work(resources, await _take_job(resources))
    await _until_something_is_written(resources)

    await remove_account(resources, amira)
    await working

    async with resources.database.reader() as session:
        tables = (User, Export, ExportChunk)
        left = [await session.scalar(select(func.count()).select_from(table)) for table in tables]
    assert left == [0, 0, 0]
    await post.deliver()
    assert post.mailer.subjects(amira.email) == ["Confirm your email address"]


async def test_a_document_that_cannot_be_opened_is_named_and_the_rest_is_there(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    async with resources.database.unit() as session:
        await session.execute(update(HealthProfile).values(document=b"spoilt"))
    asked = (await ask_for_export(client, amira)).json()

    await make_exports(resources)

    written = Taken((await download(client, amira, asked["id"])).content).json("profile.json")
    assert written["profiles"] == []
    assert [revision["version"] for revision in written["revisions"]]
    (unreadable,) = written["unreadable"]
    assert unreadable["profile_id"] == written["revisions"][0]["profile_id"]
    assert unreadable["is_present"] is True


async def test_answers_of_before_they_were_of_a_profile_are_left_out(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    row = {"user_id": amira.id, "request": "", "expires_at": time() + timedelta(days=1)}
    async with resources.database.unit() as session:
        session.add(IdempotencyKey(key="of before", answer=b"sealed then", subject_id=None, **row))
        session.add(IdempotencyKey(key="spoilt", answer=b"spoilt", subject_id=uuid.uuid4(), **row))
    asked = (await ask_for_export(client, amira)).json()

    await make_exports(resources)

    written = Taken((await download(client, amira, asked["id"])).content).json("account.json")
    assert [answer["answer"] for answer in written["answers"]] == [None]


async def test_what_cannot_be_made_fails_at_once_and_its_owner_is_told(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, post: Post
) -> None:
    async with resources.database.unit() as session:
        await session.execute(update(AuditEvent).values(place=b"spoilt"))
    asked = (await ask_for_export(client, amira)).json()

    await make_exports(resources)

    failed = (await client.get(f"{EXPORT}/{asked['id']}", headers=amira.headers)).json()
    refused = await download(client, amira, asked["id"])
    again = (await ask_for_export(client, amira)).json()
    assert (failed["state"], refused.json()["code"]) == ("failed", "export-not-ready")
    assert await _chunks(resources) == []
    assert (again["state"], again["id"] != asked["id"]) == ("pending", True)
    await post.deliver()
    assert post.mailer.subjects(amira.email)[1:] == ["The copy of your data could not be made"]


async def test_what_breaks_is_tried_again_and_given_up_in_the_end(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    asked = (await ask_for_export(client, amira)).json()
    async with resources.database.unit() as session:
        # Sealed as it must be, and not what anything here can read.
        owner = (await session.scalars(select(User))).one()
        data_key = resources.keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
        strange = IdempotencyKey(
            key="strange",
            user_id=owner.id,
            request="",
            answer=seal(data_key, b"{", associated=idempotency._binding(owner, "strange")),
            subject_id=uuid.uuid4(),
            expires_at=time() + timedelta(days=30),
        )
        session.add(strange)
    states = []
    for _ in range(resources.settings.jobs.max_attempts):
        await make_exports(resources)
        states.append(await _state(resources))
        time.advance(hours=7)

    assert states[:-1] == [ExportState.PENDING] * (len(states) - 1)
    assert states[-1] is ExportState.FAILED
    assert await _chunks(resources) == []
    assert asked["state"] == "pending"


async def test_one_that_nobody_makes_counts_as_failed_after_two_days(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    first = (await ask_for_export(client, amira)).json()
    late = _work(resources, await _take_job(resources))
    await _until_something_is_written(resources)
    time.advance(days=2)

    await export.purge(resources.database)
    await late

    assert first["state"] == "pending"
    assert await _state(resources) is ExportState.FAILED
    assert await _chunks(resources) == []
