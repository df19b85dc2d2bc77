"""Signing in."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.errors import UnauthenticatedError
from backend.core.keys import Keyring
from backend.core.passwords import PasswordPool
from backend.models.audit import AuditAction, AuditActor
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.auth import LoginForm
from backend.services import audit, factors, sessions
from backend.services.sessions import ClientRequest, IssuedTokens
from backend.utils.validators import identity_key

_PASSWORD = "pwd"  # noqa: S105 - a method (RFC 8176, 2)


class CredentialsInvalidError(UnauthenticatedError):
    """Unknown person, wrong password and disabled account: the same error, in text and in work."""

    code = "invalid-credentials"
    title = "The user name or the password is not right"


class SignInFailedError(CredentialsInvalidError):
    """The same to the caller; that somebody tried is stored although the request fails."""

    keeps_writes = True


@dataclass(frozen=True, slots=True)
class SignInParts(factors.Ports):
    """What signing in works with."""

    passwords: PasswordPool


class _Account(NamedTuple):
    """What signing in needs to know before the password is checked; empty where nobody has the name."""

    id: uuid.UUID | None = None
    password_hash: str | None = None
    is_disabled: bool = False
    is_known_device: bool = False


async def sign_in(session: AsyncSession, data: LoginForm, *, parts: SignInParts) -> IssuedTokens:
    """Check a password and sign the device in.

    The look-up is a statement of its own, so that no transaction is open while the password is hashed.
    Whether somebody has the name changes nothing in what is done: look up, count, hash, write down.

    Raises:
        CredentialsInvalidError: The two do not belong together, or the account is disabled.
        MfaRequiredError: They do, and the account has a second factor.
        ErasurePendingError: They do, and the account waits to be erased.
        RateLimitedError: Too many guesses lately.
    """
    name = identity_key(data.username)
    account = await _look_up(parts.database, name)
    attempt = await parts.attempts.count(str(account.id or name), is_known_device=account.is_known_device)
    checked = await parts.passwords.check(data.password.get_secret_value(), account.password_hash)
    if account.id is None or not checked.matches or account.is_disabled:
        owner_id = account.id or audit.nobody(name)
        await record_failure(session, owner_id, _PASSWORD, keyring=parts.keyring)
        raise SignInFailedError
    # The account may have changed while the hash was computed: only the same password opens a session.
    user = await session.get(User, account.id, with_for_update=True)
    if user is None or user.password_hash != account.password_hash or user.disabled_at is not None:
        raise CredentialsInvalidError
    user.password_hash = checked.replacement or user.password_hash
    await parts.attempts.forgive(session, attempt)
    request = ClientRequest(data.client_id, data.refresh_token_in)
    await factors.require_factor(session, user, request, methods=_PASSWORD, ports=parts)
    await sessions.require_kept(session, user, methods=_PASSWORD, keyring=parts.keyring)
    return await sessions.start(session, user.id, request, methods=_PASSWORD, tokens=parts.tokens)


async def record_failure(
    session: AsyncSession, owner_id: uuid.UUID, method: str, *, keyring: Keyring
) -> None:
    """Write down that somebody tried to sign in and could not."""
    details = {"method": method}
    event = audit.Event(AuditAction.SIGN_IN_FAILED, owner_id, AuditActor.ANYONE, details=details)
    await audit.record(session, event, keyring=keyring)


async def _look_up(database: Database, name: str) -> _Account:
    column = User.email_key if "@" in name else User.username_key
    known = exists().where(Session.user_id == User.id, *sessions.is_from_here())
    query = select(User.id, User.password_hash, User.disabled_at.is_not(None), known).where(column == name)
    async with database.statement() as connection:
        row = (await connection.execute(query)).one_or_none()
    return _Account(*row) if row else _Account()
