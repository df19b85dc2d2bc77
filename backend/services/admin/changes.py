"""Changing accounts. What ends an account's rights ends its sessions in the same transaction."""

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.sessions import RevocationReason
from backend.models.users import User, UserRole
from backend.services import factors, sessions
from backend.services.admin.authority import (
    AccountNotFoundError,
    AdminOnlyError,
    Authority,
    OwnAccountError,
    record,
)


async def disable(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, keyring: Keyring
) -> None:
    """Shut an account: nobody signs in to it, and its tokens are refused from the commit on.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
    """
    user = await lock(session, authority, user_id)
    if user.disabled_at is not None:
        return
    user.disabled_at = now()
    await end_access(session, user_id, reason=RevocationReason.ACCOUNT_DISABLED)
    await record(session, authority, AuditAction.ACCOUNT_DISABLED, user_id, keyring=keyring)


async def enable(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, keyring: Keyring
) -> None:
    """Open a shut account again. Its sessions stay ended.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
    """
    user = await lock(session, authority, user_id)
    if user.disabled_at is None:
        return
    user.disabled_at = None
    await record(session, authority, AuditAction.ACCOUNT_ENABLED, user_id, keyring=keyring)


async def change_role(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, role: UserRole, *, keyring: Keyring
) -> None:
    """Give an account another role; every device has to sign in anew.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
    """
    user = await lock(session, authority, user_id)
    before = user.role
    if before is role:
        return
    user.role = role
    await end_access(session, user_id, reason=RevocationReason.ROLE_CHANGED)
    details = {"from": before.value, "to": role.value}
    await record(session, authority, AuditAction.ROLE_CHANGED, user_id, keyring=keyring, **details)


async def end_sessions(
    session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, keyring: Keyring
) -> None:
    """Sign every device of an account out.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
    """
    await lock(session, authority, user_id)
    await end_access(session, user_id, reason=RevocationReason.ENDED_BY_ADMIN)
    await record(session, authority, AuditAction.SESSIONS_ENDED, user_id, keyring=keyring)


async def lock(session: AsyncSession, authority: Authority, user_id: uuid.UUID) -> User:
    """Lock an account, and with it the account of the administrator who changes it.

    Of two who demote each other, one comes second, and is no administrator then: one always remains. Both
    rows are locked in the order of their ids, so that the two cannot wait for each other.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Who acts is no administrator any more.
    """
    if user_id == authority.admin_id:
        raise OwnAccountError
    wanted = {user_id, authority.admin_id} - {None}
    query = select(User).where(User.id.in_(wanted)).order_by(User.id).with_for_update()
    rows = await session.scalars(query.execution_options(populate_existing=True))
    found = {user.id: user for user in rows}
    if authority.admin_id is not None:
        acting = found.get(authority.admin_id)
        if acting is None or acting.role is not UserRole.ADMIN or acting.disabled_at is not None:
            raise AdminOnlyError
    if user_id not in found:
        raise AccountNotFoundError
    return found[user_id]


async def end_access(session: AsyncSession, user_id: uuid.UUID, *, reason: RevocationReason) -> None:
    """End every session of an account, and every sign-in that waits for its second factor."""
    await sessions.end_all(session, user_id, reason=reason)
    await factors.forget_challenges(session, user_id)
