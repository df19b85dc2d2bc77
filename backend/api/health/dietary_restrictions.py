"""Dietary restrictions of a profile."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from backend.api import problems
from backend.api.dependencies import StrictRoute
from backend.api.health.parts import (
    CREATE_ERRORS,
    LIST_ERRORS,
    PREFIX,
    READ_ERRORS,
    REMOVE_ERRORS,
    UPDATE_ERRORS,
    Change,
    EntryId,
    Reading,
)
from backend.api.idempotency import Once
from backend.schemas.health import (
    DietaryRestrictionEntry,
    DietaryRestrictionList,
    DietaryRestrictionResponse,
    DietaryRestrictionUpdate,
)
from backend.services import health

router = APIRouter(prefix=f"{PREFIX}/{{profile_id}}/dietary-restrictions", route_class=StrictRoute)

_PART: Final = "dietary-restrictions"


@router.post("", status_code=HTTPStatus.CREATED, responses=problems.responses(*CREATE_ERRORS))
async def create_dietary_restriction(
    change: Change, data: DietaryRestrictionEntry, once: Once
) -> DietaryRestrictionResponse:
    """Record a dietary restriction. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.DIETARY_RESTRICTIONS)
    recorded = await health.add_entry(
        change.session, change.user, place, data, versions=change.versions, keyring=change.keyring
    )
    change.answer_created(recorded.profile, _PART, recorded.entry.id)
    body = health.to_restriction(recorded.entry, language=change.user.locale)
    await once.keep(change.response, body, status=HTTPStatus.CREATED)
    return body


@router.get("", responses=problems.responses(*LIST_ERRORS))
async def list_dietary_restrictions(reading: Reading) -> DietaryRestrictionList:
    """List a profile's dietary restrictions, in the order in which they were recorded."""
    profile = await health.read_profile(
        reading.session,
        reading.user,
        reading.profile,
        keyring=reading.keyring,
        fields=health.DIETARY_RESTRICTIONS.member,
    )
    reading.answer(profile)
    return DietaryRestrictionList(
        items=tuple(
            health.to_restriction(entry, language=reading.user.locale)
            for entry in profile.document.dietary_restrictions
        )
    )


@router.get("/{entry_id}", responses=problems.responses(*READ_ERRORS))
async def read_dietary_restriction(reading: Reading, entry_id: EntryId) -> DietaryRestrictionResponse:
    """Read a dietary restriction."""
    place = health.Place(reading.profile, health.DIETARY_RESTRICTIONS)
    recorded = await health.read_entry(
        reading.session, reading.user, place, entry_id, keyring=reading.keyring
    )
    reading.answer(recorded.profile)
    return health.to_restriction(recorded.entry, language=reading.user.locale)


@router.patch("/{entry_id}", responses=problems.responses(*UPDATE_ERRORS))
async def update_dietary_restriction(
    change: Change, entry_id: EntryId, data: DietaryRestrictionUpdate
) -> DietaryRestrictionResponse:
    """Change a dietary restriction; what is left out stays. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.DIETARY_RESTRICTIONS)
    recorded = await health.update_entry(
        change.session, change.user, place, entry_id, data, versions=change.versions, keyring=change.keyring
    )
    change.answer(recorded.profile)
    return health.to_restriction(recorded.entry, language=change.user.locale)


@router.delete("/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*REMOVE_ERRORS))
async def remove_dietary_restriction(change: Change, entry_id: EntryId) -> None:
    """Delete a dietary restriction. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.DIETARY_RESTRICTIONS)
    profile = await health.remove_entry(
        change.session, change.user, place, entry_id, versions=change.versions, keyring=change.keyring
    )
    change.answer(profile)
