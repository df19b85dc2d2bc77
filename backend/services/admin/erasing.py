"""Having accounts erased, and keeping them. An administrator can do nothing that cannot be undone."""

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.schemas.erasure import SignedReceipt
from backend.services import erasure
from backend.services.admin.authority import OPERATOR, Authority
from backend.services.admin.changes import lock
from backend.services.erasure import Doer, Terms


async def erase(session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, terms: Terms) -> datetime:
    """Have an account erased after a grace, for somebody who asked otherwise than here; return when that is.

    Its owner is told, and can take it back.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
    """
    user = await lock(session, authority, user_id)
    if user.erase_at is not None:
        return user.erase_at
    return await erasure.schedule(session, user, _doer(authority), terms=terms)


async def keep(session: AsyncSession, authority: Authority, user_id: uuid.UUID, *, keyring: Keyring) -> None:
    """Take back that an account shall be erased. Its sessions stay ended.

    Raises:
        AccountNotFoundError: There is no account with this id.
        OwnAccountError: It is the administrator's own.
        AdminOnlyError: Another administrator was quicker: who acts is none any more.
        ErasureDueError: The time has come.
    """
    user = await lock(session, authority, user_id)
    if user.erase_at is not None:
        await erasure.take_back(session, user, _doer(authority), keyring=keyring)


async def erase_at_once(session: AsyncSession, user_id: uuid.UUID, *, keyring: Keyring) -> SignedReceipt:
    """Erase an account now. Operators alone do.

    Raises:
        AccountNotFoundError: There is no account with this id.
    """
    user = await lock(session, OPERATOR, user_id)
    return await erasure.erase(session, user, _doer(OPERATOR), keyring=keyring)


def _doer(authority: Authority) -> Doer:
    return Doer(authority.actor, authority.admin_id)
