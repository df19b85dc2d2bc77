"""Mail leaves through a real SMTP server, or into files."""

import email
import stat
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from backend.core.config import MailSettings
from backend.core.mail import FileMailer, MailDelayedError, MailRefusedError, SmtpMailer
from backend.services.mail import Enclosure, Occasion, Recipient, compose
from tests.loopback import free_port

pytestmark = pytest.mark.anyio

AMIRA = Recipient(email="amira@example.com", username="amira", locale="fr")
ROUTES = {"refused@example.com": "550 no such mailbox", "busy@example.com": "451 come back later"}


class Mailbox:
    """What a server's handler has accepted."""

    def __init__(self) -> None:
        self.accepted: list[bytes] = []
        self.recipients: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name and the parts are the server's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept or refuse one recipient."""
        if address in ROUTES:
            return ROUTES[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Accept one message."""
        assert isinstance(envelope.content, bytes)
        self.accepted.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    login, password = getattr(data, "login", b""), getattr(data, "password", b"")
    return AuthResult(success=(login, password) == (b"safeplate", b"s3cret"))


@pytest.fixture
def server() -> Iterator[Controller]:
    """Return a running SMTP server that knows one name and password."""
    controller = Controller(
        Mailbox(),
        hostname="127.0.0.1",
        port=free_port(),  # it connects to its port once itself, so it cannot be asked to pick one
        authenticator=_authenticate,
        auth_require_tls=False,
        enable_SMTPUTF8=True,
    )
    controller.start()
    yield controller
    controller.stop()


def _settings(server: Controller, **changes: object) -> MailSettings:
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": "safeplate",
        "password": "s3cret",
    }
    return MailSettings.model_validate(values | {"timeout": 5} | changes)


def _letter(**changes: str) -> EmailMessage:
    recipient = AMIRA.model_copy(update=changes)
    enclosure = Enclosure(link="https://food.example/reset-password?token=abc", code="031415")
    return compose(
        Occasion.RESET_PASSWORD, recipient, enclosure, identifier=uuid.uuid4(), settings=MailSettings()
    )


async def test_a_letter_arrives_as_it_was_written(server: Controller) -> None:
    letter = _letter()

    await SmtpMailer(_settings(server)).send(letter)

    (content,) = server.handler.accepted
    arrived = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(arrived, EmailMessage)
    plain, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert arrived["To"] == "amira@example.com"
    assert arrived["Subject"] == "Choisissez un nouveau mot de passe"
    assert arrived["Message-ID"] == letter["Message-ID"]
    assert "https://food.example/reset-password?token=abc" in plain.get_content()
    assert 'href="https://food.example/reset-password?token=abc"' in html.get_content()


@pytest.mark.parametrize(
    ("address", "error"), [("refused@example.com", MailRefusedError), ("busy@example.com", MailDelayedError)]
)
async def test_a_server_that_refuses_says_whether_to_come_back(
    server: Controller, address: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await SmtpMailer(_settings(server)).send(_letter(email=address))

    assert "example.com" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"port": 1}, {"security": "tls"}, {"security": "starttls"}]
)
async def test_a_server_that_cannot_be_used_loses_nothing(
    server: Controller, changes: dict[str, object]
) -> None:
    with pytest.raises((MailDelayedError, MailRefusedError)):
        await SmtpMailer(_settings(server, **changes)).send(_letter())

    assert server.handler.accepted == []


@pytest.mark.parametrize(
    ("address", "recipient"),
    [("amíra@example.com", "amíra@example.com"), ("amira@exämple.com", "amira@xn--exmple-cua.com")],
)
async def test_an_address_may_be_written_in_any_script(
    server: Controller, address: str, recipient: str
) -> None:
    await SmtpMailer(_settings(server)).send(_letter(email=address))

    (content,) = server.handler.accepted
    assert f"To: {recipient}\r\n".encode() in content
    assert server.handler.recipients == [recipient]


async def test_without_a_server_a_letter_is_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    letter = _letter()
    mailer = FileMailer(tmp_path / "outbox")

    await mailer.send(letter)
    await mailer.send(letter)

    (path,) = (tmp_path / "outbox").iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert email.message_from_bytes(path.read_bytes())["Message-ID"] == letter["Message-ID"]
