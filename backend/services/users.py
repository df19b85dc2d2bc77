"""Accounts: register, change, keep."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from sqlalchemy import select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.database import violates
from backend.core.errors import ConflictError, ForbiddenError, NotFoundError, PreconditionFailedError
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.audit import AuditAction, AuditActor
from backend.models.jobs import JobKind
from backend.models.users import User, UserRole
from backend.schemas.users import UserCreate, UserResponse, UserUpdate
from backend.services import audit, jobs
from backend.services.mail import FALLBACK, Occasion
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


class Owner(Protocol):
    """Whose something sealed is: an account, or who acts in a request."""

    @property
    def id(self) -> uuid.UUID:
        """The account's id."""

    @property
    def data_key(self) -> bytes:
        """The account's wrapped key."""


class ErasurePendingError(ForbiddenError):
    """The account waits to be erased: nobody signs in to it, unless its owner undoes that.

    It is told only to who has shown everything that signing in takes.
    """

    code = "erasure-pending"
    title = "The account is going to be erased: the link that was mailed undoes it"
    keeps_writes = True

    def __init__(self, erase_at: datetime) -> None:
        super().__init__()
        self.erase_at = erase_at

    def extension(self) -> Mapping[str, object]:
        """Return when the account is erased."""
        return {"erase_at": f"{self.erase_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}


class ErasureDueError(ConflictError):
    """The time in which an erasure could be undone has passed, although nobody may have come to it yet."""

    code = "erasure-due"
    title = "It is too late: the account is being erased"


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
    opening = await _prepare(data, passwords=passwords)
    return await _open(session, opening, keyring=keyring, actor=actor)


async def request_registration(
    session: AsyncSession, data: UserCreate, *, passwords: PasswordPool, keyring: Keyring
) -> None:
    """Ask for an account without learning whether the address or the name is taken.

    Whether they are is found out after the answer, so that neither the answer nor its time can tell.

    Raises:
        InvalidInputError: The password is too weak, or too near to the name or the address.
    """
    opening = await _prepare(data, passwords=passwords)
    await jobs.enqueue(session, JobKind.REGISTER, opening, keyring=keyring)


async def complete_registration(
    session: AsyncSession, opening: jobs.ForRegistration, *, keyring: Keyring
) -> None:
    """Open the account that was asked for, or write to the address why there is none. Bears repetition."""
    if await session.get(User, opening.user_id) is not None:
        return
    try:
        await _open(session, opening, keyring=keyring)
    except EmailTakenError:
        owner_id = await session.scalar(select(User.id).where(User.email_key == identity_key(opening.email)))
        if owner_id is not None:
            notice = jobs.ForPerson(user_id=owner_id, occasion=Occasion.ACCOUNT_EXISTS)
            await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
    except UsernameTakenError:
        letter = jobs.ForReader(
            occasion=Occasion.USERNAME_TAKEN,
            email=opening.email,
            username=opening.username,
            locale=FALLBACK,
        )
        await jobs.enqueue(session, JobKind.LETTER, letter, keyring=keyring)


async def set_email(session: AsyncSession, account: User, email: str) -> None:
    """Give an account another address, which its owner has proved.

    Raises:
        EmailTakenError: Another account uses it: the unique constraint decides.
    """
    async with _named(session, account.id, identity_key(email)):
        account.email = email
        account.email_key = identity_key(email)
        account.email_verified_at = now()


def tag_of(user: User | Identity) -> str:
    """Return what tells this state of an account from every other that its owner may have read."""
    return sha256(UserResponse.model_validate(user).model_dump_json().encode()).hexdigest()[:20]


async def update(
    session: AsyncSession,
    user: Identity,
    data: UserUpdate,
    *,
    versions: frozenset[str] | None = None,
    keyring: Keyring,
) -> User:
    """Change one's own account, from one of some versions (any, where none is named).

    Raises:
        PreconditionFailedError: It is in none of these any more.
        UsernameTakenError: The name is in use.
        AccountGoneError: The account was deleted meanwhile.
    """
    account = await session.get(User, user.id, with_for_update=True)
    if account is None:
        raise AccountGoneError
    if versions is not None and tag_of(account) not in versions:
        raise PreconditionFailedError
    changes = data.model_dump(exclude_none=True)
    async with _named(session, user.id, account.email_key):
        for name, value in changes.items():
            setattr(account, name, value)
        account.username_key = identity_key(account.username)
    details = {"fields": " ".join(sorted(changes))}
    event = audit.Event(AuditAction.ACCOUNT_UPDATED, user.id, details=details)
    await audit.record(session, event, keyring=keyring)
    return account


async def keep(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Take back that an account shall be erased, in one atomic statement. Whoever asks writes down why.

    Raises:
        ErasureDueError: Its time has come, or it was taken back meanwhile.
    """
    kept = await session.execute(
        sql_update(User)
        .where(User.id == user_id, User.erase_at > now())
        .values(erase_at=None)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    if kept.one_or_none() is None:
        raise ErasureDueError


async def _prepare(data: UserCreate, *, passwords: PasswordPool) -> jobs.ForRegistration:
    password = data.password.get_secret_value()
    passwords.require_strong(password, pointer="/password", personal=(data.username, data.email))
    return jobs.ForRegistration(
        user_id=uuid7(),
        email=data.email,
        username=data.username,
        password_hash=await passwords.hash(password),
        place=caller.current(),
    )


async def _open(
    session: AsyncSession,
    opening: jobs.ForRegistration,
    *,
    keyring: Keyring,
    actor: AuditActor = AuditActor.OWNER,
) -> User:
    user = User(
        id=opening.user_id,
        email=opening.email,
        email_key=identity_key(opening.email),
        username=opening.username,
        username_key=identity_key(opening.username),
        password_hash=opening.password_hash,
        role=UserRole.USER,
        data_key=keyring.wrap(new_key(), owner=opening.user_id, purpose=DATA_KEY),
    )
    async with _named(session, user.id, user.email_key):
        session.add(user)
    payload = jobs.ForAddress(email_key=user.email_key)
    await jobs.enqueue(session, JobKind.VERIFY_EMAIL, payload, keyring=keyring)
    event = audit.Event(AuditAction.ACCOUNT_REGISTERED, user.id, actor)
    await audit.record(session, event, keyring=keyring)
    return user


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
