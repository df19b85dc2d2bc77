"""What endpoints of a profile's parts have in common."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Path, Response

from backend.api.dependencies import (
    CurrentUser,
    IfMatch,
    Keys,
    Language,
    PageCursor,
    PageLimit,
    ProfileId,
    Session,
    set_tag,
)
from backend.core.errors import InvalidInputError
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.services import health
from backend.services.catalog import CursorUnknownError
from backend.services.health import Entry
from backend.services.users import Identity
from backend.utils.pages import page_of

E = TypeVar("E", bound=Entry)

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
    language: str

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
    session: Session,
    user: CurrentUser,
    profile_id: ProfileId,
    keyring: Keys,
    response: Response,
    language: Language,
) -> _Reading:
    return _Reading(session, user, profile_id, keyring, response, language)


Reading = Annotated[_Reading, Depends(_reading)]


async def _change(reading: Reading, versions: IfMatch) -> _Change:
    return _Change(
        reading.session,
        reading.user,
        reading.profile,
        reading.keyring,
        reading.response,
        reading.language,
        versions,
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """Which of a profile's entries are asked for."""

    limit: int
    cursor: uuid.UUID | None

    def of(self, entries: Sequence[E]) -> tuple[tuple[E, ...], str | None]:
        """Return those, and where the next ones begin.

        Raises:
            CursorUnknownError: The entry after which to begin is not there (any more).
        """
        after = None if self.cursor is None else str(self.cursor)
        try:
            return page_of(entries, lambda entry: str(entry.id), after=after, limit=self.limit)
        except LookupError as error:
            raise CursorUnknownError from error


async def _page(limit: PageLimit = 50, cursor: PageCursor = None) -> _Page:
    return _Page(limit, cursor)


Page = Annotated[_Page, Depends(_page)]
Change = Annotated[_Change, Depends(_change)]
EntryId = Annotated[uuid.UUID, Path(description="An entry's id.")]
