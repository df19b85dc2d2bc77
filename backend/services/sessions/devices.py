"""Signed-in devices, seen and signed out by their owner."""

import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import NotFoundError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.sessions import RevocationReason, Session
from backend.schemas.auth import SessionResponse
from backend.services import audit
from backend.services.users import Identity
from backend.utils.devices import device_name

_KEPT: Final = timedelta(days=90)


class SessionNotFoundError(NotFoundError):
    """There is no such session, it has ended, or it is somebody else's."""

    code = "session-not-found"
    title = "There is no such session"


def is_from_here() -> tuple[ColumnElement[bool], ...]:
    """Return what is true of sessions that began on the device and in the network that ask now."""
    place = caller.current()
    return (Session.ip_prefix == place.ip_prefix, Session.user_agent == place.user_agent)


async def list_sessions(
    session: AsyncSession, user_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> list[Session]:
    """Return some of somebody's signed-in devices, oldest first, beginning after an identifier."""
    query = _sessions_of(user_id).order_by(Session.id).limit(limit)
    if after is not None:
        query = query.where(Session.id > after)
    return list(await session.scalars(query))


async def sign_out(session: AsyncSession, user: Identity, *, keyring: Keyring) -> None:
    """End the session that acts."""
    await end(session, user.session_id, reason=RevocationReason.SIGNED_OUT)
    await _record(session, user, AuditAction.SIGNED_OUT, user.session_id, keyring)


async def sign_out_everywhere(session: AsyncSession, user: Identity, *, keyring: Keyring) -> None:
    """End all of one's sessions, the one that acts included."""
    await end_all(session, user.id, reason=RevocationReason.SIGNED_OUT)
    await _record(session, user, AuditAction.SESSIONS_ENDED, user.session_id, keyring)


async def end_one(session: AsyncSession, user: Identity, session_id: uuid.UUID, *, keyring: Keyring) -> None:
    """End one of one's sessions.

    Raises:
        SessionNotFoundError: It does not exist, has ended, or is somebody else's.
    """
    found = await session.scalar(_sessions_of(user.id).where(Session.id == session_id).with_for_update())
    if found is None:
        raise SessionNotFoundError
    await end(session, session_id, reason=RevocationReason.SIGNED_OUT)
    await _record(session, user, AuditAction.SESSION_ENDED, session_id, keyring)


async def end_all(
    session: AsyncSession, user_id: uuid.UUID, *, reason: RevocationReason, but: uuid.UUID | None = None
) -> None:
    """End all of somebody's sessions, except one if it is named. Whoever asks writes down why."""
    query = update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    if but is not None:
        query = query.where(Session.id != but)
    await session.execute(query.values(revoked_at=now(), revoked_reason=reason))


async def end(session: AsyncSession, session_id: uuid.UUID, *, reason: RevocationReason) -> None:
    """End a session; its access tokens are refused from the commit on. Whoever asks writes down why."""
    await session.execute(
        update(Session)
        .where(Session.id == session_id, Session.revoked_at.is_(None))
        .values(revoked_at=now(), revoked_reason=reason)
    )


async def purge(database: Database) -> None:
    """Delete sessions that ended long ago. Until then they tell which devices are known."""
    async with database.unit() as session:
        await session.execute(delete(Session).where(Session.expires_at < now() - _KEPT))


def to_response(session: Session, *, current: uuid.UUID | None = None) -> SessionResponse:
    """Return a session as its owner sees it."""
    return SessionResponse(
        id=session.id,
        device=device_name(session.user_agent),
        client_id=session.client_id,
        ip_prefix=session.ip_prefix,
        authentication_methods=tuple(session.authentication_methods.split()),
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=min(session.idle_expires_at, session.expires_at),
        current=session.id == current,
    )


def _sessions_of(user_id: uuid.UUID) -> Select[Session]:
    moment = now()
    return select(Session).where(
        Session.user_id == user_id,
        Session.revoked_at.is_(None),
        Session.idle_expires_at > moment,
        Session.expires_at > moment,
    )


async def _record(
    session: AsyncSession, user: Identity, action: AuditAction, session_id: uuid.UUID, keyring: Keyring
) -> None:
    event = audit.Event(action, user.id, details={"session": str(session_id)})
    await audit.record(session, event, keyring=keyring)
