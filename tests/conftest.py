"""What every test builds on: the application on each database, with real commits.

Tests of one process share an application and start on empty tables. Only time and mail are replaced.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx2
import hypothesis
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api.dependencies import Resources
from backend.core import clock, migrations
from backend.core.config import Settings
from backend.core.database import metadata
from backend.main import create_app
from backend.services import jobs
from backend.services.credentials import Letters
from tests import postgres
from tests.databases import DATABASES as DATABASES  # noqa: PLC0414 - other tests have it from here
from tests.factories import make_settings, url_of
from tests.nodes import serving, without_keepalive

# The first example of a run loads what is loaded once: no example has a deadline.
hypothesis.settings.register_profile("safeplate", deadline=None)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=2_000, stateful_step_count=100)
hypothesis.settings.load_profile("safeplate")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let servers of their own answer, as on several machines: `make cluster`."""
    help_text = "let so many servers answer in turn, each in a process of its own, instead of this one"
    parser.addoption("--nodes", type=int, default=0, help=help_text)


def pytest_report_header() -> str:
    """Say which PostgreSQL the suite uses."""
    return f"databases: SQLite; {postgres.describe()}"


def pytest_unconfigure() -> None:
    """Stop the server that this process started."""
    postgres.stop()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run every test in one event loop, since connections belong to a loop."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(scope="session", params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of an empty database of this worker."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}"
        return
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of the application under test."""
    return make_settings(tmp_path_factory.mktemp("data"), database_url)


@pytest.fixture(scope="session")
async def shared_app(anyio_backend: object, settings: Settings) -> AsyncIterator[FastAPI]:
    """Return the application, started, on a migrated database."""
    await migrations.upgrade(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def app(shared_app: FastAPI) -> AsyncIterator[FastAPI]:
    """Return the application on empty tables."""
    yield shared_app
    resources: Resources = shared_app.state.resources
    async with resources.database.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())


@pytest.fixture
def resources(app: FastAPI) -> Resources:
    """Return what the application holds."""
    found: Resources = app.state.resources
    return found


@pytest.fixture
async def session(resources: Resources) -> AsyncIterator[AsyncSession]:
    """Return an open unit of work."""
    async with resources.database.unit() as opened:
        yield opened


@pytest.fixture(scope="session")
def nodes_url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str | None]:
    """Return where the servers of `--nodes` answer in turn; None where this process answers."""
    count = request.config.getoption("--nodes")
    if not count:
        yield None
        return
    like_ours = {
        "SAFEPLATE_DATABASE__URL": url_of(settings),
        "SAFEPLATE_RATE_LIMIT__ENABLED": "false",
        "SAFEPLATE_CATALOG__MAX_AGE": "PT0S",
        "SAFEPLATE_MAIL__PUBLIC_URL": settings.mail.public_url,
    }
    with serving([settings.data_dir] * count, like_ours) as (url, _):
        yield url


@pytest.fixture
async def client(app: FastAPI, nodes_url: str | None) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that nobody has signed in."""
    if nodes_url is not None:
        async with without_keepalive(nodes_url) as opened:
            yield opened
        return
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


class FakeClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)  # noqa: TID251 - tokens are compared with real time too

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.moment

    def advance(self, **parts: float) -> None:
        """Let time pass, in the words of `timedelta`."""
        self.moment += timedelta(**parts)


@pytest.fixture
def time(request: pytest.FixtureRequest) -> Iterator[FakeClock]:
    """Take over the clock."""
    if request.config.getoption("--nodes"):
        pytest.skip("moves the clock of this process; the servers have clocks of their own")
    fake = FakeClock()
    with clock.set_source(fake):
        yield fake


class MemoryMailer:
    """Keeps what is sent, and fails where a test says so."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.failure: Exception | None = None

    async def send(self, message: EmailMessage) -> None:
        """Keep a message."""
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)

    def token(self, to: str | None = None) -> str:
        """Return the token of the newest message's link, among those to an address."""
        return self._find(r"token=(\S+)", to)

    def code(self, to: str | None = None) -> str:
        """Return the newest message's code, among those to an address."""
        return self._find(r"(?m): (\d{6})\s*$", to)

    def subjects(self, to: str) -> list[str]:
        """Return what was written to an address, oldest first."""
        return [str(message["Subject"]) for message in self.sent if message["To"] == to]

    def _find(self, pattern: str, to: str | None) -> str:
        message = [message for message in self.sent if to in {None, message["To"]}][-1]
        body = message.get_body(("plain",))
        assert body is not None
        found = re.search(pattern, body.get_content())
        assert found is not None
        return found[1]


@dataclass(frozen=True)
class Post:
    """Mail of the application under test, delivered when a test says so."""

    mailer: MemoryMailer
    resources: Resources

    async def deliver(self) -> int:
        """Do the jobs that are due, and return how many there were."""
        resources = self.resources
        letters = Letters(
            resources.database,
            keyring=resources.keyring,
            mailer=self.mailer,
            settings=resources.settings.mail,
        )
        return await jobs.run_due(
            resources.database,
            letters.handlers(),
            keyring=resources.keyring,
            settings=resources.settings.jobs,
        )


@pytest.fixture
def post(resources: Resources) -> Post:
    """Return the mail of the application under test."""
    return Post(MemoryMailer(), resources)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return a place for a data folder that does not exist yet."""
    return tmp_path / "data"
