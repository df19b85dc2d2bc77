"""Single entries of a profile: each change of one is a change of the profile, from a version of it."""

import uuid
from dataclasses import dataclass
from typing import Generic

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.schemas.health import AllergyUpdate, DietaryRestrictionUpdate, MedicalConditionUpdate
from backend.services.audit import AuditGroup
from backend.services.health.content import to_code, with_entries
from backend.services.health.errors import EntryExistsError, EntryNotFoundError, TooManyEntriesError
from backend.services.health.readings import open_profile, record_shown
from backend.services.health.rows import ProfileRef
from backend.services.health.sections import E, EntryData, Section
from backend.services.health.storage import Profile, Versions, current_at, store
from backend.services.users import Identity
from backend.utils.identifiers import uuid7

EntryChanges = AllergyUpdate | DietaryRestrictionUpdate | MedicalConditionUpdate


@dataclass(frozen=True, slots=True)
class Place(Generic[E]):
    """One list of one profile."""

    profile: ProfileRef
    section: Section[E]


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E]):
    """An entry, and the profile as it is with it."""

    profile: Profile
    entry: E


async def add_entry(
    session: AsyncSession,
    user: Identity,
    place: Place[E],
    data: EntryData,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Recorded[E]:
    """Record an entry at the end of its list.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        InvalidInputError: The name is not approved, or the entry contradicts `no_known_allergies`.
        EntryExistsError: It is recorded already, under this or another name.
        TooManyEntriesError: The list is full.
    """
    section = place.section
    current = await current_at(session, user, place.profile, versions=versions, keyring=keyring)
    entries, code = section.entries(current.document), to_code(section, data.name)
    if any(entry.code == code for entry in entries):
        raise EntryExistsError
    if len(entries) >= section.limit:
        raise TooManyEntriesError
    entry = section.make(code, data, entry_id=uuid7())
    document = with_entries(current.document, section, (*entries, entry))
    return Recorded(await store(session, user, current, document, keyring=keyring), entry)


async def read_entry(
    log: AuditGroup, user: Identity, place: Place[E], entry_id: uuid.UUID, *, keyring: Keyring
) -> Recorded[E]:
    """Return one entry.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        EntryNotFoundError: It has no such entry.
    """
    profile = await open_profile(log, user, place.profile, keyring=keyring)
    entry = _entry(profile, place.section, entry_id)
    await record_shown(log, user, [profile.id], fields=place.section.member)
    return Recorded(profile, entry)


async def update_entry(  # noqa: PLR0913 - an entry stands in a list of a profile, and changes from a version
    session: AsyncSession,
    user: Identity,
    place: Place[E],
    entry_id: uuid.UUID,
    data: EntryChanges,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Recorded[E]:
    """Change some of an entry's members.

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        EntryNotFoundError: It has no such entry.
        InvalidInputError: The entry would contradict `no_known_allergies`.
    """
    section = place.section
    current = await current_at(session, user, place.profile, versions=versions, keyring=keyring)
    before = _entry(current, section, entry_id)
    after = before.model_copy(update={name: getattr(data, name) for name in data.model_fields_set})
    entries = tuple(after if entry is before else entry for entry in section.entries(current.document))
    document = with_entries(current.document, section, entries)
    return Recorded(await store(session, user, current, document, keyring=keyring), after)


async def remove_entry(
    session: AsyncSession,
    user: Identity,
    place: Place[E],
    entry_id: uuid.UUID,
    *,
    versions: Versions,
    keyring: Keyring,
) -> Profile:
    """Take an entry off its list. An empty list of allergies then means "not answered", never "none known".

    Raises:
        ProfileNotFoundError: The profile does not exist or is somebody else's.
        PreconditionFailedError: It is no longer at one of the versions.
        EntryNotFoundError: It has no such entry.
    """
    section = place.section
    current = await current_at(session, user, place.profile, versions=versions, keyring=keyring)
    gone = _entry(current, section, entry_id)
    entries = tuple(entry for entry in section.entries(current.document) if entry is not gone)
    document = with_entries(current.document, section, entries)
    return await store(session, user, current, document, keyring=keyring)


def _entry(profile: Profile, section: Section[E], entry_id: uuid.UUID) -> E:
    for entry in section.entries(profile.document):
        if entry.id == entry_id:
            return entry
    raise EntryNotFoundError
