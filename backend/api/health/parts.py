"""What endpoints of a profile's parts have in common."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Response

from backend.api.dependencies import CurrentUser, IfMatch, Keys, ProfileId, Readings, Session, set_tag
from backend.core.errors import InvalidInputError
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.services import health
from backend.services.audit import AuditGroup
from backend.services.users import Identity

PREFIX: Final = "/health/profiles"
LIST_ERRORS: Final = (AccessTokenInvalidError, health.ProfileNotFoundError, InvalidInputError)


@dataclass(frozen=True, slots=True)
class _About:
    """What is asked about one profile, by somebody."""

    user: Identity
    profile: health.ProfileRef
    keyring: Keyring
    response: Response

    def answer(self, profile: health.Profile) -> None:
        """Say which version of the profile the answer shows."""
        set_tag(self.response, profile.tag)


@dataclass(frozen=True, slots=True)
class _Reading(_About):
    """A reading of one profile. It is written down: in the log, or in a unit of work that reads the past."""

    session: Session
    log: AuditGroup


@dataclass(frozen=True, slots=True)
class _Change(_About):
    """A change of one profile, from one of some versions."""

    session: Session
    versions: health.Versions

    def answer_created(self, profile: health.Profile, part: str, entry_id: uuid.UUID) -> None:
        """Say which version of the profile the answer shows, and where the entry is."""
        set_tag(self.response, profile.tag)
        self.response.headers["Location"] = f"/api/v1{PREFIX}/{profile.id}/{part}/{entry_id}"


async def _reading(
    session: Session,
    log: Readings,
    user: CurrentUser,
    profile_id: ProfileId,
    keyring: Keys,
    response: Response,
) -> _Reading:
    return _Reading(user, profile_id, keyring, response, session, log)


async def _change(
    session: Session,
    user: CurrentUser,
    profile_id: ProfileId,
    keyring: Keys,
    response: Response,
    versions: IfMatch,
) -> _Change:
    return _Change(user, profile_id, keyring, response, session, versions)


Reading = Annotated[_Reading, Depends(_reading)]
Change = Annotated[_Change, Depends(_change)]
EntryId = Annotated[uuid.UUID, Path(description="An entry's id.")]
