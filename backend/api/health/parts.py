"""What endpoints of a profile's parts have in common."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Response

from backend.api.dependencies import CurrentUser, IfMatch, Keys, ProfileId, Session, set_tag
from backend.core.errors import InvalidInputError
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.services import health
from backend.services.users import Identity

PREFIX: Final = "/health/profiles"
LIST_ERRORS: Final = (AccessTokenInvalidError, health.ProfileNotFoundError, InvalidInputError)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A reading of one profile, by somebody. It is written down, so the session is a unit of work."""

    session: Session
    user: Identity
    profile: health.ProfileRef
    keyring: Keyring
    response: Response

    def answer(self, profile: health.Profile) -> None:
        """Say which version of the profile the answer shows."""
        set_tag(self.response, profile.tag)


@dataclass(frozen=True, slots=True)
class _Change(_Reading):
    """A change of one profile, by somebody, from one of some versions."""

    versions: health.Versions

    def answer_created(self, profile: health.Profile, part: str, entry_id: uuid.UUID) -> None:
        """Say which version of the profile the answer shows, and where the entry is."""
        set_tag(self.response, profile.tag)
        self.response.headers["Location"] = f"/api/v1{PREFIX}/{profile.id}/{part}/{entry_id}"


async def _reading(
    session: Session, user: CurrentUser, profile_id: ProfileId, keyring: Keys, response: Response
) -> _Reading:
    return _Reading(session, user, profile_id, keyring, response)


async def _change(
    session: Session,
    user: CurrentUser,
    profile_id: ProfileId,
    keyring: Keys,
    response: Response,
    versions: IfMatch,
) -> _Change:
    return _Change(session, user, profile_id, keyring, response, versions)


Reading = Annotated[_Reading, Depends(_reading)]
Change = Annotated[_Change, Depends(_change)]
EntryId = Annotated[uuid.UUID, Path(description="An entry's id.")]
