"""Whether the service can do its work."""

from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.migrations import current_revision, head_revision


class NotReadyError(UnavailableError):
    """The database cannot be reached, or is not at the revision that this code needs."""

    code = "not-ready"
    title = "The service is not ready"


async def require_ready(database: Database) -> None:
    """Check that the database is reachable and migrated.

    Raises:
        NotReadyError: It is not; the detail says which.
    """
    try:
        async with database.statement() as connection:
            revision = await connection.run_sync(current_revision)
    except UnavailableError as error:
        raise NotReadyError(detail="The database cannot be reached.") from error
    if revision != head_revision():
        raise NotReadyError(detail="The database is not migrated: run `safeplate db migrate`.")
