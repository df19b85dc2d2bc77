"""Taking the file of an export away."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.errors import ConflictError, CorruptedError, NotFoundError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.export import Export, ExportState
from backend.services import audit
from backend.services.export.chunks import open_chunk
from backend.services.export.requests import read, state_of
from backend.services.users import DATA_KEY, Identity


class ExportNotReadyError(ConflictError):
    """The file is still being made, or could not be made."""

    code = "export-not-ready"
    title = "This export has no file to download"


class ExportExpiredError(NotFoundError):
    """The file was there, and its time is over."""

    code = "export-expired"
    title = "This export can no longer be downloaded"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file that somebody may have.

    Attributes:
        size: In bytes.
        first: Its first chunk: who gets an answer gets the file that was written, or none of it.
    """

    name: str
    size: int
    export: Export
    first: bytes = field(repr=False)
    data_key: bytes = field(repr=False)

    async def read(self, database: Database) -> AsyncIterator[bytes]:
        """Return the file chunk by chunk. Between two of them nothing of the database is held.

        Raises:
            CorruptedError: A chunk is gone or altered: the answer ends before its length.
            ExportExpiredError: The file was deleted meanwhile, for its time or with its owner: so too.
        """
        yield self.first
        for number in range(1, self.export.chunk_count or 0):
            async with database.reader() as session:
                chunk = await self._open(session, number)
            yield chunk

    async def _open(self, session: AsyncSession, number: int) -> bytes:
        try:
            return await open_chunk(session, self.export, number, data_key=self.data_key)
        except CorruptedError as error:
            kept = select(Export.id).where(Export.id == self.export.id, Export.state == ExportState.READY)
            if await session.scalar(kept) is None:
                raise ExportExpiredError from error
            raise


async def open_file(
    session: AsyncSession, user: Identity, export_id: uuid.UUID, *, keyring: Keyring
) -> ExportFile:
    """Return the file of one of one's exports, and write down that it was taken.

    Raises:
        ExportNotFoundError: It does not exist, or is somebody else's.
        ExportNotReadyError: There is no file yet, or there will be none.
        ExportExpiredError: Its time is over.
        CorruptedError: It is not the file that was written.
    """
    export = await read(session, user, export_id)
    state = state_of(export)
    if state is ExportState.EXPIRED:
        raise ExportExpiredError
    if state is not ExportState.READY:
        raise ExportNotReadyError
    data_key = keyring.unwrap(user.data_key, owner=user.id, purpose=DATA_KEY)
    first = await open_chunk(session, export, 0, data_key=data_key)
    if export.size is None:
        raise CorruptedError(user.id, {"export": str(export.id)})
    event = audit.Event(AuditAction.EXPORT_DOWNLOADED, user.id, details={"export": str(export.id)})
    await audit.record(session, event, keyring=keyring)
    name = f"safeplate-export-{export.created_at:%Y-%m-%d}.zip"
    return ExportFile(name, export.size, export, first, data_key)
