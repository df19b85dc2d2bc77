"""Health profiles: create, read, change, delete."""

import uuid

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import violates
from backend.core.errors import PreconditionFailedError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.health import HealthProfile, Relationship
from backend.models.users import User
from backend.schemas.health import HealthProfileCreate, HealthProfileReplace, HealthProfileUpdate
from backend.services import audit, idempotency
from backend.services.health.content import from_document, to_document
from backend.services.health.document import seal_document
from backend.services.health.errors import (
    MAX_DEPENDANTS,
    ProfileExistsError,
    TooManyProfilesError,
)
from backend.services.health.records import ALL, record_reading
from backend.services.health.rows import ProfileRef
from backend.services.health.storage import (
    Profile,
    Versions,
    add_revision,
    current_at,
    find_at,
    opened,
    profiles_of,
    store,
)
from backend.services.users import AccountGoneError, Identity
from backend.utils.identifiers import uuid7


async def create_profile(
    session: AsyncSession, user: Identity, data: HealthProfileCreate, *, keyring: Keyring
) -> Profile:
    """Record a profile of one's own or of a dependant.

    Raises:
        InvalidInputError: A name is not on the approved list, doubled or contradicted.
        ProfileExistsError: There is already one of one's own.
        TooManyProfilesError: The household is full.
    """
    document = to_document(data, before=None).model_copy(update={"relationship": data.relationship})
    if data.relationship is not Relationship.SELF:
        await _require_room(session, user)
    profile_id, moment = uuid7(), now()
    sealed = seal_document(document, profile_id=profile_id, version=1, owner=user, keyring=keyring)
    profile = HealthProfile(
        id=profile_id,
        owner_id=user.id,
        relationship=data.relationship,
        version=1,
        document=sealed,
        created_at=moment,
        updated_at=moment,
    )
    session.add(profile)
    try:
        await session.flush()
    except IntegrityError as error:
        if violates(error, "uq_health_profiles_owner_id_self"):
            raise ProfileExistsError from error
        if violates(error, "fk_health_profiles_owner_id_users"):
            raise AccountGoneError from error
        raise
    await add_revision(session, user, profile_id, 1, document=sealed, moment=moment)
    details = {"profile": str(profile_id), "version": "1", "fields": ALL}
    event = audit.Event(AuditAction.PROFILE_CREATED, user.id, details=details)
    await audit.record(session, event, keyring=keyring)
    return Profile(profile_id, data.relationship, 1, moment, moment, document)


async def list_profiles(
    session: AsyncSession, user: Identity, *, after: uuid.UUID | None, limit: int, keyring: Keyring
) -> list[Profile]:
    """Return some of one's profiles in the order in which they were made, beginning after an identifier."""
    query = profiles_of(user).order_by(HealthProfile.id).limit(limit)
    if after is not None:
        query = query.where(HealthProfile.id > after)
    rows = list(await session.scalars(query))
    await record_reading(session, user, [row.id for row in rows], keyring=keyring)
    return [opened(row, owner=user, keyring=keyring) for row in rows]


async def replace_profile(
    session: AsyncSession,
    user: Identity,
    profile: ProfileRef,
    data: HealthProfileReplace,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Profile:
    """Replace a profile's content.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        InvalidInputError: A name is not on the approved list, doubled or contradicted.
    """
    current = await current_at(session, user, profile, versions=versions, keyring=keyring)
    document = to_document(data, before=current.document)
    return await store(session, user, current, document, keyring=keyring)


async def update_profile(
    session: AsyncSession,
    user: Identity,
    profile: ProfileRef,
    data: HealthProfileUpdate,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Profile:
    """Change some of a profile's content.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        InvalidInputError: A name is not on the approved list, doubled or contradicted.
    """
    current = await current_at(session, user, profile, versions=versions, keyring=keyring)
    changes = {name: getattr(data, name) for name in data.model_fields_set}
    merged = from_document(current.document).model_copy(update=changes)
    document = to_document(merged, before=current.document)
    return await store(session, user, current, document, keyring=keyring)


async def remove_profile(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, versions: Versions, keyring: Keyring
) -> None:
    """Delete a profile with all that it was.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
    """
    row = await find_at(session, user, profile, versions)
    await idempotency.forget(session, row.id)
    gone = await session.execute(
        delete(HealthProfile)
        .where(HealthProfile.id == row.id, HealthProfile.version == row.version)
        .returning(HealthProfile.id)
    )
    if gone.one_or_none() is None:
        raise PreconditionFailedError
    event = audit.Event(AuditAction.PROFILE_REMOVED, user.id, details={"profile": str(row.id)})
    await audit.record(session, event, keyring=keyring)


async def _require_room(session: AsyncSession, user: Identity) -> None:
    # Requests of one owner take turns at the owner's row, so that two cannot both be the last that fits.
    await session.execute(select(User.id).where(User.id == user.id).with_for_update())
    dependants = profiles_of(user).where(HealthProfile.relationship != Relationship.SELF)
    count = await session.scalar(select(func.count()).select_from(dependants.subquery()))
    if (count or 0) >= MAX_DEPENDANTS:
        raise TooManyProfilesError
