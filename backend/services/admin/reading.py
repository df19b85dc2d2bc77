"""Reading accounts. Who reads one is written down on its chain, who lists many on their own."""

import uuid
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.admin import UserQuery
from backend.schemas.audit import ActivityResponse
from backend.services import audit, sessions
from backend.services.admin.authority import AccountNotFoundError, Authority, record
from backend.utils.validators import identity_key

_LAST: Final = "\U0010ffff"  # the greatest code point, which no address and no name can hold
_PROFILES = frozenset(
    {
        AuditAction.PROFILE_CREATED,
        AuditAction.PROFILE_READ,
        AuditAction.PROFILE_CHANGED,
        AuditAction.PROFILE_REMOVED,
        AuditAction.SEAL_BROKEN,
    }
)


async def list_users(
    session: AsyncSession, authority: Authority, query: UserQuery, *, keyring: Keyring
) -> list[User]:
    """Return the accounts of a page, by id, and one more where another page follows."""
    found = select(User).order_by(User.id).limit(query.limit + 1)
    if query.search is not None:
        prefix = identity_key(query.search)
        found = found.where(or_(_begins(User.email_key, prefix), _begins(User.username_key, prefix)))
    if query.role is not None:
        found = found.where(User.role == query.role)
    if query.disabled is not None:
        found = found.where(User.disabled_at.is_not(None) if query.disabled else User.disabled_at.is_(None))
    if query.cursor is not None:
        found = found.where(User.id > query.cursor)
    used = [name for name in ("search", "role", "disabled") if getattr(query, name) is not None]
    await record(
        session,
        authority,
        AuditAction.ACCOUNTS_LISTED,
        authority.chain,
        keyring=keyring,
        filters=" ".join(used),
    )
    return list(await session.scalars(found))


async def read_user(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, keyring: Keyring
) -> User:
    """Return an account.

    Raises:
        AccountNotFoundError: There is none with this id.
    """
    return await _read(session, authority, user_id, part="account", keyring=keyring)


async def list_sessions(
    session: AsyncSession,
    authority: Authority,
    user_id: uuid.UUID,
    *,
    after: uuid.UUID | None,
    limit: int,
    keyring: Keyring,
) -> list[Session]:
    """Return some of an account's signed-in devices, the oldest first, beginning after an identifier.

    Raises:
        AccountNotFoundError: There is no account with this id.
    """
    await _read(session, authority, user_id, part="sessions", keyring=keyring)
    return await sessions.list_sessions(session, user_id, after=after, limit=limit)


async def list_activity(
    session: AsyncSession,
    authority: Authority,
    user_id: uuid.UUID,
    *,
    before: int | None,
    limit: int,
    keyring: Keyring,
) -> list[ActivityResponse]:
    """Return some of what happened on an account, the newest first: this reading too.

    Raises:
        AccountNotFoundError: There is no account with this id.
    """
    await _read(session, authority, user_id, part="activity", keyring=keyring)
    found = await audit.list_activity(session, user_id, before=before, limit=limit, keyring=keyring)
    # Which part of which profile was touched is its owner's: an administrator sees that one was.
    return [item.model_copy(update={"details": {}}) if item.action in _PROFILES else item for item in found]


async def _read(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, part: str, keyring: Keyring
) -> User:
    user = await session.get(User, user_id)
    if user is None:
        raise AccountNotFoundError
    await record(session, authority, AuditAction.ACCOUNT_READ, user_id, keyring=keyring, part=part)
    return user


def _begins(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    # A range of the unique index. LIKE would read the whole table, and would take characters as wildcards.
    return column.between(prefix, prefix + _LAST)
