"""What our mail says: one message for each occasion, in the reader's language, as text and HTML."""

import uuid
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from email_validator import validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import BaseModel, ConfigDict

from backend.core.clock import now
from backend.core.config import MailSettings
from backend.utils.text import primary_language

FOLDER = Path(__file__).parents[1] / "data" / "mail"
FALLBACK = "en"


class Occasion(StrEnum):
    """Why we write."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - an occasion
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGED_UNDOABLE = "email_changed_undoable"
    ACCOUNT_EXISTS = "account_exists"
    USERNAME_TAKEN = "username_taken"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - as above
    SESSION_STOLEN = "session_stolen"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSKEY_COPIED = "passkey_copied"
    EXPORT_READY = "export_ready"
    EXPORT_FAILED = "export_failed"
    ERASURE_REQUESTED = "erasure_requested"
    ERASED = "erased"


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    greeting: str
    intro: str
    action: str = ""
    code: str = ""
    outro: str

    def to(self, name: str, date: str) -> "_Words":
        filled = {"greeting": self.greeting.format(name=name), "intro": self.intro.format(date=date)}
        return self.model_copy(update=filled)


class Recipient(BaseModel):
    """Whom we write to."""

    model_config = ConfigDict(frozen=True)

    email: str
    username: str
    locale: str


class Enclosure(BaseModel):
    """What a message leads to.

    Attributes:
        link: Where its button leads; without one it has no button.
        code: What can be typed instead.
        date: When what it speaks of happens.
        document: JSON for the reader to keep.
    """

    model_config = ConfigDict(frozen=True)

    link: str | None = None
    code: str | None = None
    date: str = ""
    document: str | None = None


def compose(
    occasion: Occasion,
    recipient: Recipient,
    enclosure: Enclosure,
    *,
    identifier: uuid.UUID,
    settings: MailSettings,
) -> EmailMessage:
    """Write a message.

    Args:
        occasion: Why we write.
        recipient: Whom to.
        enclosure: What the message leads to.
        identifier: Names the message: one that is sent twice can be recognised (RFC 5322, 3.6.4).
        settings: The sender.
    """
    language = _language(recipient.locale)
    words = _words(language)[occasion].to(recipient.username, enclosure.date)
    parts = {"text": words, "language": language, **enclosure.model_dump()}
    _, sender = parseaddr(settings.sender)
    mailbox = _mailbox(recipient.email)
    # The standard library's policy folds headers, encodes words and refuses line breaks in values. Words of
    # an address are never encoded: such a header needs UTF-8 (RFC 6532).
    message = EmailMessage(policy=SMTP if mailbox.username.isascii() else SMTPUTF8)
    message["From"] = settings.sender
    message["To"] = mailbox
    message["Subject"] = words.subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{identifier}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: no out-of-office answers
    message.set_content(_templates().get_template("layout.txt.jinja").render(parts))
    message.add_alternative(_templates().get_template("layout.html.jinja").render(parts), subtype="html")
    if enclosure.document is not None:
        content = enclosure.document.encode()
        message.add_attachment(content, maintype="application", subtype="json", filename=f"{occasion}.json")
    return message


def languages() -> tuple[str, ...]:
    """Return the languages that we write in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def _mailbox(email: str) -> Address:
    """Return an address for a header: its domain in the form of the DNS, which every server understands."""
    name, _, domain = email.rpartition("@")
    if not domain.isascii():
        parts = validate_email(email, check_deliverability=False, test_environment=True)
        domain = parts.ascii_domain
    return Address(username=name, domain=domain)


def _language(locale: str) -> str:
    primary = primary_language(locale)
    return primary if primary in languages() else FALLBACK


@cache
def _words(language: str) -> dict[Occasion, _Words]:
    texts = yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8"))
    return {Occasion(name): _Words.model_validate(words) for name, words in texts.items()}


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(("html.jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
