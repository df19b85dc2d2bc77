"""Writing down who read or changed a profile: names of what was touched, never values."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.services import audit
from backend.services.health.document import Document
from backend.services.users import Identity

ALL: Final = "all"
"""Stands for every member, so that a new profile's event does not tell which of them are empty."""

_NO_CONTENT: Final = {"format", "relationship"}  # nobody changes these
_IN_ONE_EVENT = 20  # identifiers that fit into an event's details


async def record_reading(
    session: AsyncSession,
    user: Identity,
    profiles: Sequence[uuid.UUID],
    *,
    keyring: Keyring,
    fields: str = ALL,
    purpose: str = "",
) -> None:
    """Write down in this transaction that profiles are read: else nobody gets to read them."""
    for event in events_of_reading(user, profiles, fields=fields, purpose=purpose):
        await audit.record(session, event, keyring=keyring)


def events_of_reading(
    user: Identity, profiles: Sequence[uuid.UUID], *, fields: str = ALL, purpose: str = ""
) -> Iterator[audit.Event]:
    """Yield what is to be written down before somebody is shown profiles."""
    for start in range(0, len(profiles), _IN_ONE_EVENT):
        ids = " ".join(str(profile) for profile in profiles[start : start + _IN_ONE_EVENT])
        details = {"profiles": ids, "fields": fields} | ({"purpose": purpose} if purpose else {})
        yield audit.Event(AuditAction.PROFILE_READ, user.id, details=details)


def changed_fields(before: Document, after: Document) -> str:
    """Return the names of the members that differ."""
    names = [
        name
        for name in Document.model_fields
        if name not in _NO_CONTENT and getattr(before, name) != getattr(after, name)
    ]
    return " ".join(names) or "none"
