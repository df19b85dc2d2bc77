"""Asking for a copy, seeing how far it is, and letting it go."""

import math
import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import NotFoundError, RateLimitedError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.export import Export, ExportChunk, ExportState
from backend.models.jobs import JobKind
from backend.models.users import User
from backend.schemas.export import ExportResponse
from backend.services import audit, jobs
from backend.services.users import AccountGoneError, Identity

MAX_PER_DAY: Final = 3
"""How many copies somebody may ask for within 24 hours; those that failed do not count."""

_DAY: Final = timedelta(days=1)
_GIVEN_UP: Final = timedelta(days=2)  # longer than all attempts of a job take
_KEPT: Final = timedelta(days=30)


class ExportNotFoundError(NotFoundError):
    """There is no such export, or it is somebody else's."""

    code = "export-not-found"
    title = "There is no such export"


class TooManyExportsError(RateLimitedError):
    """The person has asked for enough copies within a day."""

    code = "too-many-exports"
    title = f"Ask for at most {MAX_PER_DAY} exports within 24 hours"


async def request(session: AsyncSession, user: Identity, *, keyring: Keyring) -> Export:
    """Ask for a copy; where one is pending already, that is the answer.

    Raises:
        AccountGoneError: The account was deleted meanwhile.
        TooManyExportsError: There were enough within a day.
    """
    # Requests of one person take turns at their row: two cannot both be the first, or the last allowed.
    if await session.scalar(select(User.id).where(User.id == user.id).with_for_update()) is None:
        raise AccountGoneError
    pending = await session.scalar(_exports_of(user).where(Export.state == ExportState.PENDING))
    if pending is not None:
        if state_of(pending) is ExportState.PENDING:
            return pending
        pending.state = ExportState.FAILED
        await session.flush()
    await _require_room(session, user)
    export = Export(user_id=user.id, created_at=now())
    session.add(export)
    await session.flush()
    order = jobs.ForExport(export_id=export.id, user_id=user.id)
    await jobs.enqueue(session, JobKind.EXPORT, order, keyring=keyring)
    event = audit.Event(AuditAction.EXPORT_REQUESTED, user.id, details={"export": str(export.id)})
    await audit.record(session, event, keyring=keyring)
    return export


async def list_exports(
    session: AsyncSession, user: Identity, *, before: uuid.UUID | None, limit: int
) -> list[Export]:
    """Return some of one's exports, the newest first, beginning before an identifier."""
    query = _exports_of(user).order_by(Export.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Export.id < before)
    return list(await session.scalars(query))


async def read(session: AsyncSession, user: Identity, export_id: uuid.UUID) -> Export:
    """Return one of one's exports.

    Raises:
        ExportNotFoundError: It does not exist, or is somebody else's.
    """
    export = await session.scalar(_exports_of(user).where(Export.id == export_id))
    if export is None:
        raise ExportNotFoundError
    return export


def state_of(export: Export) -> ExportState:
    """Return how far an export is at this moment, whether or not somebody has tidied up since."""
    moment = now()
    if export.state is ExportState.READY and export.expires_at is not None and export.expires_at <= moment:
        return ExportState.EXPIRED
    if export.state is ExportState.PENDING and export.created_at <= moment - _GIVEN_UP:
        return ExportState.FAILED
    return export.state


def to_response(export: Export) -> ExportResponse:
    """Return an export as its owner sees it."""
    return ExportResponse(
        id=export.id,
        state=state_of(export),
        created_at=export.created_at,
        expires_at=export.expires_at,
        size=export.size,
    )


async def purge(database: Database) -> None:
    """Delete files that ran out or were never finished, and in the end that there were any."""
    moment = now()
    async with database.unit() as session:
        for before, after, is_over in (
            (ExportState.READY, ExportState.EXPIRED, Export.expires_at <= moment),
            (ExportState.PENDING, ExportState.FAILED, Export.created_at <= moment - _GIVEN_UP),
        ):
            await session.execute(
                update(Export)
                .where(Export.state == before, is_over)
                .values(state=after)
                .execution_options(synchronize_session=False)
            )
        over = select(Export.id).where(Export.state.in_((ExportState.EXPIRED, ExportState.FAILED)))
        await session.execute(delete(ExportChunk).where(ExportChunk.export_id.in_(over)))
        await session.execute(delete(Export).where(Export.id.in_(over), Export.created_at < moment - _KEPT))


async def _require_room(session: AsyncSession, user: Identity) -> None:
    moment = now()
    query = (
        select(Export.created_at)
        .where(
            Export.user_id == user.id,
            Export.state != ExportState.FAILED,
            Export.created_at > moment - _DAY,
        )
        .order_by(Export.created_at)
    )
    recent = list(await session.scalars(query))
    if len(recent) >= MAX_PER_DAY:
        free_at = recent[-MAX_PER_DAY] + _DAY
        raise TooManyExportsError(retry_after=max(1, math.ceil((free_at - moment).total_seconds())))


def _exports_of(user: Identity) -> Select[Export]:
    return select(Export).where(Export.user_id == user.id)
