"""Showing people what happened on their account."""

import json
import uuid
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.caller import Caller
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.models.audit import AuditActor, AuditChain, AuditEvent
from backend.schemas.audit import ActivityResponse
from backend.services.audit.chain import PLACE_KEY, open_place
from backend.utils.devices import device_name
from backend.utils.security import SealBrokenError


async def list_activity(
    session: AsyncSession, owner_id: uuid.UUID, *, before: int | None, limit: int, keyring: Keyring
) -> list[ActivityResponse]:
    """Return some of what happened on an account, the newest first, beginning before a sequence number.

    Raises:
        CorruptedError: Where one came from was altered, or belongs to another event.
    """
    query = _events_of(owner_id).order_by(AuditEvent.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEvent.sequence < before)
    rows = (await session.execute(query)).all()
    try:
        place_key = _place_key(owner_id, rows[0].place_key if rows else None, keyring)
        return [to_response(row.AuditEvent, place_key) for row in rows]
    except SealBrokenError as error:
        raise CorruptedError(owner_id) from error


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event, and what its owner may know of where it came from."""

    event: AuditEvent
    place: Caller


async def read_events(
    session: AsyncSession, owner_id: uuid.UUID, *, after: int, limit: int, keyring: Keyring
) -> list[PlacedEvent]:
    """Return some of what happened on an account, the oldest first, after a sequence number.

    Raises:
        CorruptedError: Where one came from was altered, or belongs to another event.
    """
    query = _events_of(owner_id).where(AuditEvent.sequence > after).order_by(AuditEvent.sequence).limit(limit)
    rows = (await session.execute(query)).all()
    try:
        place_key = _place_key(owner_id, rows[0].place_key if rows else None, keyring)
        return [PlacedEvent(row.AuditEvent, _shown_place(row.AuditEvent, place_key)) for row in rows]
    except SealBrokenError as error:
        raise CorruptedError(owner_id) from error


def to_response(event: AuditEvent, place_key: bytes | None) -> ActivityResponse:
    """Return an event as the owner of its account sees it."""
    place = _shown_place(event, place_key)
    return ActivityResponse(
        sequence=event.sequence,
        action=event.action,
        actor=event.actor,
        actor_id=event.actor_id,
        ip_prefix=place.ip_prefix,
        device=device_name(place.user_agent) if place.user_agent else "",
        request_id=place.request_id,
        details=json.loads(event.details),
        recorded_at=event.recorded_at,
    )


def _events_of(owner_id: uuid.UUID) -> Select[AuditEvent, bytes | None]:
    return (
        select(AuditEvent, AuditChain.place_key)
        .join(AuditChain, AuditChain.owner_id == AuditEvent.owner_id)
        .where(AuditEvent.owner_id == owner_id)
    )


def _place_key(owner_id: uuid.UUID, wrapped: bytes | None, keyring: Keyring) -> bytes | None:
    return keyring.unwrap(wrapped, owner=owner_id, purpose=PLACE_KEY) if wrapped else None


def _shown_place(event: AuditEvent, place_key: bytes | None) -> Caller:
    """Return where an event came from, as far as its owner may know: where administrators work is theirs."""
    place = open_place(event, place_key) if place_key else Caller()
    return Caller(request_id=place.request_id) if event.actor is AuditActor.ADMIN else place
