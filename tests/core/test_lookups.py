"""Look-ups on the driver itself: the same answers, as of now, and another way where the driver refuses."""

import asyncio
import sqlite3
import uuid
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.core.database import Database, Lookup
from backend.core.errors import UnavailableError
from backend.models.users import User, UserRole
from tests.factories import make_settings

pytestmark = pytest.mark.anyio

_QUERY = select(User.id, User.role, User.created_at, User.data_key, User.disabled_at).where(
    User.username_key == bindparam("name"), User.created_at <= bindparam("moment")
)
_BY_NAME = Lookup(_QUERY)


async def _add(resources: Resources, name: str) -> uuid.UUID:
    members = {"email": name, "email_key": name, "username": name, "username_key": name}
    async with resources.database.unit() as session:
        user = User(password_hash="", data_key=b"\x00key", **members)
        session.add(user)
        await session.flush()
        return user.id


async def _find(database: Database, name: str) -> tuple[object, ...] | None:
    return await database.look_up(_BY_NAME, {"name": name, "moment": now()})


async def test_a_look_up_gives_what_sqlalchemy_gives(resources: Resources) -> None:
    user_id = await _add(resources, "amira")

    found = await _find(resources.database, "amira")

    async with resources.database.statement() as connection:
        same = (await connection.execute(_QUERY, {"name": "amira", "moment": now()})).one()
    assert found == tuple(same)
    assert found is not None
    assert (found[0], found[1], found[3], found[4]) == (user_id, UserRole.USER, b"\x00key", None)
    assert await _find(resources.database, "boris") is None


async def test_a_look_up_sees_what_was_committed_just_now(resources: Resources) -> None:
    assert await _find(resources.database, "amira") is None

    await _add(resources, "amira")

    assert await _find(resources.database, "amira") is not None


async def test_many_look_ups_and_statements_share_half_of_the_pool(resources: Resources) -> None:
    await _add(resources, "amira")

    async def ask(number: int) -> None:
        if number % 3:
            assert await _find(resources.database, "amira")
        else:
            async with resources.database.statement() as connection:
                await connection.execute(text("SELECT 1"))

    await asyncio.gather(*(ask(number) for number in range(300)))


async def test_a_look_up_whose_connection_was_ended_goes_another_way(resources: Resources) -> None:
    if resources.database.is_sqlite:
        pytest.skip("SQLite has no server that could end a connection")
    await _add(resources, "amira")
    await _find(resources.database, "amira")  # keeps a connection
    async with resources.database.unit() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.1)

    answers = await asyncio.gather(
        *(_find(resources.database, "amira") for _ in range(3)), return_exceptions=True
    )

    assert any(isinstance(answer, tuple) for answer in answers)
    assert all(isinstance(answer, tuple | UnavailableError) for answer in answers)
    assert await _find(resources.database, "amira") is not None


async def test_on_sqlite_a_look_up_makes_no_file_and_cannot_write(tmp_path: Path) -> None:
    database = Database(make_settings(tmp_path))
    try:
        with pytest.raises(UnavailableError):
            await _find(database, "amira")  # there is no such table
        local = database._local_lookups
        assert local is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            local._connected().execute("CREATE TABLE written (id)")
    finally:
        await database.dispose()
