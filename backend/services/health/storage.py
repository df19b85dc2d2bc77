"""Rows of profiles: every query starts from what the owner owns, and every change goes one way."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import with_expression

from backend.core.clock import now
from backend.core.errors import CorruptedError, PreconditionFailedError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.health import HealthProfile, HealthProfileRevision, Relationship
from backend.services import audit
from backend.services.health.document import Document, open_document, seal_document
from backend.services.health.errors import ProfileNotFoundError
from backend.services.health.records import changed_fields
from backend.services.health.rows import (
    ADD_REVISION,
    CHANGE,
    NEWEST,
    ProfileRef,
    StoredProfile,
    one_of_unit,
)
from backend.services.users import Identity, Owner
from backend.utils.security import SealBrokenError

KEPT_REVISIONS: Final = 1_000
"""How many versions of a profile are kept, the present one among them."""

Versions = frozenset[str] | None
"""Tags of the versions that a change may start from (If-Match), or bare numbers; None stands for any."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its document open."""

    id: uuid.UUID
    relationship: Relationship
    version: int
    created_at: datetime
    updated_at: datetime
    document: Document

    @property
    def tag(self) -> str:
        """What tells this version from every other, of a deleted profile too whose place this one took."""
        return _tag(self.id, self.version)


# Made once: it is the costly part of the query.
_WITH_NEWEST = (
    select(HealthProfile)
    .options(with_expression(HealthProfile.newest, NEWEST))
    .execution_options(populate_existing=True)
)


def profiles_of(owner: Owner) -> Select[HealthProfile]:
    """Return the query for all that somebody owns, each with its newest revision's version."""
    return _WITH_NEWEST.where(HealthProfile.owner_id == owner.id)


async def find(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, lock: bool = False
) -> StoredProfile:
    """Return the row of one of one's profiles, for nobody else to change until the end if it is locked.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
    """
    query, parameters = one_of_unit(user, profile, lock=lock)
    row = (await session.execute(query, parameters)).one_or_none()
    if row is None:
        raise ProfileNotFoundError
    return StoredProfile(*row)


async def find_at(
    session: AsyncSession, user: Identity, profile: ProfileRef, versions: Versions
) -> StoredProfile:
    """Return the row of a profile that is about to be changed from one of the versions.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
    """
    # Without the lock, a change from any version (`If-Match: *`) could still be overtaken.
    row = await find(session, user, profile, lock=True)
    if versions is not None and versions.isdisjoint({_tag(row.id, row.version), str(row.version)}):
        raise PreconditionFailedError
    return row


def opened(row: StoredProfile | HealthProfile, *, owner: Owner, keyring: Keyring) -> Profile:
    """Open a row's document.

    Raises:
        CorruptedError: The row was altered, swapped or rolled back, or is said to be somebody else's profile.
    """
    require_newest(row)
    document = open_whole(row.document, profile_id=row.id, version=row.version, owner=owner, keyring=keyring)
    if document.relationship not in {None, row.relationship}:
        raise broken(row.owner_id, row.id, row.version)
    return Profile(row.id, row.relationship, row.version, row.created_at, row.updated_at, document)


def require_newest(row: StoredProfile | HealthProfile) -> None:
    """Refuse a row that is behind its own revisions: somebody put it back.

    One that is ahead of them is served: its document is whole, and a statement that waited for another's
    change of the row sees that change and not yet its revision.

    Raises:
        CorruptedError: It was rolled back.
    """
    if row.newest is None or row.newest > row.version:
        raise broken(row.owner_id, row.id, row.version)


def open_whole(
    sealed: bytes, *, profile_id: uuid.UUID, version: int, owner: Owner, keyring: Keyring
) -> Document:
    """Open a document of a profile, or say for the owner's account that it is broken.

    Raises:
        CorruptedError: It was altered or swapped.
    """
    try:
        return open_document(sealed, profile_id=profile_id, version=version, owner=owner, keyring=keyring)
    except SealBrokenError as error:
        raise broken(owner.id, profile_id, version) from error


def broken(owner_id: uuid.UUID, profile_id: uuid.UUID, version: int) -> CorruptedError:
    """Return the error that says which version of which profile is broken."""
    return CorruptedError(owner_id, {"profile": str(profile_id), "version": str(version)})


async def current_at(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, versions: Versions, keyring: Keyring
) -> Profile:
    """Return a profile that is about to be changed from one of the versions.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        CorruptedError: The row was altered, swapped or rolled back.
    """
    return opened(await find_at(session, user, profile, versions), owner=user, keyring=keyring)


async def store(
    session: AsyncSession,
    user: Identity,
    current: Profile,
    document: Document,
    *,
    keyring: Keyring,
    restored: int | None = None,
) -> Profile:
    """Write the next version, unless another request wrote it first, and what changed with it.

    Args:
        session: A unit of work.
        user: The owner.
        current: The profile as it is.
        document: The profile as it shall be.
        keyring: Opens the owner's key.
        restored: The version that it shall be again, if one is restored.

    Raises:
        PreconditionFailedError: Another request did.
    """
    version, moment = current.version + 1, now()
    document = document.model_copy(update={"relationship": current.relationship})
    sealed = seal_document(document, profile_id=current.id, version=version, owner=user, keyring=keyring)
    change = {
        "profile_id": current.id,
        "owner": user.id,
        "before": current.version,
        "after": version,
        "sealed": sealed,
        "moment": moment,
    }
    stored = await session.execute(CHANGE, change)
    if stored.one_or_none() is None:
        raise PreconditionFailedError
    await add_revision(session, user, current.id, version, document=sealed, moment=moment)
    await _forget_oldest(session, current.id, version)
    details = {
        "profile": str(current.id),
        "version": str(version),
        "fields": changed_fields(current.document, document),
    }
    if restored is not None:
        details["restored"] = str(restored)
    event = audit.Event(AuditAction.PROFILE_CHANGED, user.id, details=details)
    await audit.record(session, event, keyring=keyring)
    return Profile(current.id, current.relationship, version, current.created_at, moment, document)


async def add_revision(
    session: AsyncSession,
    author: Identity,
    profile_id: uuid.UUID,
    version: int,
    *,
    document: bytes,
    moment: datetime,
) -> None:
    """Keep what was written as this version. The seal is the same: it is bound to the version already."""
    revision = {
        "profile_id": profile_id,
        "version": version,
        "document": document,
        "author_id": author.id,
        "recorded_at": moment,
    }
    await session.execute(ADD_REVISION, revision)


async def _forget_oldest(session: AsyncSession, profile_id: uuid.UUID, version: int) -> None:
    """Delete the versions that are too many with this one. Their numbers are given to none again."""
    if version <= KEPT_REVISIONS:
        return
    await session.execute(
        delete(HealthProfileRevision)
        .where(
            HealthProfileRevision.profile_id == profile_id,
            HealthProfileRevision.version <= version - KEPT_REVISIONS,
        )
        .execution_options(synchronize_session=False)
    )


def _tag(profile_id: uuid.UUID, version: int) -> str:
    return f"{version}-{profile_id.hex[-12:]}"  # the end of the identifier, which was drawn by lot
