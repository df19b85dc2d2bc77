"""Proving an address, and setting a new password: by a mailed link or by the old one.

Who asks for a link learns nothing: the request is only written down, and whether somebody has the address is
found out after the answer.
"""

import uuid

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.audit import AuditAction
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User
from backend.schemas.credentials import AddressRequest, EmailVerify, PasswordChange, PasswordReset
from backend.services import audit, factors, jobs, sessions
from backend.services.auth import CredentialsInvalidError
from backend.services.credentials.links import account_of, consume, digest_of
from backend.services.mail import Occasion
from backend.services.users import Identity
from backend.utils.validators import identity_key


async def request_verification(session: AsyncSession, data: AddressRequest, *, keyring: Keyring) -> None:
    """Ask for another link that proves an address."""
    await _request(session, JobKind.VERIFY_EMAIL, data, keyring)


async def request_reset(session: AsyncSession, data: AddressRequest, *, keyring: Keyring) -> None:
    """Ask for a link that sets a new password."""
    await _request(session, JobKind.RESET_PASSWORD, data, keyring)


async def verify_email(
    session: AsyncSession, data: EmailVerify, *, database: Database, passwords: PasswordPool, keyring: Keyring
) -> None:
    """Take an address as proved.

    The link alone is not enough: it shows that the reader has the address, the password that they opened the
    account. Otherwise somebody could open an account on another's address and have them confirm it.

    Raises:
        LinkInvalidError: The link is not good any more.
        CredentialsInvalidError: The password is not the account's; the link stays good.
    """
    digest = digest_of(TokenPurpose.VERIFY_EMAIL, data.token.get_secret_value(), keyring)
    account = await account_of(database, digest)
    checked = await passwords.check(data.password.get_secret_value(), account.password_hash)
    if not checked.matches or account.disabled_at is not None:
        raise CredentialsInvalidError
    user = await consume(session, digest)
    if user.password_hash != account.password_hash:
        raise CredentialsInvalidError
    user.email_verified_at = user.email_verified_at or now()
    await audit.record(session, audit.Event(AuditAction.EMAIL_VERIFIED, user.id), keyring=keyring)


async def reset_password(
    session: AsyncSession,
    data: PasswordReset,
    *,
    database: Database,
    passwords: PasswordPool,
    keyring: Keyring,
) -> None:
    """Set a new password by a mailed link, and sign every device out. Second factors stay.

    The link proves the address too. Whoever held an unproved account before holds nothing of it afterwards,
    no second factor either.

    Raises:
        InvalidInputError: The password is weak, or too near to the name or the address; the link stays good.
        LinkInvalidError: The link is not good any more.
    """
    digest = digest_of(TokenPurpose.RESET_PASSWORD, data.token.get_secret_value(), keyring)
    account = await account_of(database, digest)
    password = data.new_password.get_secret_value()
    passwords.require_strong(password, pointer="/new_password", personal=(account.username, account.email))
    # Hashed before the transaction begins: none is open meanwhile.
    password_hash = await passwords.hash(password)
    user = await consume(session, digest)
    if user.email_verified_at is None:
        # Whoever opened the account had not shown that the address is theirs.
        await factors.forget_all(session, user.id)
    user.email_verified_at = user.email_verified_at or now()
    await _set_password(session, user, password_hash, keyring=keyring, keep=None)
    await audit.record(session, audit.Event(AuditAction.PASSWORD_RESET, user.id), keyring=keyring)


async def change_password(
    session: AsyncSession,
    user: Identity,
    data: PasswordChange,
    *,
    database: Database,
    passwords: PasswordPool,
    keyring: Keyring,
) -> None:
    """Set a new password by the old one, and sign every other device out.

    Raises:
        InvalidInputError: The new password is too weak, or too near to the name or the address.
        CredentialsInvalidError: The current password is not right.
    """
    password = data.new_password.get_secret_value()
    passwords.require_strong(password, pointer="/new_password", personal=(user.username, user.email))
    async with database.statement() as connection:
        stored = await connection.scalar(select(User.password_hash).where(User.id == user.id))
    checked = await passwords.check(data.current_password.get_secret_value(), stored)
    if not checked.matches:
        raise CredentialsInvalidError
    password_hash = await passwords.hash(password)
    account = await session.get(User, user.id, with_for_update=True)
    if account is None or account.password_hash != stored:
        raise CredentialsInvalidError
    await _set_password(session, account, password_hash, keyring=keyring, keep=user.session_id)
    await audit.record(session, audit.Event(AuditAction.PASSWORD_CHANGED, user.id), keyring=keyring)


async def replace_password(
    session: AsyncSession, user: User, password_hash: str, *, keyring: Keyring
) -> None:
    """Set a password for somebody, and sign every device out. Whoever asks writes down why."""
    await _set_password(session, user, password_hash, keyring=keyring, keep=None)


async def _request(session: AsyncSession, kind: JobKind, data: AddressRequest, keyring: Keyring) -> None:
    await jobs.enqueue(session, kind, jobs.ForAddress(email_key=identity_key(data.email)), keyring=keyring)


async def _set_password(
    session: AsyncSession, user: User, password_hash: str, *, keyring: Keyring, keep: uuid.UUID | None
) -> None:
    user.password_hash = password_hash
    await sessions.end_all(session, user.id, reason=RevocationReason.PASSWORD_CHANGED, but=keep)
    await factors.forget_challenges(session, user.id)
    # Links that were asked for under the old password must not undo the new one.
    await session.execute(
        delete(OneTimeToken).where(
            OneTimeToken.user_id == user.id, OneTimeToken.purpose == TokenPurpose.RESET_PASSWORD
        )
    )
    notice = jobs.ForPerson(user_id=user.id, occasion=Occasion.PASSWORD_CHANGED)
    await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
