"""What profiles have when their versions begin to be kept."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    ColumnClause,
    DateTime,
    Integer,
    LargeBinary,
    String,
    TableClause,
    Uuid,
    column,
    insert,
    select,
    table,
)

from backend.core import migrations
from backend.core.config import Settings
from backend.core.database import Database
from backend.models.health import HealthProfileRevision
from tests import postgres
from tests.conftest import DATABASES
from tests.factories import make_settings

pytestmark = pytest.mark.anyio

MOMENT = datetime(2026, 11, 23, 10, tzinfo=UTC)
TIMES = {"created_at": MOMENT, "updated_at": MOMENT}
# The tables as they were, not as the models have them now.
_USER_TEXTS = ("email", "email_key", "username", "username_key", "password_hash", "role", "locale")


def _table(name: str, *columns: ColumnClause[Any]) -> TableClause:
    times = [column(time, DateTime(timezone=True)) for time in TIMES]
    return table(name, column("id", Uuid()), *times, *columns)


USERS = _table("users", *(column(name, String()) for name in _USER_TEXTS), column("data_key", LargeBinary()))
PROFILES = _table(
    "health_profiles", column("owner_id", Uuid()), column("relationship", String()),
    column("version", Integer()), column("document", LargeBinary()),
)  # fmt: skip


@pytest.fixture(params=DATABASES)
def before(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Settings]:
    """Return settings of a database that nothing has touched."""
    if request.param == "sqlite":
        yield make_settings(data_dir)
        return
    with postgres.database() as url:
        yield make_settings(data_dir, url)


async def test_the_present_version_of_every_profile_is_the_first_that_is_kept(before: Settings) -> None:
    await migrations.upgrade(before, "20261124_code_points")
    owner, profile = uuid.uuid4(), uuid.uuid4()
    user = dict.fromkeys(_USER_TEXTS, "user") | {"id": owner, "data_key": b"wrapped"} | TIMES
    row = {"id": profile, "owner_id": owner, "relationship": "self", "version": 3, "document": b"sealed"}
    database = Database(before)
    async with database.unit() as session:
        await session.execute(insert(USERS).values(user))
        await session.execute(insert(PROFILES).values(row | TIMES))

    await migrations.upgrade(before)

    async with database.reader() as session:
        (kept,) = await session.scalars(select(HealthProfileRevision))
    await database.dispose()
    assert (kept.profile_id, kept.version, kept.document) == (profile, 3, b"sealed")
    assert (kept.author_id, kept.recorded_at) == (owner, MOMENT)
