"""What operators alone do, at the command line: opening accounts, and helping who lost a password."""

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.errors import ConflictError
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.audit import AuditAction
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User, UserRole
from backend.schemas.admin import PasswordSet
from backend.schemas.users import UserCreate
from backend.services import credentials, factors, jobs, users
from backend.services.admin.authority import OPERATOR, AccountNotFoundError, record
from backend.services.admin.changes import change_role, end_access, lock
from backend.services.mail import Occasion
from backend.utils.validators import identity_key


class AccountDisabledError(ConflictError):
    """A shut account gets no mail, and a link would not open it."""

    code = "account-disabled"
    title = "The account is disabled: enable it first"


async def find_user(session: AsyncSession, name: str) -> User:
    """Return the account with an address or a user name.

    Raises:
        AccountNotFoundError: Nobody has it.
    """
    key = identity_key(name)
    column = User.email_key if "@" in key else User.username_key
    user: User | None = await session.scalar(select(User).where(column == key))
    if user is None:
        raise AccountNotFoundError
    return user


async def create_user(
    session: AsyncSession,
    data: UserCreate,
    *,
    role: UserRole,
    is_verified: bool,
    passwords: PasswordPool,
    keyring: Keyring,
) -> User:
    """Open an account for somebody.

    Raises:
        InvalidInputError: The password is too weak, or too near to the name or the address.
        EmailTakenError: The address is in use.
        UsernameTakenError: The name is in use.
    """
    user = await users.register(session, data, passwords=passwords, keyring=keyring, actor=OPERATOR.actor)
    if is_verified:
        user.email_verified_at = now()
        await record(session, OPERATOR, AuditAction.EMAIL_VERIFIED, user.id, keyring=keyring)
    if role is not user.role:
        await change_role(session, OPERATOR, user.id, role, keyring=keyring)
    return user


async def send_reset_link(session: AsyncSession, user_id: uuid.UUID, *, keyring: Keyring) -> None:
    """Mail somebody a link that sets a new password, and sign every device out.

    Raises:
        AccountNotFoundError: There is no account with this id.
        AccountDisabledError: It is disabled.
        ErasurePendingError: It waits to be erased.
    """
    user = await lock(session, OPERATOR, user_id)
    if user.disabled_at is not None:
        raise AccountDisabledError
    if user.erase_at is not None:
        raise users.ErasurePendingError(user.erase_at)
    payload = jobs.ForAddress(email_key=user.email_key, is_recorded=True)
    await jobs.enqueue(session, JobKind.RESET_PASSWORD, payload, keyring=keyring)
    await end_access(session, user.id, reason=RevocationReason.ENDED_BY_ADMIN)
    await record(session, OPERATOR, AuditAction.RESET_REQUESTED, user.id, keyring=keyring)


async def set_password(
    session: AsyncSession, found: User, data: PasswordSet, *, passwords: PasswordPool, keyring: Keyring
) -> None:
    """Set somebody's password, and sign every device out.

    Raises:
        InvalidInputError: The password is too weak, or too near to the name or the address.
        AccountNotFoundError: The account was deleted meanwhile.
        ErasurePendingError: It waits to be erased.
    """
    password, personal = data.password.get_secret_value(), (found.username, found.email)
    passwords.require_strong(password, pointer="/password", personal=personal)
    # Hashed before the first statement: no transaction is open meanwhile.
    password_hash = await passwords.hash(password)
    user = await lock(session, OPERATOR, found.id)
    if user.erase_at is not None:
        raise users.ErasurePendingError(user.erase_at)
    await credentials.replace_password(session, user, password_hash, keyring=keyring)
    await record(session, OPERATOR, AuditAction.PASSWORD_RESET, user.id, keyring=keyring)


async def remove_factors(session: AsyncSession, user_id: uuid.UUID, *, keyring: Keyring) -> None:
    """Remove every factor of somebody who lost them all, sign every device out, and tell them.

    From then on the password alone opens the account: who asks for it must be known to be its owner.

    Raises:
        AccountNotFoundError: There is no account with this id.
    """
    user = await lock(session, OPERATOR, user_id)
    await factors.forget_all(session, user.id)
    await end_access(session, user.id, reason=RevocationReason.ENDED_BY_ADMIN)
    await record(session, OPERATOR, AuditAction.FACTOR_REMOVED, user.id, keyring=keyring, kind="all")
    notice = jobs.ForPerson(user_id=user.id, occasion=Occasion.FACTOR_REMOVED)
    await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
