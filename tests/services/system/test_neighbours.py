"""What `safeplate doctor` says of the database's server, the time, mail and the counter."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Debugging
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from backend.api.dependencies import Resources
from backend.core import clock
from backend.core.config import Settings
from backend.core.database import Database
from backend.schemas.system import Finding, FindingState
from backend.services import system
from tests.factories import make_person, make_settings
from tests.loopback import free_port

pytestmark = pytest.mark.anyio

USER = {"username": "safeplate", "password": "s3cret"}


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    return AuthResult(success=getattr(data, "password", b"") == b"s3cret")


@pytest.fixture
def mail_port() -> Iterator[int]:
    """Return the port of an SMTP server that knows one password and takes no letters for anybody."""
    controller = Controller(
        Debugging(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=_authenticate,
        auth_require_tls=False,
    )
    controller.start()
    yield controller.port
    controller.stop()


async def _findings(database: Database, settings: Settings, check: str) -> list[Finding]:
    return [found async for found in system.examine_neighbours(database, settings) if found.check == check]


def _changed(settings: Settings, folder: Path, **changes: Any) -> Settings:
    return make_settings(folder, settings.database_url.render_as_string(hide_password=False), **changes)


async def test_the_database_says_what_it_is(resources: Resources) -> None:
    found = await _findings(resources.database, resources.settings, "database")

    assert found[0].state is FindingState.OK, found
    assert found[0].detail.startswith(("SQLite 3.", "PostgreSQL 1"))
    assert FindingState.WRONG not in {finding.state for finding in found}


async def test_a_database_that_is_not_there_is_told(data_dir: Path) -> None:
    settings = make_settings(data_dir, f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    database = Database(settings)

    (finding,) = await _findings(database, settings, "database")
    await database.dispose()

    assert (finding.state, finding.detail) == (FindingState.WRONG, "cannot be reached")


async def test_a_clock_that_was_set_back_is_told(client: httpx2.AsyncClient, resources: Resources) -> None:
    await make_person(client)
    (before,) = await _findings(resources.database, resources.settings, "clock")
    past = clock.now() - timedelta(hours=1)

    with clock.set_source(lambda: past):
        (after,) = await _findings(resources.database, resources.settings, "clock")

    assert before.state is FindingState.OK
    assert after.state is FindingState.WRONG


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        pytest.param(USER, FindingState.OK, "takes the password", id="right"),
        pytest.param(USER | {"password": "wrong"}, FindingState.WRONG, "signing in failed", id="password"),
        pytest.param({"security": "starttls"}, FindingState.WRONG, "connecting failed", id="starttls"),
        pytest.param({"port": 1}, FindingState.WRONG, "connecting failed", id="port"),
    ],
)
async def test_mail_is_tried_without_sending(
    resources: Resources,
    data_dir: Path,
    mail_port: int,
    changes: dict[str, Any],
    state: FindingState,
    word: str,
) -> None:
    mail = {"host": "127.0.0.1", "port": mail_port, "security": "none", "timeout": 5} | changes
    settings = _changed(resources.settings, data_dir, mail=mail)

    (finding,) = await _findings(resources.database, settings, "mail")

    assert finding.state is state
    assert word in finding.detail
    assert [part for part in ("s3cret", "wrong", "127.0.0.1") if part in finding.detail] == []


@pytest.mark.parametrize("port", [6379, 1])
async def test_the_counter_is_asked(resources: Resources, data_dir: Path, port: int) -> None:
    with socket.socket() as probe:
        is_there = not probe.connect_ex(("127.0.0.1", port))
    if port != 1 and not is_there:
        pytest.skip("no Redis answers on loopback's standard port")
    settings = _changed(resources.settings, data_dir, redis={"url": f"redis://127.0.0.1:{port}/0"})

    (finding,) = await _findings(resources.database, settings, "counter")

    assert finding.state is (FindingState.WRONG if port == 1 else FindingState.OK), finding.detail
