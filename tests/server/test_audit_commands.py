"""`safeplate audit` beside a running server, on each database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import delete, update

from backend.core.database import Database
from backend.models.audit import AuditEvent
from tests import postgres
from tests.conftest import DATABASES
from tests.factories import Person, make_person, make_settings
from tests.server.conftest import Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.server]


@pytest.fixture(params=DATABASES)
def busy(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Server]:
    """Return a server whose database a test may spoil."""
    if request.param == "sqlite":
        running = start(data_dir)
        yield running
        stop(running)
        return
    with postgres.database() as url:
        running = start(data_dir, SAFEPLATE_DATABASE__URL=url)
        yield running
        stop(running)


@pytest.fixture
async def amira(busy: Server) -> Person:
    """Return somebody to whom something happened."""
    async with httpx2.AsyncClient(base_url=busy.url, timeout=30) as client:
        return await make_person(client)


@pytest.fixture
async def database(busy: Server) -> AsyncIterator[Database]:
    """Return the server's database, as somebody has it who can write to it."""
    opened = Database(make_settings(busy.data_dir, busy.environment.get("SAFEPLATE_DATABASE__URL")))
    yield opened
    await opened.dispose()


async def test_what_happened_verifies_with_and_without_heads(busy: Server, amira: Person) -> None:
    before = busy.command("audit", "verify")
    written = busy.command("audit", "anchor")
    after = busy.command("audit", "verify")

    assert (before.returncode, written.returncode, after.returncode) == (0, 0, 0), before.stderr
    assert before.stdout.startswith("Whole: 2 events in 1 chains, held against ")
    assert after.stdout == "Whole: 2 events in 1 chains, held against 1 heads.\n"
    assert (busy.data_dir / "audit-heads.jsonl").stat().st_mode & 0o777 == 0o600


async def test_the_first_broken_link_is_named(busy: Server, amira: Person, database: Database) -> None:
    async with database.unit() as session:
        await session.execute(update(AuditEvent).where(AuditEvent.sequence == 2).values(details="{}"))

    done = busy.command("audit", "verify")

    assert done.returncode == 1
    assert done.stderr == f"Broken: chain {amira.id}: event 2 was altered.\n"


async def test_a_cut_tail_is_named(busy: Server, amira: Person, database: Database) -> None:
    busy.command("audit", "anchor")
    async with database.unit() as session:
        await session.execute(delete(AuditEvent).where(AuditEvent.sequence == 2))

    done = busy.command("audit", "verify")

    assert (done.returncode, done.stderr) == (1, f"Broken: chain {amira.id}: cut off after event 1.\n")


async def test_a_file_of_heads_that_was_named_must_be_there(busy: Server) -> None:
    done = busy.command("audit", "verify", "--heads", "nowhere.jsonl")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
