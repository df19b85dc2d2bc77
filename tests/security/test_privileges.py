"""The service can do its work as a role of the database that may neither change the schema nor the audit."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest
from sqlalchemy import make_url

from backend.core import migrations
from backend.main import create_app
from tests import postgres
from tests.factories import erase, make_person, make_profile, make_settings

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("privileges")]
GUIDE = Path(__file__).parents[2] / "docs" / "security" / "operations.md"


@dataclass(frozen=True)
class Narrow:
    """A migrated database, and the URL of a role that may do what the guide grants."""

    owner_url: str
    url: str


def _grants(role: str) -> str:
    """Return the statements of the guide, for a role of another name."""
    _, _, rest = GUIDE.read_text("utf-8").partition("```sql\n")
    return rest.partition("```")[0].replace("safeplate_app", role)


@pytest.fixture
def owner_url() -> Iterator[str]:
    """Return the URL of an empty database, as its owner."""
    with postgres.database() as url:
        yield url


@pytest.fixture
async def narrow(owner_url: str, tmp_path: Path) -> AsyncIterator[Narrow]:
    """Migrate as the owner, and grant a role what the guide says."""
    await migrations.upgrade(make_settings(tmp_path, owner_url))
    role = f"app_{uuid.uuid4().hex[:12]}"
    owner = await asyncpg.connect(owner_url)
    await owner.execute(_grants(role))
    narrow_url = make_url(owner_url).set(username=role, password="change-me")
    yield Narrow(owner_url, narrow_url.render_as_string(hide_password=False))
    await owner.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
    await owner.close()


async def test_the_guides_grants_are_enough_to_serve(narrow: Narrow, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, narrow.url)
    await migrations.upgrade(settings)  # finds nothing to do
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        amira = await make_person(client)
        await make_profile(client, amira)
        refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token})
        activity = await client.get("/api/v1/users/me/activity", headers=amira.headers)
        removed = await erase(client, amira)

    assert (refreshed.status_code, removed.status_code) == (200, 200)
    assert len(activity.json()["items"]) >= 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET details = '{}'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DELETE FROM audit_chains",
        "DELETE FROM erasure_receipts",
        "UPDATE erasure_receipts SET signature = ''",
        "DROP TABLE users",
        "ALTER TABLE users ADD COLUMN spare int",
        "CREATE TABLE spare (id int)",
        "CREATE ROLE spare",
        "UPDATE alembic_version SET version_num = 'x'",
        "COPY users TO PROGRAM 'cat'",
    ],
)
async def test_the_grants_do_not_reach_the_schema_or_the_audit(narrow: Narrow, statement: str) -> None:
    role = await asyncpg.connect(narrow.url)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(statement)

    await role.close()
