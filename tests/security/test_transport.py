"""Connections that leave the service: TLS, to whom it was meant, or none."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from backend.core.config import MailSettings
from backend.core.database import Database, tls
from backend.core.errors import UnavailableError
from backend.core.mail import MailDelayedError, SmtpMailer
from backend.core.rate_limits import RateLimits
from backend.services.mail import Enclosure, Occasion, Recipient, compose
from backend.utils import postgres_urls
from tests.certificates import Certificate, make_certificate
from tests.core.test_mail import Mailbox
from tests.factories import make_settings
from tests.loopback import free_port

pytestmark = pytest.mark.anyio

_SSL_REQUEST = (8).to_bytes(4) + (80_877_103).to_bytes(4)  # PostgreSQL's message formats, "SSLRequest"


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """Return a certificate that is right for `localhost`, if one trusts it."""
    return make_certificate(tmp_path, "localhost")


@asynccontextmanager
async def _listening(certificate: Certificate, *, offers_tls: bool) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Be a PostgreSQL server up to the point where names and passwords would follow."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(8) == _SSL_REQUEST:
                writer.write(b"S" if offers_tls else b"N")
                if offers_tls:
                    await writer.start_tls(certificate.context())
            heard.append(await reader.read(1_000))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone, as it should
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def _connect(tmp_path: Path, url: str) -> None:
    database = Database(make_settings(tmp_path, url))
    try:
        async with database.statement() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await database.dispose()


@pytest.fixture
def afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take loopback for another machine: there is no other one in a test."""
    monkeypatch.setattr(tls, "is_here", lambda _: False)


@pytest.mark.parametrize("offers_tls", [True, False])
@pytest.mark.usefixtures("afar")
async def test_a_database_elsewhere_must_show_a_certificate_that_is_trusted(
    tmp_path: Path, certificate: Certificate, *, offers_tls: bool
) -> None:
    async with _listening(certificate, offers_tls=offers_tls) as (port, heard):
        with pytest.raises((UnavailableError, ssl.SSLError)):
            await _connect(tmp_path, f"postgresql://safeplate:s3cret@localhost:{port}/safeplate")

    assert not any(heard)


@pytest.mark.usefixtures("afar")
async def test_a_database_elsewhere_is_spoken_to_once_its_certificate_is_trusted(
    tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    async with _listening(certificate, offers_tls=True) as (port, heard):
        with pytest.raises(UnavailableError):  # the server says nothing more
            await _connect(tmp_path, f"postgresql://safeplate:s3cret@localhost:{port}/safeplate")

    assert b"safeplate" in b"".join(heard)


@pytest.mark.parametrize(
    ("options", "is_trusted"),
    [("sslrootcert={}", True), ("sslmode=require&sslrootcert={}", True), ("sslmode=verify-ca", False)],
)
@pytest.mark.usefixtures("afar")
async def test_a_database_may_be_trusted_by_its_url_alone(
    tmp_path: Path, certificate: Certificate, *, options: str, is_trusted: bool
) -> None:
    query = options.format(certificate.certificate)
    async with _listening(certificate, offers_tls=True) as (port, heard):
        with pytest.raises(UnavailableError):  # the server says nothing more
            await _connect(tmp_path, f"postgresql://safeplate:s3cret@localhost:{port}/safeplate?{query}")

    assert (b"safeplate" in b"".join(heard)) is is_trusted


@pytest.mark.parametrize(
    ("url", "is_verified"),
    [
        ("postgresql://a@db.example/c", True),
        ("postgresql://a@192.0.2.1/c", True),
        ("postgresql://a@/c?host=db.example", True),
        ("postgresql://a@db.example/c?sslmode=verify-full", True),
        ("postgresql://a@127.0.0.1/c", False),
        ("postgresql://a@[::1]/c", False),
        ("postgresql://a@localhost/c", False),
        ("postgresql://a@/c?host=/var/run/postgresql", False),
        ("postgresql://a@db.example/c?sslmode=disable", False),
    ],
)
def test_a_database_is_verified_unless_it_is_here_or_the_operator_says_otherwise(
    url: str, *, is_verified: bool
) -> None:
    parsed = postgres_urls.parse(url)
    context = tls.tls_for(parsed.servers[0], parsed.options)

    assert isinstance(context, ssl.SSLContext) is is_verified
    if isinstance(context, ssl.SSLContext):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.fixture
def smtp(certificate: Certificate) -> Iterator[Controller]:
    """Return a mail server that asks for STARTTLS and shows the certificate."""
    controller = Controller(
        Mailbox(),
        hostname="localhost",
        port=free_port(),
        tls_context=certificate.context(),
        require_starttls=True,
    )
    controller.start()
    yield controller
    controller.stop()


async def _send(server: Controller) -> None:
    recipient = Recipient(email="amira@example.com", username="amira", locale="en")
    letter = compose(
        Occasion.RESET_PASSWORD,
        recipient,
        Enclosure(link="https://food.example/"),
        identifier=uuid.uuid4(),
        settings=MailSettings(),
    )
    settings = MailSettings.model_validate({"host": "localhost", "port": server.port, "timeout": 5})
    await SmtpMailer(settings).send(letter)


async def test_a_mail_server_must_show_a_certificate_that_is_trusted(
    smtp: Controller, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MailDelayedError):
        await _send(smtp)
    assert smtp.handler.accepted == []

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    await _send(smtp)
    assert len(smtp.handler.accepted) == 1


async def test_a_counter_must_show_a_certificate_that_is_trusted(
    tmp_path: Path, certificate: Certificate
) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_000))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=certificate.context())
    port = server.sockets[0].getsockname()[1]
    limits = RateLimits(
        make_settings(tmp_path, redis={"url": f"rediss://localhost:{port}/0"}, rate_limit={"enabled": True})
    )
    async with server:
        with pytest.raises(UnavailableError):
            await limits.count("login", "192.0.2.0/24")
    await limits.close()

    assert not any(heard)
