"""Statements about rows of profiles, made once: SQLAlchemy takes longer to make one than to run it."""

import uuid
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Select, bindparam, func, insert, select, update

from backend.core.database import Lookup, metadata
from backend.models.health import HealthProfile, HealthProfileRevision, Relationship
from backend.services.users import Owner

ProfileRef = uuid.UUID | Literal["me"]
"""A profile's identifier, or `me` for one's own."""

_PROFILES = metadata.tables[HealthProfile.__tablename__]

NEWEST: Final = (
    select(func.coalesce(func.max(HealthProfileRevision.version), 0))
    .where(HealthProfileRevision.profile_id == HealthProfile.id)
    .correlate(HealthProfile)
    .scalar_subquery()
)
"""The newest version among a profile's revisions."""


class StoredProfile(NamedTuple):
    """A row of a profile, as the database has it; `newest` is the newest version among its revisions."""

    id: uuid.UUID
    owner_id: uuid.UUID
    relationship: Relationship
    version: int
    document: bytes
    created_at: datetime
    updated_at: datetime
    newest: int | None


def _one(*conditions: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - a condition of SQL
    columns = [getattr(HealthProfile, name) for name in StoredProfile._fields[:-1]]
    mine = HealthProfile.owner_id == bindparam("owner_id")
    return select(*columns, NEWEST.label("newest")).where(mine, *conditions)


_SELF: Final = _one(HealthProfile.relationship == Relationship.SELF)
_NAMED: Final = _one(HealthProfile.id == bindparam("profile_id"))
_LOCKED: Final = (_SELF.with_for_update(), _NAMED.with_for_update())
_LOOKUPS: Final = (Lookup(_SELF), Lookup(_NAMED))


def one(owner: Owner, profile: ProfileRef) -> tuple[Lookup, dict[str, Any]]:
    """Return the look-up of one of somebody's profiles, and its parameters."""
    return _LOOKUPS[profile != "me"], _parameters(owner, profile)


def one_of_unit(
    owner: Owner, profile: ProfileRef, *, lock: bool
) -> tuple[Select[*tuple[Any, ...]], dict[str, Any]]:
    """Return the same for a transaction, in which it may be locked."""
    queries = _LOCKED if lock else (_SELF, _NAMED)
    return queries[profile != "me"], _parameters(owner, profile)


def _parameters(owner: Owner, profile: ProfileRef) -> dict[str, Any]:
    return {"owner_id": owner.id} if profile == "me" else {"owner_id": owner.id, "profile_id": profile}


CHANGE: Final = (
    update(_PROFILES)
    .where(
        _PROFILES.c.id == bindparam("profile_id"),
        _PROFILES.c.owner_id == bindparam("owner"),
        _PROFILES.c.version == bindparam("before"),
    )
    .values(document=bindparam("sealed"), version=bindparam("after"), updated_at=bindparam("moment"))
    .returning(_PROFILES.c.id)
)
"""Moves a profile from one version to the next, unless it is no longer at the first."""

ADD_REVISION: Final = insert(metadata.tables[HealthProfileRevision.__tablename__])
