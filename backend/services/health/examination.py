"""Looking at all that an account's profiles are and were, without showing any of it."""

import json
import uuid
from collections.abc import AsyncIterator

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditEvent
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.services.health.document import Document, open_document
from backend.services.health.storage import profiles_of
from backend.services.users import Owner
from backend.utils.security import SealBrokenError

_PAGE = 100
_CHANGES = (
    AuditAction.PROFILE_CREATED,
    AuditAction.PROFILE_CHANGED,
    AuditAction.PROFILE_REMOVED,
    AuditAction.ACCOUNT_REMOVED,
)


async def find_faults(session: AsyncSession, owner: Owner, *, keyring: Keyring) -> list[str]:
    """Return what is wrong with the profiles of an account: identifiers and versions alone.

    A profile's row and each of its versions must open, the versions be without a gap, the row be the newest
    of them, and the chain of events have told of that version last. While the account changes, what is read
    first may seem not to fit what is read next: only what is found again is a fault.
    """
    try:
        told = await _versions_told(session, owner.id)
    except (ValueError, KeyError):
        return [f"the events of account {owner.id} about its profiles cannot be read"]
    faults = []
    for row in await session.scalars(profiles_of(owner).order_by(HealthProfile.id)):
        name = f"profile {row.id} of account {owner.id}"
        version = told.pop(row.id, None)
        if version is not None and version != row.version:
            faults.append(f"{name}: is at version {row.version}, and its events tell of version {version}")
        document = _open(row.document, row.id, row.version, owner, keyring)
        if document is None:
            faults.append(f"{name}: version {row.version} does not open")
        elif document.relationship not in {None, row.relationship}:
            faults.append(f"{name}: was made for somebody else than its row says")
        faults += [f"{name}: {fault}" async for fault in _revision_faults(session, row, owner, keyring)]
    faults += [
        f"profile {profile} of account {owner.id}: is gone, and no event tells of it" for profile in told
    ]
    session.expunge_all()
    return faults


async def _revision_faults(
    session: AsyncSession, row: HealthProfile, owner: Owner, keyring: Keyring
) -> AsyncIterator[str]:
    last, document = None, None
    async for version, document in _revisions(session, row.id):
        if last is not None and version != last + 1:
            yield f"between versions {last} and {version} there is none"
        last = version
        if _open(document, row.id, version, owner, keyring) is None:
            yield f"version {version} among its revisions does not open"
    if last != row.version:
        yield f"is at version {row.version}, and its newest revision is {last or 'none'}"
    elif document != row.document:
        yield f"version {last} is not what its revision holds"


async def _revisions(session: AsyncSession, profile_id: uuid.UUID) -> AsyncIterator[Row[int, bytes]]:
    query = (
        select(HealthProfileRevision.version, HealthProfileRevision.document)
        .where(HealthProfileRevision.profile_id == profile_id)
        .order_by(HealthProfileRevision.version)
        .limit(_PAGE)
    )
    page = list(await session.execute(query))
    while page:
        for row in page:
            yield row
        page = list(await session.execute(query.where(HealthProfileRevision.version > page[-1].version)))


async def _versions_told(session: AsyncSession, owner_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """Return the version that each profile which was not removed has by its owner's events."""
    told: dict[uuid.UUID, int] = {}
    query = (
        select(AuditEvent.sequence, AuditEvent.action, AuditEvent.details)
        .where(AuditEvent.owner_id == owner_id, AuditEvent.action.in_(_CHANGES))
        .order_by(AuditEvent.sequence)
        .limit(_PAGE)
    )
    page = list(await session.execute(query))
    while page:
        for _, action, text in page:
            if action is AuditAction.ACCOUNT_REMOVED:
                told.clear()  # erased while it was looked at, and its profiles with it
                continue
            details = json.loads(text)
            profile = uuid.UUID(details["profile"])
            if action is AuditAction.PROFILE_REMOVED:
                told.pop(profile, None)
            else:
                told[profile] = int(details["version"])
        page = list(await session.execute(query.where(AuditEvent.sequence > page[-1].sequence)))
    return told


def _open(
    document: bytes, profile_id: uuid.UUID, version: int, owner: Owner, keyring: Keyring
) -> Document | None:
    """Return a document; None if it does not open."""
    try:
        return open_document(document, profile_id=profile_id, version=version, owner=owner, keyring=keyring)
    except SealBrokenError:
        return None
