"""Erasing the accounts whose time has come. Any number of processes do it side by side."""

import uuid
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.audit import AuditActor
from backend.models.users import User
from backend.services.erasure.destruction import Doer, erase

_BATCH: Final = 100
_SERVICE: Final = Doer(AuditActor.SERVICE)


async def erase_due(database: Database, *, keyring: Keyring) -> int:
    """Erase accounts that have waited long enough, each in a transaction of its own; return how many."""
    async with database.reader() as reader:
        query = select(User.id).where(_is_due()).order_by(User.erase_at).limit(_BATCH)
        due = list(await reader.scalars(query))
    erased = 0
    for user_id in due:
        try:
            async with database.unit() as session:
                erased += await _erase(session, user_id, keyring)
        except Exception:  # noqa: BLE001 - one account that nobody foresaw must not keep the others
            logger.exception("erasure_failed", user_id=str(user_id))
    return erased


async def _erase(session: AsyncSession, user_id: uuid.UUID, keyring: Keyring) -> int:
    """Erase an account unless another process has it, or somebody took it back; return how many were."""
    query = select(User).where(User.id == user_id, _is_due()).with_for_update(skip_locked=True)
    account = await session.scalar(query)
    if account is None:
        return 0
    await erase(session, account, _SERVICE, keyring=keyring)
    return 1


def _is_due() -> ColumnElement[bool]:
    return User.erase_at <= now()
