"""The work behind the answers: finding out whom a request is for, and writing to them."""

import uuid
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.config import MailSettings
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.mail import MailDelayedError, Mailer, MailRefusedError
from backend.models.credentials import TokenPurpose
from backend.models.jobs import JobKind
from backend.models.users import User
from backend.services.credentials.links import issue
from backend.services.jobs import ForAddress, ForPerson, Handler, JobDelayedError, JobFailedError, Task
from backend.services.mail import Occasion, Recipient, compose

_PAGES = {Occasion.VERIFY_EMAIL: "verify-email", Occasion.RESET_PASSWORD: "reset-password"}
_FORGOT_PAGE = "forgot-password"


class Letters:
    """Writes and sends what jobs ask for."""

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
            JobKind.NOTIFY: self._notify,
        }

    async def _verify_email(self, task: Task) -> None:
        await self._send_link(task, Occasion.VERIFY_EMAIL, TokenPurpose.VERIFY_EMAIL)

    async def _reset_password(self, task: Task) -> None:
        await self._send_link(task, Occasion.RESET_PASSWORD, TokenPurpose.RESET_PASSWORD)

    async def _notify(self, task: Task) -> None:
        payload = ForPerson.model_validate_json(task.payload)
        async with self._database.unit() as session:
            user = await _find(session, User.id == payload.user_id)
        if user is not None:
            await self._send(task.id, Occasion(payload.occasion), user, f"{self._url(_FORGOT_PAGE)}")

    async def _send_link(self, task: Task, occasion: Occasion, purpose: TokenPurpose) -> None:
        """Send a link, where somebody has the address: a job for nobody is done by doing nothing."""
        payload = ForAddress.model_validate_json(task.payload)
        async with self._database.unit() as session:
            user = await _find(session, User.email_key == payload.email_key)
            if user is None or (purpose is TokenPurpose.VERIFY_EMAIL and user.email_verified):
                return
            token = await issue(session, user, purpose, keyring=self._keyring)
        # The link is stored before it leaves.
        await self._send(
            task.id, occasion, user, f"{self._url(_PAGES[occasion])}?{urlencode({'token': token})}"
        )

    async def _send(self, identifier: uuid.UUID, occasion: Occasion, user: User, link: str) -> None:
        recipient = Recipient(email=user.email, username=user.username, locale=user.locale)
        message = compose(occasion, recipient, link=link, identifier=identifier, settings=self._settings)
        try:
            await self._mailer.send(message)
        except MailRefusedError as error:
            raise JobFailedError from error
        except MailDelayedError as error:
            raise JobDelayedError from error

    def _url(self, page: str) -> str:
        return f"{self._settings.public_url}/{page}"


async def _find(session: AsyncSession, condition: ColumnElement[bool]) -> User | None:
    found: User | None = await session.scalar(select(User).where(condition, User.disabled_at.is_(None)))
    return found
