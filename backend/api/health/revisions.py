"""What a profile was."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from backend.api import problems
from backend.api.dependencies import PageLimit
from backend.api.health.parts import LIST_ERRORS, PREFIX, Change, Reading
from backend.api.routes import StrictRoute
from backend.core.errors import PreconditionFailedError, PreconditionRequiredError
from backend.schemas.health import HealthProfileResponse, RevisionDiff, RevisionPage, RevisionResponse
from backend.services import health

router = APIRouter(prefix=f"{PREFIX}/{{profile_id}}/revisions", route_class=StrictRoute)

_MAX_VERSION: Final = 2**31 - 1
_READ_ERRORS = (*LIST_ERRORS, health.RevisionNotFoundError)
_RESTORE_ERRORS = (*_READ_ERRORS, PreconditionFailedError, PreconditionRequiredError)

_Version = Annotated[int, Path(ge=1, le=_MAX_VERSION, description="A version's number.")]
_Cursor = Annotated[int | None, Query(ge=1, le=_MAX_VERSION)]
_With = Annotated[int, Query(alias="with", ge=1, le=_MAX_VERSION, description="The version to compare with.")]


@router.get("", responses=problems.responses(*LIST_ERRORS))
async def list_revisions(reading: Reading, limit: PageLimit = 50, cursor: _Cursor = None) -> RevisionPage:
    """List the versions of a profile, the newest first: who wrote each, and when."""
    found = await health.list_revisions(
        reading.session,
        reading.user,
        reading.profile,
        before=cursor,
        limit=limit + 1,
        keyring=reading.keyring,
    )
    next_cursor = str(found[limit - 1].version) if len(found) > limit else None
    return RevisionPage(items=tuple(found[:limit]), next_cursor=next_cursor)


@router.get("/{version}", responses=problems.responses(*_READ_ERRORS))
async def read_revision(reading: Reading, version: _Version) -> RevisionResponse:
    """Read a profile as it was at one version."""
    revision = await health.read_revision(
        reading.session, reading.user, reading.profile, version, keyring=reading.keyring
    )
    return health.to_revision(revision, language=reading.language)


@router.get("/{version}/diff", responses=problems.responses(*_READ_ERRORS))
async def read_revision_diff(reading: Reading, version: _Version, other: _With) -> RevisionDiff:
    """Compare two versions: what became different from the one in `with` to the one in the path."""
    return await health.compare_revisions(
        reading.session, reading.user, reading.profile, (other, version), keyring=reading.keyring
    )


@router.post("/{version}/restore", responses=problems.responses(*_RESTORE_ERRORS))
async def restore_revision(change: Change, version: _Version) -> HealthProfileResponse:
    """Make what a profile was its next version. Send the profile's ETag in `If-Match`."""
    profile = await health.restore_revision(
        change.session,
        change.user,
        change.profile,
        version,
        versions=change.versions,
        keyring=change.keyring,
    )
    change.answer(profile)
    return health.to_response(profile, language=change.language)
