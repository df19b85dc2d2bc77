"""Whole profiles."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from backend.api import problems
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
from backend.api.health.parts import PREFIX
from backend.api.idempotency import KEY_ERRORS, Once
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, PreconditionFailedError, PreconditionRequiredError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.health import (
    HealthProfileCreate,
    HealthProfilePage,
    HealthProfileReplace,
    HealthProfileResponse,
    HealthProfileUpdate,
)
from backend.services import health

router = APIRouter(prefix=PREFIX, route_class=StrictRoute)

_READ_ERRORS = (AccessTokenInvalidError, health.ProfileNotFoundError)
_CHANGE_ERRORS = (*_READ_ERRORS, PreconditionFailedError, PreconditionRequiredError)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=HealthProfileResponse,
    responses=problems.responses(
        AccessTokenInvalidError,
        health.ProfileExistsError,
        health.TooManyProfilesError,
        InvalidInputError,
        *KEY_ERRORS,
    ),
)
async def create_profile(  # noqa: PLR0913, PLR0917 - a body, a language, a key and places for what is told
    session: Session,
    user: CurrentUser,
    data: HealthProfileCreate,
    keyring: Keys,
    response: Response,
    language: Language,
    once: Once,
) -> HealthProfileResponse | Response:
    """Record a profile of one's own, or of a dependant."""
    if once.answered:
        return once.answered
    profile = await health.create_profile(session, user, data, keyring=keyring)
    set_tag(response, profile.tag)
    response.headers["Location"] = f"/api/v1/health/profiles/{profile.id}"
    body = health.to_response(profile, language=language)
    await once.keep(body, profile_id=profile.id, fields=health.ALL, status=HTTPStatus.CREATED)
    return body


@router.get("", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_profiles(
    session: Session,
    user: CurrentUser,
    keyring: Keys,
    language: Language,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> HealthProfilePage:
    """List one's profiles, the oldest first."""
    found = await health.list_profiles(session, user, after=cursor, limit=limit + 1, keyring=keyring)
    items = tuple(health.to_response(profile, language=language) for profile in found[:limit])
    return HealthProfilePage(items=items, next_cursor=str(items[-1].id) if len(found) > limit else None)


@router.get("/{profile_id}", responses=problems.responses(*_READ_ERRORS))
async def read_profile(
    log: Readings,
    user: CurrentUser,
    profile_id: ProfileId,
    keyring: Keys,
    response: Response,
    language: Language,
) -> HealthProfileResponse:
    """Read a profile."""
    profile = await health.read_profile(log, user, profile_id, keyring=keyring)
    set_tag(response, profile.tag)
    return health.to_response(profile, language=language)


@router.put("/{profile_id}", responses=problems.responses(*_CHANGE_ERRORS, InvalidInputError))
async def replace_profile(  # noqa: PLR0913, PLR0917 - a change has a body, a version and a place for the new one
    session: Session,
    user: CurrentUser,
    profile_id: ProfileId,
    data: HealthProfileReplace,
    versions: IfMatch,
    keyring: Keys,
    response: Response,
    language: Language,
) -> HealthProfileResponse:
    """Replace a profile. Send the ETag that you read in `If-Match`."""
    profile = await health.replace_profile(
        session, user, profile_id, data, versions=versions, keyring=keyring
    )
    set_tag(response, profile.tag)
    return health.to_response(profile, language=language)


@router.patch("/{profile_id}", responses=problems.responses(*_CHANGE_ERRORS, InvalidInputError))
async def update_profile(  # noqa: PLR0913, PLR0917 - as above
    session: Session,
    user: CurrentUser,
    profile_id: ProfileId,
    data: HealthProfileUpdate,
    versions: IfMatch,
    keyring: Keys,
    response: Response,
    language: Language,
) -> HealthProfileResponse:
    """Change parts of a profile; a list that is sent replaces the list. Send the ETag in `If-Match`."""
    profile = await health.update_profile(session, user, profile_id, data, versions=versions, keyring=keyring)
    set_tag(response, profile.tag)
    return health.to_response(profile, language=language)


@router.delete(
    "/{profile_id}", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*_CHANGE_ERRORS)
)
async def remove_profile(
    session: Session, user: CurrentUser, profile_id: ProfileId, versions: IfMatch, keyring: Keys
) -> None:
    """Delete a profile. Send the ETag that you read in `If-Match`."""
    await health.remove_profile(session, user, profile_id, versions=versions, keyring=keyring)
