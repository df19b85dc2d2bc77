"""Who acts in a request: the hot path of every one of them."""

import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database, Lookup
from backend.core.errors import UnauthenticatedError
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError, Tokens
from backend.models.audit import AuditAction
from backend.models.sessions import Session
from backend.models.users import User
from backend.services import audit
from backend.services.users import ErasurePendingError, Identity

RECENT: Final = timedelta(minutes=10)

LIVE: Final = (
    Session.revoked_at.is_(None),
    Session.expires_at > bindparam("now"),
    Session.idle_expires_at > bindparam("now"),
    User.disabled_at.is_(None),
    User.erase_at.is_(None),
)
"""What makes a session count; `now` is given with the statement."""

_IDENTITY = Lookup(
    select(
        User.id,
        Session.id.label("session_id"),
        Session.created_at.label("signed_in_at"),
        User.email,
        User.username,
        User.email_verified_at,
        User.role,
        User.locale,
        User.created_at,
        User.data_key,
    )
    .join(User, User.id == Session.user_id)
    .where(
        Session.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        Session.client_id == bindparam("client_id"),
        *LIVE,
    )
)


class SignInNotRecentError(UnauthenticatedError):
    """The session is good, but its sign-in is too long ago for what is asked (RFC 9470)."""

    code = "insufficient-user-authentication"
    title = "Sign in again: this needs a sign-in within the last ten minutes"
    challenge = f'error="insufficient_user_authentication", max_age={int(RECENT.total_seconds())}'


async def authenticate(database: Database, token: str, *, tokens: Tokens) -> Identity:
    """Return who acts with an access token.

    Sign-out, disabling and deletion act at once, since the session is asked on every request.

    Raises:
        AccessTokenInvalidError: The token is not valid or its session has ended.
    """
    claims = tokens.read_access(token)
    parameters = {
        "session_id": claims.session_id,
        "user_id": claims.user_id,
        "client_id": claims.client_id,
        "now": now(),
    }
    row = await database.look_up(_IDENTITY, parameters)
    if row is None:
        raise AccessTokenInvalidError
    return Identity(*row)


async def is_live(session: AsyncSession, session_id: uuid.UUID | None) -> bool:
    """Tell whether nobody has ended a session, as far as this transaction sees.

    A request is authenticated before its transaction begins, and what it asks for may be done much later.
    What gives lasting power over an account looks again once the account is locked.
    """
    live = select(Session.id).where(Session.id == session_id, Session.revoked_at.is_(None))
    return await session.scalar(live) is not None


async def require_kept(session: AsyncSession, user: User, *, methods: str, keyring: Keyring) -> None:
    """Refuse to sign in to an account that waits to be erased; asked last, when all else has been shown.

    Raises:
        ErasurePendingError: It waits. That somebody tried is stored although the request fails.
    """
    if user.erase_at is None:
        return
    details = {"method": methods, "reason": ErasurePendingError.code}
    event = audit.Event(AuditAction.SIGN_IN_FAILED, user.id, details=details)
    await audit.record(session, event, keyring=keyring)
    raise ErasurePendingError(user.erase_at)


def require_recent(user: Identity) -> None:
    """Refuse what a device that was left signed in must not do: refreshing does not renew a sign-in.

    Raises:
        SignInNotRecentError: The sign-in is more than ten minutes ago.
    """
    if now() - user.signed_in_at > RECENT:
        raise SignInNotRecentError
