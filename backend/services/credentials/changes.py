"""Proving an address, and setting a new password: by a mailed link or code, or by the old one.

Who asks for a link learns nothing: the request is only written down, and whether somebody has the address is
found out after the answer.
"""

import uuid
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User
from backend.schemas.credentials import AddressRequest, EmailVerify, PasswordChange, PasswordReset
from backend.services import audit, factors, jobs, sessions
from backend.services.auth import CredentialsInvalidError, SignInFailedError, SignInParts, record_failure
from backend.services.credentials import proofs
from backend.services.credentials.links import discard
from backend.services.mail import Occasion
from backend.services.users import Identity
from backend.utils.validators import identity_key

_POINTER: Final = "/new_password"
_PASSWORD: Final = "pwd"  # noqa: S105 - a method (RFC 8176, 2)


async def request_verification(session: AsyncSession, data: AddressRequest, *, keyring: Keyring) -> None:
    """Ask for another link that proves an address."""
    await _request(session, JobKind.VERIFY_EMAIL, data, keyring)


async def request_reset(session: AsyncSession, data: AddressRequest, *, keyring: Keyring) -> None:
    """Ask for a link that sets a new password."""
    await _request(session, JobKind.RESET_PASSWORD, data, keyring)


async def verify_email(session: AsyncSession, data: EmailVerify, *, parts: SignInParts) -> None:
    """Take an address as proved.

    What was mailed is not enough: it shows that the reader has the address, the password that they opened the
    account.

    Raises:
        LinkInvalidError: The link or code is not good any more.
        CredentialsInvalidError: The password is not the account's; the link stays good.
        RateLimitedError: Too many guesses lately.
    """
    keyring = parts.keyring
    claim = await proofs.look_up(data, TokenPurpose.VERIFY_EMAIL, parts=parts)
    user, token = await proofs.find_with_password(session, claim, data.password, parts=parts)
    await proofs.use_up(session, token)
    user.email_verified_at = user.email_verified_at or now()
    await _forgive(session, claim, parts)
    await audit.record(session, audit.Event(AuditAction.EMAIL_VERIFIED, user.id), keyring=keyring)


async def reset_password(session: AsyncSession, data: PasswordReset, *, parts: SignInParts) -> None:
    """Set a new password by what was mailed, and sign every device out. Second factors stay.

    It proves the address too. Whoever held an unproved account before holds nothing of it afterwards, no
    second factor either.

    Raises:
        InvalidInputError: The password is weak, or too near to the name or the address; the link stays good.
        LinkInvalidError: The link or code is not good any more.
        RateLimitedError: Too many guesses lately.
    """
    keyring = parts.keyring
    claim = await proofs.look_up(data, TokenPurpose.RESET_PASSWORD, parts=parts)
    password = data.new_password.get_secret_value()
    # Beside a code the account's name must not decide what is refused: that would tell who has one.
    known = (data.email or "",) if claim.is_code else (claim.account.username, claim.account.email)
    parts.passwords.require_strong(password, pointer=_POINTER, personal=known)
    # Hashed before the transaction begins: none is open meanwhile.
    password_hash = await parts.passwords.hash(password)
    user, token = await proofs.find(session, claim, keyring=keyring)
    parts.passwords.require_strong(password, pointer=_POINTER, personal=(user.username, user.email))
    await proofs.use_up(session, token)
    if user.email_verified_at is None:
        # Whoever opened the account had not shown that the address is theirs.
        await factors.forget_all(session, user.id)
    user.email_verified_at = user.email_verified_at or now()
    await _set_password(session, user, password_hash, keyring=keyring, keep=None)
    await _forgive(session, claim, parts)
    await parts.attempts.lift(session, str(user.id))
    await audit.record(session, audit.Event(AuditAction.PASSWORD_RESET, user.id), keyring=keyring)


async def change_password(
    session: AsyncSession, user: Identity, data: PasswordChange, *, parts: SignInParts
) -> None:
    """Set a new password by the old one, and sign every other device out.

    Raises:
        InvalidInputError: The new password is too weak, or too near to the name or the address.
        CredentialsInvalidError: The current password is not right.
        RateLimitedError: Too many guesses lately.
    """
    keyring = parts.keyring
    password = data.new_password.get_secret_value()
    parts.passwords.require_strong(password, pointer=_POINTER, personal=(user.username, user.email))
    account = await proofs.account_where(parts.database, User.id == user.id)
    attempt = await parts.attempts.count(str(user.id), is_known_device=account.is_known_device)
    checked = await parts.passwords.check(data.current_password.get_secret_value(), account.password_hash)
    if not checked.matches:
        await record_failure(session, user.id, _PASSWORD, keyring=keyring)
        raise SignInFailedError
    password_hash = await parts.passwords.hash(password)
    row = await session.get(User, user.id, with_for_update=True)
    if row is None or row.password_hash != account.password_hash:
        raise CredentialsInvalidError
    await _set_password(session, row, password_hash, keyring=keyring, keep=user.session_id)
    await parts.attempts.forgive(session, attempt)
    await audit.record(session, audit.Event(AuditAction.PASSWORD_CHANGED, user.id), keyring=keyring)


async def replace_password(
    session: AsyncSession, user: User, password_hash: str, *, keyring: Keyring
) -> None:
    """Set a password for somebody, and sign every device out. Whoever asks writes down why."""
    await _set_password(session, user, password_hash, keyring=keyring, keep=None)


async def _request(session: AsyncSession, kind: JobKind, data: AddressRequest, keyring: Keyring) -> None:
    payload = jobs.ForAddress(email_key=identity_key(data.email), place=caller.current())
    await jobs.enqueue(session, kind, payload, keyring=keyring)


async def _forgive(session: AsyncSession, claim: proofs.Claim, parts: SignInParts) -> None:
    if claim.attempt is not None:
        await parts.attempts.forgive(session, claim.attempt)


async def _set_password(
    session: AsyncSession, user: User, password_hash: str, *, keyring: Keyring, keep: uuid.UUID | None
) -> None:
    user.password_hash = password_hash
    await sessions.end_all(session, user.id, reason=RevocationReason.PASSWORD_CHANGED, but=keep)
    await factors.forget_challenges(session, user.id)
    # What was asked for under the old password must not undo the new one. A change of address can be undone
    # for its whole time: otherwise a thief of the account would set a password to prevent it.
    await discard(session, user.id, OneTimeToken.purpose != TokenPurpose.UNDO_EMAIL_CHANGE)
    notice = jobs.ForPerson(user_id=user.id, occasion=Occasion.PASSWORD_CHANGED)
    await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
