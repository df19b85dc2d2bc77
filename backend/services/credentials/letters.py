"""The work behind the answers: finding out whom a request is for, and writing to them."""

import uuid
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.config import MailSettings
from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.keys import Keyring
from backend.core.mail import MailDelayedError, Mailer, MailRefusedError
from backend.models.audit import AuditAction, AuditActor
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import JobKind
from backend.models.users import User
from backend.services import audit, users
from backend.services.credentials.links import Mailed, issue
from backend.services.jobs import (
    ForAddress,
    ForChange,
    ForPerson,
    ForReader,
    ForRegistration,
    Handler,
    JobDelayedError,
    JobFailedError,
    Task,
)
from backend.services.mail import Enclosure, Occasion, Recipient, compose
from backend.utils.validators import identity_key

_VERIFY_PAGE: Final = "verify-email"
_RESET_PAGE: Final = "reset-password"
_CHANGE_PAGE: Final = "confirm-email-change"
_FORGOT_PAGE: Final = "forgot-password"


class Letters:
    """Does what jobs ask for, and writes and sends the letters about it."""

    def __init__(
        self, database: Database, *, keyring: Keyring, mailer: Mailer, settings: MailSettings
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._mailer = mailer
        self._settings = settings

    def handlers(self) -> dict[JobKind, Handler]:
        """Return what does each kind of job."""
        return {
            JobKind.VERIFY_EMAIL: self._verify_email,
            JobKind.RESET_PASSWORD: self._reset_password,
            JobKind.CHANGE_EMAIL: self._change_email,
            JobKind.NOTIFY: self._notify,
            JobKind.LETTER: self._letter,
            JobKind.REGISTER: self._register,
            JobKind.FAREWELL: self._letter,
            JobKind.SCRUB: self._scrub,
        }

    async def _verify_email(self, task: Task) -> None:
        """Send a link, where somebody has the address: a job for nobody is done by doing nothing."""
        payload = ForAddress.model_validate_json(task.payload)
        async with self._database.unit() as session:
            user = await _find(session, *_may_be_sent_a_link(payload.email_key), locks=True)
            if user is None or user.email_verified:
                return
            mailed = await issue(session, user, TokenPurpose.VERIFY_EMAIL, keyring=self._keyring)
        # The link is stored before it leaves.
        enclosure = self._enclose(_VERIFY_PAGE, mailed)
        await self._send(task.id, Occasion.VERIFY_EMAIL, _recipient(user), enclosure)

    async def _reset_password(self, task: Task) -> None:
        payload = ForAddress.model_validate_json(task.payload)
        async with self._database.unit() as session:
            user = await _find(session, *_may_be_sent_a_link(payload.email_key), locks=True)
            if user is None:
                return
            # A letter that did not leave is tried again with a new link; it was asked for once.
            is_retry = await session.get(OneTimeToken, task.id) is not None
            row = OneTimeToken() if is_retry else OneTimeToken(id=task.id)
            purpose = TokenPurpose.RESET_PASSWORD
            mailed = await issue(session, user, purpose, keyring=self._keyring, row=row)
            if not is_retry and not payload.is_recorded:
                event = audit.Event(AuditAction.RESET_REQUESTED, user.id, AuditActor.ANYONE)
                with caller.bound(payload.place):
                    await audit.record(session, event, keyring=self._keyring)
        enclosure = self._enclose(_RESET_PAGE, mailed)
        await self._send(task.id, Occasion.RESET_PASSWORD, _recipient(user), enclosure)

    async def _change_email(self, task: Task) -> None:
        """Send a link to the new address, or tell whoever has it; nothing where the request is over."""
        payload = ForChange.model_validate_json(task.payload)
        async with self._database.unit() as session:
            row = await session.get(OneTimeToken, payload.token_id)
            user = await _find(session, User.id == row.user_id) if row else None
            if row is None or row.email is None or user is None:
                return
            other = await _find(session, User.email_key == identity_key(row.email), User.id != user.id)
        if other is not None:
            enclosure = Enclosure(link=self._url(_FORGOT_PAGE))
            await self._send(task.id, Occasion.ACCOUNT_EXISTS, _recipient(other), enclosure)
            return
        recipient = _recipient(user).model_copy(update={"email": row.email})
        enclosure = self._enclose(_CHANGE_PAGE, Mailed(row.id, payload.token, payload.code))
        await self._send(task.id, Occasion.CHANGE_EMAIL, recipient, enclosure)

    async def _notify(self, task: Task) -> None:
        payload = ForPerson.model_validate_json(task.payload)
        async with self._database.unit() as session:
            user = await _find(session, User.id == payload.user_id)
        if user is not None:
            enclosure = Enclosure(link=self._url(_FORGOT_PAGE))
            await self._send(task.id, Occasion(payload.occasion), _recipient(user), enclosure)

    async def _letter(self, task: Task) -> None:
        payload = ForReader.model_validate_json(task.payload)
        link = self._url(payload.page, payload.token) if payload.page else None
        recipient = Recipient(email=payload.email, username=payload.username, locale=payload.locale)
        enclosure = Enclosure(link=link, date=payload.date, document=payload.document)
        await self._send(task.id, Occasion(payload.occasion), recipient, enclosure)

    async def _register(self, task: Task) -> None:
        payload = ForRegistration.model_validate_json(task.payload)
        with caller.bound(payload.place):
            async with self._database.unit() as session:
                await users.complete_registration(session, payload, keyring=self._keyring)

    async def _scrub(self, _: Task) -> None:
        try:
            await self._database.scrub()
        except UnavailableError as error:
            raise JobDelayedError from error

    async def _send(
        self, identifier: uuid.UUID, occasion: Occasion, recipient: Recipient, enclosure: Enclosure
    ) -> None:
        message = compose(occasion, recipient, enclosure, identifier=identifier, settings=self._settings)
        try:
            await self._mailer.send(message)
        except MailRefusedError as error:
            raise JobFailedError from error
        except MailDelayedError as error:
            raise JobDelayedError from error

    def _enclose(self, page: str, mailed: Mailed) -> Enclosure:
        return Enclosure(link=self._url(page, mailed.token), code=mailed.code)

    def _url(self, page: str, token: str | None = None) -> str:
        # After `#`: a browser keeps it from every server until somebody presses the page's button.
        fragment = f"#{urlencode({'token': token})}" if token else ""
        return f"{self._settings.public_url}/{page}{fragment}"


def _recipient(user: User) -> Recipient:
    return Recipient(email=user.email, username=user.username, locale=user.locale)


def _may_be_sent_a_link(email_key: str) -> tuple[ColumnElement[bool], ...]:
    return (User.email_key == email_key, User.erase_at.is_(None))


async def _find(session: AsyncSession, *conditions: ColumnElement[bool], locks: bool = False) -> User | None:
    """Return who is meant, unless they are disabled."""
    query = select(User).where(*conditions, User.disabled_at.is_(None))
    found: User | None = await session.scalar(query.with_for_update() if locks else query)
    return found
