"""Units of work, on both databases."""

import asyncio

import httpx2
import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.core.database import Database, violates
from backend.core.errors import ConflictError, UnavailableError
from backend.models.users import User
from backend.utils.identifiers import uuid7
from tests.factories import make_settings, register, url_of

pytestmark = pytest.mark.anyio


class KeptError(ConflictError):
    """A failure whose writes are kept."""

    keeps_writes = True


def _user(name: str, **changes: object) -> User:
    members = {"email": name, "email_key": name, "username": name, "username_key": name}
    return User(password_hash="", data_key=b"", **(members | changes))


async def _count(resources: Resources) -> int:
    async with resources.database.reader() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def test_a_unit_stores_everything_at_its_end(resources: Resources) -> None:
    async with resources.database.unit() as session:
        session.add(_user("amira"))
        await session.flush()
        before = await _count(resources)

    assert (before, await _count(resources)) == (0, 1)


@pytest.mark.parametrize(
    ("error", "kept"), [(ConflictError, 0), (KeyError, 0), (asyncio.CancelledError, 0), (KeptError, 1)]
)
async def test_a_unit_that_fails_stores_nothing_unless_the_error_says_so(
    resources: Resources, error: type[BaseException], kept: int
) -> None:
    async def fail() -> None:
        async with resources.database.unit() as session:
            session.add(_user("amira"))
            await session.flush()
            raise error

    with pytest.raises(error):
        await fail()

    assert await _count(resources) == kept


async def test_a_commit_that_fails_is_told_to_the_caller(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    def fail(_: object) -> None:
        raise ConnectionResetError

    event.listen(resources.database.engine.sync_engine, "commit", fail)
    try:
        response = await register(client)
    finally:
        event.remove(resources.database.engine.sync_engine, "commit", fail)

    assert (response.status_code, response.json()["code"]) == (503, "commit-in-doubt")
    assert await _count(resources) == 0
    assert (await register(client)).status_code == 201


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"email_key": "amira"}, "uq_users_email_key"),
        ({"username_key": "amira"}, "uq_users_username_key"),
    ],
)
async def test_a_violation_is_recognised_by_its_constraint(
    resources: Resources, changes: dict[str, object], constraint: str
) -> None:
    async with resources.database.unit() as session:
        session.add(_user("amira"))

    with pytest.raises(IntegrityError) as caught:
        async with resources.database.unit() as session:
            session.add(_user("boris", **changes))

    names = ("uq_users_email_key", "uq_users_username_key")
    assert [name for name in names if violates(caught.value, name)] == [constraint]
    assert "boris" not in str(caught.value)


@pytest.mark.parametrize("processes", [1, 2])
async def test_200_concurrent_increments_all_count(
    resources: Resources, settings: Settings, processes: int
) -> None:
    # Two databases stand for two processes: neither sees the other's queue.
    databases = [resources.database, Database(settings)][:processes]
    async with resources.database.unit() as session:
        session.add(_user("amira", locale="0"))

    async def increment(database: Database) -> None:
        async with database.unit() as session:
            user = await session.scalar(select(User).with_for_update())
            assert user is not None
            user.locale = str(int(user.locale) + 1)

    await asyncio.gather(*(increment(databases[number % processes]) for number in range(200)))

    for database in databases[1:]:
        await database.dispose()
    async with resources.database.reader() as session:
        assert await session.scalar(select(User.locale)) == "200"


async def test_a_full_queue_asks_the_caller_to_come_back(settings: Settings) -> None:
    database = Database(
        make_settings(
            settings.data_dir,
            database={"url": url_of(settings), "pool_size": 2, "acquire_timeout": "PT0.05S"},
        )
    )

    async def hold(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    async with database.unit() as first:
        await hold(first)
        with pytest.raises(UnavailableError):
            async with database.unit() as second:
                await hold(second)
    async with database.unit() as third:
        await hold(third)
    await database.dispose()


async def test_a_unit_takes_its_place_at_the_first_statement_and_not_before(resources: Resources) -> None:
    async with resources.database.unit(), resources.database.unit() as second:
        second.add(_user("amira"))
        await second.flush()

    assert await _count(resources) == 1


def test_identifiers_sort_by_time_and_are_version_7() -> None:
    made = [uuid7() for _ in range(3)]

    assert {identifier.version for identifier in made} == {7}
    assert len(set(made)) == 3
