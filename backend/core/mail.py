"""Mail leaves through a port: a real SMTP server, files on a disk, or a list in tests."""

import asyncio
import os
import tempfile
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from backend.core import folders
from backend.core.config import MailSettings, Settings

_PERMANENT = 500  # RFC 5321, 4.2.1: replies from 500 on will not change by trying again

OUTBOX = "outbox"
"""The folder of letters, inside the data folder, where no server is set."""


class MailRefusedError(Exception):
    """The server refuses this message for good. Holds no address: the reply's code alone."""


class MailDelayedError(Exception):
    """The message could not be handed over now; the same message may go later."""


class Mailer(Protocol):
    """Hands one message over."""

    async def send(self, message: EmailMessage) -> None:
        """Hand a message over; only when this returns has somebody else taken care of it.

        Raises:
            MailRefusedError: It will never be accepted.
            MailDelayedError: It may be accepted later.
        """


class SmtpMailer:
    """Sends through an SMTP server."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, message: EmailMessage) -> None:
        """Hand a message to the server (see `Mailer`)."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password.get_secret_value() if settings.password else None,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                timeout=settings.timeout.total_seconds(),
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {refusal.code for refusal in error.recipients}
            raise _failure(min(codes)) from None  # the cause names the address
        except aiosmtplib.SMTPAuthenticationError as error:
            # The operator's fault, not the message's: it goes once the settings are right.
            raise MailDelayedError(f"SMTP {error.code}") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from None  # the reply may repeat the address
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailDelayedError(type(error).__name__) from None


class FileMailer:
    """Writes each message into a folder, for a machine without a mail server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        """Write a message as an `.eml` file, readable for the owner alone."""
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        folders.make(self._folder)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        # The name is the message's own, so that a message that is written twice is there once.
        identifier = message["Message-ID"].strip("<>").partition("@")[0]
        Path(name).rename(self._folder / f"{identifier}.eml")
        folders.sync(self._folder)


def make_mailer(settings: Settings) -> Mailer:
    """Return the mailer that the settings ask for."""
    if settings.mail.host is None:
        return FileMailer(settings.data_dir / OUTBOX)
    return SmtpMailer(settings.mail)


def _failure(code: int) -> MailRefusedError | MailDelayedError:
    kind = MailRefusedError if code >= _PERMANENT else MailDelayedError
    return kind(f"SMTP {code}")
