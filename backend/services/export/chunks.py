"""The file of an export: chunks in the database, sealed, in order, and with an end.

Each chunk is bound to its owner, export, attempt and number, and says whether it is the last: none can be
altered, left out, exchanged or cut off unseen. Only the newest attempt may write, and only the transaction of
its last chunk makes the export one that can be downloaded.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.models.export import Export, ExportChunk, ExportState
from backend.models.users import User
from backend.services.users import DATA_KEY
from backend.utils.security import SealBrokenError, open_sealed, seal

CHUNK_BYTES: Final = 262_144
"""How much of the file is in memory at once, on either side."""


class OvertakenError(Exception):
    """The export is not this attempt's any more: it is another's, over, or gone with its owner."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An export that this attempt writes.

    Attributes:
        owner: The account, as it was when the attempt began.
    """

    id: uuid.UUID
    attempt: int
    created_at: datetime
    owner: User
    data_key: bytes = field(repr=False)


async def begin(session: AsyncSession, export_id: uuid.UUID, *, attempt: int, keyring: Keyring) -> Draft:
    """Take an export over from every earlier attempt, and delete what those wrote.

    Raises:
        OvertakenError: There is nothing to write.
    """
    taken = (
        update(Export)
        .where(Export.id == export_id, Export.state == ExportState.PENDING, Export.attempt < attempt)
        .values(attempt=attempt)
        .returning(Export.user_id, Export.created_at)
        .execution_options(synchronize_session=False)
    )
    row = (await session.execute(taken)).one_or_none()
    owner = await session.get(User, row.user_id) if row else None
    if row is None or owner is None:
        raise OvertakenError
    await session.execute(delete(ExportChunk).where(ExportChunk.export_id == export_id))
    data_key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    return Draft(export_id, attempt, row.created_at, owner, data_key)


async def add(session: AsyncSession, draft: Draft, number: int, content: bytes, *, is_last: bool) -> None:
    """Write the next chunk.

    Raises:
        OvertakenError: The export is not this attempt's any more.
    """
    await _change(session, draft, {"updated_at": now()})
    binding = _binding(draft.owner.id, draft.id, draft.attempt, number, is_last=is_last)
    sealed = seal(draft.data_key, content, associated=binding)
    session.add(ExportChunk(export_id=draft.id, attempt=draft.attempt, number=number, content=sealed))
    await session.flush()


async def finish(
    session: AsyncSession, draft: Draft, *, size: int, chunk_count: int, expires_at: datetime
) -> None:
    """Let the owner have what was written.

    Raises:
        OvertakenError: The export is not this attempt's any more.
    """
    values = {
        "state": ExportState.READY,
        "size": size,
        "chunk_count": chunk_count,
        "expires_at": expires_at,
    }
    await _change(session, draft, values)


async def fail(session: AsyncSession, draft: Draft) -> None:
    """Give an export up, and delete what was written.

    Raises:
        OvertakenError: The export is not this attempt's any more.
    """
    await _change(session, draft, {"state": ExportState.FAILED})
    await session.execute(delete(ExportChunk).where(ExportChunk.export_id == draft.id))


async def open_chunk(session: AsyncSession, export: Export, number: int, *, data_key: bytes) -> bytes:
    """Return a part of the file.

    Raises:
        CorruptedError: The chunk is not there, or not the one that was written.
    """
    key = (export.id, export.attempt, number)
    row = await session.get(ExportChunk, key)
    is_last = number + 1 == export.chunk_count
    binding = _binding(export.user_id, *key, is_last=is_last)
    try:
        return open_sealed(data_key, row.content if row else b"", associated=binding)
    except SealBrokenError as error:
        raise CorruptedError(export.user_id, {"export": str(export.id)}) from error


async def _change(session: AsyncSession, draft: Draft, values: dict[str, object]) -> None:
    """Change the row of the export, which stays locked until the end, if it is this attempt's still."""
    mine: tuple[ColumnElement[bool], ...] = (
        Export.id == draft.id,
        Export.state == ExportState.PENDING,
        Export.attempt == draft.attempt,
    )
    changed = update(Export).where(*mine).values(values).returning(Export.id)
    if await session.scalar(changed.execution_options(synchronize_session=False)) is None:
        raise OvertakenError


def _binding(owner_id: uuid.UUID, export_id: uuid.UUID, attempt: int, number: int, *, is_last: bool) -> bytes:
    place = attempt.to_bytes(8) + number.to_bytes(8) + is_last.to_bytes(1)
    return b"export" + owner_id.bytes + export_id.bytes + place
