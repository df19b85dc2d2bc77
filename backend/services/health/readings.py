"""Reading profiles: looked up, opened, written down, and only then shown."""

import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import or_

from backend.core.keys import Keyring
from backend.models.health import HealthProfile, Relationship
from backend.services.audit import AuditGroup
from backend.services.health.errors import ProfileNotFoundError
from backend.services.health.records import ALL, events_of_reading
from backend.services.health.rows import ProfileRef, StoredProfile, one
from backend.services.health.storage import Profile, opened, profiles_of
from backend.services.users import Identity


async def open_profile(log: AuditGroup, user: Identity, profile: ProfileRef, *, keyring: Keyring) -> Profile:
    """Return one of one's profiles, for what shows nothing of it before that is written down.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        CorruptedError: The row was altered, swapped or rolled back.
    """
    found = await log.database.look_up(*one(user, profile))
    if found is None:
        raise ProfileNotFoundError
    return opened(StoredProfile(*found), owner=user, keyring=keyring)


async def read_profile(
    log: AuditGroup, user: Identity, profile: ProfileRef, *, keyring: Keyring, fields: str = ALL
) -> Profile:
    """Return one of one's profiles. `fields` names what of it will be shown, for the owner to know.

    Raises:
        ProfileNotFoundError: It does not exist or is somebody else's.
        CorruptedError: The row was altered, swapped or rolled back.
        UnavailableError: That it is read could not be written down.
    """
    found = await open_profile(log, user, profile, keyring=keyring)
    await record_shown(log, user, [found.id], fields=fields)
    return found


async def read_profiles(
    log: AuditGroup,
    user: Identity,
    profiles: Sequence[ProfileRef],
    *,
    purpose: str,
    accept: Callable[[Sequence[uuid.UUID]], None],
    keyring: Keyring,
) -> list[Profile]:
    """Return some of one's profiles in the order in which they are named.

    Args:
        log: Where that is written down.
        user: Who asks.
        profiles: Which.
        purpose: What for, for the owner to know.
        accept: Raises where these must not be read together; then nothing is written down.
        keyring: Opens the owner's key.

    Raises:
        ProfileNotFoundError: One does not exist or is somebody else's.
        CorruptedError: A row was altered, swapped or rolled back.
        UnavailableError: That they are read could not be written down.
    """
    if len(profiles) == 1:
        found = [await open_profile(log, user, profiles[0], keyring=keyring)]
    else:
        found = await _open_several(log, user, profiles, keyring=keyring)
    accept([profile.id for profile in found])
    ids = list(dict.fromkeys(profile.id for profile in found))
    await record_shown(log, user, ids, purpose=purpose)
    return found


async def record_shown(
    log: AuditGroup, user: Identity, profiles: Sequence[uuid.UUID], *, fields: str = ALL, purpose: str = ""
) -> None:
    """Write down that profiles are about to be shown.

    Raises:
        UnavailableError: It could not be: then they must not be.
    """
    for event in events_of_reading(user, profiles, fields=fields, purpose=purpose):
        await log.record(event)


async def _open_several(
    log: AuditGroup, user: Identity, profiles: Sequence[ProfileRef], *, keyring: Keyring
) -> list[Profile]:
    wanted = or_(
        HealthProfile.id.in_([profile for profile in profiles if profile != "me"]),
        HealthProfile.relationship == Relationship.SELF,
    )
    async with log.database.reader() as session:
        rows = list(await session.scalars(profiles_of(user).where(wanted)))
    found: dict[ProfileRef, HealthProfile] = {row.id: row for row in rows}
    for row in rows:
        if row.relationship is Relationship.SELF:
            found["me"] = row
    try:
        chosen = [found[profile] for profile in profiles]
    except KeyError:
        raise ProfileNotFoundError from None
    return [opened(row, owner=user, keyring=keyring) for row in chosen]
