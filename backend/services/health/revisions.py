"""What a profile was: every version is kept, can be read and compared, and can become the present again."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.models.health import HealthProfile, HealthProfileRevision
from backend.schemas.health import RevisionDiff, RevisionResponse, RevisionSummary
from backend.services.health.comparison import compare
from backend.services.health.document import Document
from backend.services.health.errors import RevisionNotFoundError
from backend.services.health.records import record_reading
from backend.services.health.responses import to_content
from backend.services.health.rows import ProfileRef
from backend.services.health.storage import (
    Profile,
    Versions,
    current_at,
    find,
    open_whole,
    require_newest,
    store,
)
from backend.services.users import Identity, Owner


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a profile with its document open."""

    profile_id: uuid.UUID
    version: int
    author_id: uuid.UUID
    recorded_at: datetime
    document: Document


def revisions_of(owner: Owner) -> Select[HealthProfileRevision]:
    """Return the query for all versions of all that somebody owns."""
    return (
        select(HealthProfileRevision)
        .join(HealthProfile, HealthProfile.id == HealthProfileRevision.profile_id)
        .where(HealthProfile.owner_id == owner.id)
    )


def opened_revision(row: HealthProfileRevision, *, owner: Owner, keyring: Keyring) -> Revision:
    """Open a version's document.

    Raises:
        CorruptedError: The row was altered, or is another version's.
    """
    document = open_whole(
        row.document, profile_id=row.profile_id, version=row.version, owner=owner, keyring=keyring
    )
    return Revision(row.profile_id, row.version, row.author_id, row.recorded_at, document)


async def list_revisions(
    session: AsyncSession,
    user: Identity,
    profile: ProfileRef,
    *,
    before: int | None,
    limit: int,
    keyring: Keyring,
) -> list[RevisionSummary]:
    """Return some versions of a profile, the newest first, beginning before a version. Opens none.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
    """
    row = await find(session, user, profile)
    require_newest(row)
    await record_reading(session, user, [row.id], keyring=keyring, fields="revisions")
    query = (
        select(
            HealthProfileRevision.version, HealthProfileRevision.author_id, HealthProfileRevision.recorded_at
        )
        .where(HealthProfileRevision.profile_id == row.id)
        .order_by(HealthProfileRevision.version.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(HealthProfileRevision.version < before)
    return [RevisionSummary.model_validate(found) for found in await session.execute(query)]


async def read_revision(
    session: AsyncSession, user: Identity, profile: ProfileRef, version: int, *, keyring: Keyring
) -> Revision:
    """Return a profile as it was.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        RevisionNotFoundError: It was never at this version, or is so no longer on record.
    """
    row = await find(session, user, profile)
    require_newest(row)
    await record_reading(session, user, [row.id], keyring=keyring)
    return await _revision(session, user, row.id, version, keyring=keyring)


async def compare_revisions(
    session: AsyncSession,
    user: Identity,
    profile: ProfileRef,
    versions: tuple[int, int],
    *,
    keyring: Keyring,
) -> RevisionDiff:
    """Return what became different from the first of two versions to the second.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        RevisionNotFoundError: It was never at one of the versions, or is so no longer on record.
    """
    row = await find(session, user, profile)
    require_newest(row)
    await record_reading(session, user, [row.id], keyring=keyring)
    before, after = [await _revision(session, user, row.id, version, keyring=keyring) for version in versions]
    return compare(row.id, (before.version, before.document), (after.version, after.document))


async def restore_revision(
    session: AsyncSession,
    user: Identity,
    profile: ProfileRef,
    version: int,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Profile:
    """Make what a profile was its next version. Nothing that came between is lost.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        RevisionNotFoundError: It was never at the version to restore, or is so no longer on record.
    """
    current = await current_at(session, user, profile, versions=versions, keyring=keyring)
    revision = await _revision(session, user, current.id, version, keyring=keyring)
    return await store(session, user, current, revision.document, keyring=keyring, restored=version)


def to_revision(revision: Revision, *, language: str) -> RevisionResponse:
    """Return what a profile was as its owner sees it, with names in a language."""
    return RevisionResponse(
        profile_id=revision.profile_id,
        version=revision.version,
        author_id=revision.author_id,
        recorded_at=revision.recorded_at,
        **to_content(revision.document, language=language),
    )


async def _revision(
    session: AsyncSession, user: Identity, profile_id: uuid.UUID, version: int, *, keyring: Keyring
) -> Revision:
    row = await session.get(HealthProfileRevision, (profile_id, version))
    if row is None:
        raise RevisionNotFoundError
    return opened_revision(row, owner=user, keyring=keyring)
