"""Showing people what happened on their account."""

import json
import uuid

from sqlalchemy import select
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
    query = (
        select(AuditEvent, AuditChain.place_key)
        .join(AuditChain, AuditChain.owner_id == AuditEvent.owner_id)
        .where(AuditEvent.owner_id == owner_id)
        .order_by(AuditEvent.sequence.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AuditEvent.sequence < before)
    rows = (await session.execute(query)).all()
    wrapped = rows[0].place_key if rows else None
    try:
        place_key = keyring.unwrap(wrapped, owner=owner_id, purpose=PLACE_KEY) if wrapped else None
        return [to_response(row.AuditEvent, place_key) for row in rows]
    except SealBrokenError as error:
        raise CorruptedError(owner_id) from error


def to_response(event: AuditEvent, place_key: bytes | None) -> ActivityResponse:
    """Return an event as the owner of its account sees it."""
    place = open_place(event, place_key) if place_key else None
    if place and event.actor is AuditActor.ADMIN:
        place = Caller(request_id=place.request_id)  # where administrators work is theirs
    return ActivityResponse(
        sequence=event.sequence,
        action=event.action,
        actor=event.actor,
        actor_id=event.actor_id,
        ip_prefix=place.ip_prefix if place else "",
        device=device_name(place.user_agent) if place and place.user_agent else "",
        request_id=place.request_id if place else "",
        details=json.loads(event.details),
        recorded_at=event.recorded_at,
    )
