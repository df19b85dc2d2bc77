"""Writing down that something stored does not open."""

from sqlalchemy.exc import DBAPIError

from backend.core.database import Database
from backend.core.errors import AppError, CorruptedError
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.audit import AuditAction, AuditActor
from backend.services import audit
from backend.utils.security import SealBrokenError


async def record_broken_seal(database: Database, error: CorruptedError, *, keyring: Keyring) -> None:
    """Write down on its owner's account that something does not open.

    In a transaction of its own: that of the request is undone. If the account's chain is broken itself, or
    the database is lost, the log alone tells of it.
    """
    if error.owner_id is None:
        return
    event = audit.Event(AuditAction.SEAL_BROKEN, error.owner_id, AuditActor.ANYONE, details=error.details)
    try:
        async with database.unit() as session:
            await audit.record(session, event, keyring=keyring)
    except (SealBrokenError, AppError, DBAPIError) as failure:
        logger.error("seal_broken_unrecorded", error=type(failure).__name__)
