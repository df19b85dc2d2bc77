"""Accounts: register, change, delete."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import violates
from backend.core.errors import ConflictError, NotFoundError
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.audit import AuditAction, AuditActor
from backend.models.jobs import JobKind
from backend.models.users import User, UserRole
from backend.schemas.users import UserCreate, UserUpdate
from backend.services import audit, jobs
from backend.utils.identifiers import uuid7
from backend.utils.security import new_key
from backend.utils.validators import identity_key

DATA_KEY = "data-key"
"""The purpose under which people's keys are wrapped."""


class EmailTakenError(ConflictError):
    """An account already uses this address."""

    code = "email-taken"
    title = "This email address is already in use"


class UsernameTakenError(ConflictError):
    """An account already uses this name."""

    code = "username-taken"
    title = "This user name is already in use"


class AccountGoneError(NotFoundError):
    """The account was deleted while the request was under way."""

    code = "account-gone"
    title = "There is no such account"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: the account and the session behind a verified token, read in one statement."""

    id: uuid.UUID
    session_id: uuid.UUID
    signed_in_at: datetime
    email: str
    username: str
    email_verified_at: datetime | None
    role: UserRole
    locale: str
    created_at: datetime
    data_key: bytes

    @property
    def email_verified(self) -> bool:
        """Whether the person has shown that the address is theirs."""
        return self.email_verified_at is not None


async def register(
    session: AsyncSession,
    data: UserCreate,
    *,
    passwords: PasswordPool,
    keyring: Keyring,
    actor: AuditActor = AuditActor.OWNER,
) -> User:
    """Create an account.

    The unique constraints decide, not a prior look-up: two requests may race.

    Raises:
        InvalidInputError: The password is too weak, or too near to the name or the address.
        EmailTakenError: The address is in use.
        UsernameTakenError: The name is in use.
    """
    password = data.password.get_secret_value()
    passwords.require_strong(password, pointer="/password", personal=(data.username, data.email))
    user_id = uuid7()
    user = User(
        id=user_id,
        email=data.email,
        email_key=identity_key(data.email),
        username=data.username,
        username_key=identity_key(data.username),
        password_hash=await passwords.hash(password),
        role=UserRole.USER,
        data_key=keyring.wrap(new_key(), owner=user_id, purpose=DATA_KEY),
    )
    async with _named(session, user_id, user.email_key):
        session.add(user)
    payload = jobs.ForAddress(email_key=user.email_key)
    await jobs.enqueue(session, JobKind.VERIFY_EMAIL, payload, keyring=keyring)
    event = audit.Event(AuditAction.ACCOUNT_REGISTERED, user_id, actor)
    await audit.record(session, event, keyring=keyring)
    return user


async def update(session: AsyncSession, user: Identity, data: UserUpdate, *, keyring: Keyring) -> User:
    """Change one's own account.

    Raises:
        UsernameTakenError: The name is in use.
        AccountGoneError: The account was deleted meanwhile.
    """
    account = await session.get(User, user.id, with_for_update=True)
    if account is None:
        raise AccountGoneError
    changes = data.model_dump(exclude_none=True)
    async with _named(session, user.id, account.email_key):
        for name, value in changes.items():
            setattr(account, name, value)
        account.username_key = identity_key(account.username)
    details = {"fields": " ".join(sorted(changes))}
    event = audit.Event(AuditAction.ACCOUNT_UPDATED, user.id, details=details)
    await audit.record(session, event, keyring=keyring)
    return account


async def remove(session: AsyncSession, user: Identity, *, keyring: Keyring) -> None:
    """Delete one's own account with everything that hangs on it; the key of the sealed documents goes too.

    What happened on the account stays, without where it came from, under an identifier that is nobody's now.
    """
    await session.execute(delete(User).where(User.id == user.id))
    await audit.record(session, audit.Event(AuditAction.ACCOUNT_REMOVED, user.id), keyring=keyring)
    await audit.forget_places(session, user.id)


@asynccontextmanager
async def _named(session: AsyncSession, user_id: uuid.UUID, email_key: str) -> AsyncIterator[None]:
    """Write the changes of the block, and say which name is taken.

    Where both are, each database speaks of another one: we speak of the address.
    """
    try:
        async with session.begin_nested():
            yield
            await session.flush()
    except IntegrityError as error:
        if violates(error, "uq_users_email_key"):
            raise EmailTakenError from error
        if violates(error, "uq_users_username_key"):
            other = select(User.id).where(User.email_key == email_key, User.id != user_id)
            raise (EmailTakenError if await session.scalar(other) else UsernameTakenError) from error
        raise
