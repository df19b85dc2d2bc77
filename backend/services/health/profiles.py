"""Health profiles: create, read, change, delete. Every query starts from what the owner owns."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import violates
from backend.core.errors import PreconditionFailedError
from backend.core.keys import Keyring
from backend.models.health import HealthProfile, Relationship
from backend.models.users import User
from backend.schemas.health import (
    AllergyResponse,
    HealthProfileCreate,
    HealthProfileReplace,
    HealthProfileResponse,
    HealthProfileUpdate,
)
from backend.services import catalog
from backend.services.health.document import Document, open_document, seal_document
from backend.services.health.entries import from_document, to_document
from backend.services.health.errors import (
    MAX_DEPENDANTS,
    ProfileExistsError,
    ProfileNotFoundError,
    TooManyProfilesError,
)
from backend.services.users import AccountGoneError, Identity
from backend.utils.identifiers import uuid7

ProfileRef = uuid.UUID | Literal["me"]
"""A profile's identifier, or `me` for one's own."""

Versions = frozenset[int] | None
"""The versions that a change may start from (If-Match); None stands for any."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its document open."""

    id: uuid.UUID
    relationship: Relationship
    version: int
    created_at: datetime
    updated_at: datetime
    document: Document


async def create_profile(
    session: AsyncSession, user: Identity, data: HealthProfileCreate, *, keyring: Keyring
) -> Profile:
    """Record a profile of one's own or of a dependant.

    Raises:
        InvalidInputError: A name is not on the approved list, doubled or contradicted.
        ProfileExistsError: There is already one of one's own.
        TooManyProfilesError: The household is full.
    """
    document = to_document(data, before=None)
    if data.relationship is not Relationship.SELF:
        await _require_room(session, user)
    profile_id = uuid7()
    sealed = seal_document(document, profile_id=profile_id, version=1, owner=user, keyring=keyring)
    profile = HealthProfile(
        id=profile_id, owner_id=user.id, relationship=data.relationship, version=1, document=sealed
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
    return _opened(profile, document)


async def list_profiles(
    session: AsyncSession, user: Identity, *, after: uuid.UUID | None, limit: int, keyring: Keyring
) -> list[Profile]:
    """Return some of one's profiles in the order in which they were made, beginning after an identifier."""
    query = _profiles_of(user).order_by(HealthProfile.id).limit(limit)
    if after is not None:
        query = query.where(HealthProfile.id > after)
    rows = await session.scalars(query)
    return [_opened(row, open_document(row, owner=user, keyring=keyring)) for row in rows]


async def read_profile(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, keyring: Keyring
) -> Profile:
    """Return one of one's profiles.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
    """
    row = await session.scalar(_matching(_profiles_of(user), profile))
    if row is None:
        raise ProfileNotFoundError
    return _opened(row, open_document(row, owner=user, keyring=keyring))


async def read_profiles(
    session: AsyncSession, user: Identity, profiles: Sequence[ProfileRef], *, keyring: Keyring
) -> list[Profile]:
    """Return some of one's profiles in the order in which they are named.

    Raises:
        ProfileNotFoundError: One does not exist or is somebody else's.
    """
    wanted = or_(
        HealthProfile.id.in_([profile for profile in profiles if profile != "me"]),
        HealthProfile.relationship == Relationship.SELF,
    )
    rows = list(await session.scalars(_profiles_of(user).where(wanted)))
    found: dict[ProfileRef, HealthProfile] = {}
    for row in rows:
        found[row.id] = row
        if row.relationship is Relationship.SELF:
            found["me"] = row
    try:
        chosen = [found[profile] for profile in profiles]
    except KeyError:
        raise ProfileNotFoundError from None
    return [_opened(row, open_document(row, owner=user, keyring=keyring)) for row in chosen]


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
    current = await _read_locked(session, user, profile, keyring=keyring)
    _require(current, versions)
    document = to_document(data, before=current.document)
    return await _store(session, user, current, document, keyring=keyring)


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
    current = await _read_locked(session, user, profile, keyring=keyring)
    _require(current, versions)
    changes = {name: getattr(data, name) for name in data.model_fields_set}
    merged = from_document(current.document).model_copy(update=changes)
    document = to_document(merged, before=current.document)
    return await _store(session, user, current, document, keyring=keyring)


async def remove_profile(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, versions: Versions
) -> None:
    """Delete a profile.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
    """
    row = await session.scalar(_matching(_profiles_of(user), profile).with_for_update())
    if row is None:
        raise ProfileNotFoundError
    if versions is not None and row.version not in versions:
        raise PreconditionFailedError
    gone = await session.execute(
        delete(HealthProfile)
        .where(HealthProfile.id == row.id, HealthProfile.version == row.version)
        .returning(HealthProfile.id)
    )
    if gone.one_or_none() is None:
        raise PreconditionFailedError


def to_response(profile: Profile, *, language: str) -> HealthProfileResponse:
    """Return a profile as its owner sees it, with names in a language."""
    allergens = catalog.shipped().allergens
    document = profile.document
    return HealthProfileResponse(
        id=profile.id,
        relationship=profile.relationship,
        display_name=document.display_name,
        no_known_allergies=document.no_known_allergies,
        allergies=tuple(
            AllergyResponse(name=allergens[allergy.allergen].name(language), **allergy.model_dump())
            for allergy in document.allergies
        ),
        dietary_restrictions=document.dietary_restrictions,
        medical_conditions=document.medical_conditions,
        version=profile.version,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
    )


async def _require_room(session: AsyncSession, user: Identity) -> None:
    # Requests of one owner take turns at the owner's row, so that two cannot both be the last that fits.
    await session.execute(select(User.id).where(User.id == user.id).with_for_update())
    dependants = _profiles_of(user).where(HealthProfile.relationship != Relationship.SELF)
    count = await session.scalar(select(func.count()).select_from(dependants.subquery()))
    if (count or 0) >= MAX_DEPENDANTS:
        raise TooManyProfilesError


def _profiles_of(owner: Identity) -> Select[HealthProfile]:
    return select(HealthProfile).where(HealthProfile.owner_id == owner.id)


def _matching(query: Select[HealthProfile], profile: ProfileRef) -> Select[HealthProfile]:
    if profile == "me":
        return query.where(HealthProfile.relationship == Relationship.SELF)
    return query.where(HealthProfile.id == profile)


async def _read_locked(
    session: AsyncSession, user: Identity, profile: ProfileRef, *, keyring: Keyring
) -> Profile:
    # Without the lock, a change from any version (`If-Match: *`) could still be overtaken.
    row = await session.scalar(_matching(_profiles_of(user), profile).with_for_update())
    if row is None:
        raise ProfileNotFoundError
    return _opened(row, open_document(row, owner=user, keyring=keyring))


def _require(current: Profile, versions: Versions) -> None:
    if versions is not None and current.version not in versions:
        raise PreconditionFailedError


async def _store(
    session: AsyncSession, user: Identity, current: Profile, document: Document, *, keyring: Keyring
) -> Profile:
    """Write the next version, unless another request wrote it first."""
    version, moment = current.version + 1, now()
    sealed = seal_document(document, profile_id=current.id, version=version, owner=user, keyring=keyring)
    stored = await session.execute(
        update(HealthProfile)
        .where(
            HealthProfile.id == current.id,
            HealthProfile.owner_id == user.id,
            HealthProfile.version == current.version,
        )
        .values(document=sealed, version=version, updated_at=moment)
        .returning(HealthProfile.id)
        .execution_options(synchronize_session=False)
    )
    if stored.one_or_none() is None:
        raise PreconditionFailedError
    return Profile(current.id, current.relationship, version, current.created_at, moment, document)


def _opened(row: HealthProfile, document: Document) -> Profile:
    return Profile(row.id, row.relationship, row.version, row.created_at, row.updated_at, document)
