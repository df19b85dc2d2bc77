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
    Readings,
    Session,
    set_tag,
)
from backend.core.errors import InvalidInputError
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.services import health
from backend.services.audit import AuditGroup
from backend.services.catalog import CursorUnknownError
from backend.services.health import Entry
from backend.services.users import Identity
from backend.utils.pages import page_of

E = TypeVar("E", bound=Entry)

PREFIX: Final = "/health/profiles"
LIST_ERRORS: Final = (AccessTokenInvalidError, health.ProfileNotFoundError, InvalidInputError)


@dataclass(frozen=True, slots=True)
class _About:
    """What is asked about one profile, by somebody."""

    user: Identity
    profile: health.ProfileRef
    keyring: Keyring
    response: Response
    language: str

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


async def _about(
    user: CurrentUser, profile_id: ProfileId, keyring: Keys, response: Response, language: Language
) -> _About:
    return _About(user, profile_id, keyring, response, language)


async def _reading(about: Annotated[_About, Depends(_about)], session: Session, log: Readings) -> _Reading:
    return _Reading(
        about.user, about.profile, about.keyring, about.response, about.language, session=session, log=log
    )


async def _change(about: Annotated[_About, Depends(_about)], session: Session, versions: IfMatch) -> _Change:
    return _Change(
        about.user,
        about.profile,
        about.keyring,
        about.response,
        about.language,
        session=session,
        versions=versions,
    )


Reading = Annotated[_Reading, Depends(_reading)]


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
