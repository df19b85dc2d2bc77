"""Allergies of a profile."""

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
from backend.schemas.health import AllergyEntry, AllergyList, AllergyResponse, AllergyUpdate
from backend.services import health

router = APIRouter(prefix=f"{PREFIX}/{{profile_id}}/allergies", route_class=StrictRoute)

_PART: Final = "allergies"


@router.post("", status_code=HTTPStatus.CREATED, responses=problems.responses(*CREATE_ERRORS))
async def create_allergy(change: Change, data: AllergyEntry, once: Once) -> AllergyResponse:
    """Record an allergy. Send the profile's ETag in `If-Match`.

    Where the profile says `no_known_allergies`, take that back first: it contradicts any that is not refuted.
    """
    place = health.Place(change.profile, health.ALLERGIES)
    recorded = await health.add_entry(
        change.session, change.user, place, data, versions=change.versions, keyring=change.keyring
    )
    change.answer_created(recorded.profile, _PART, recorded.entry.id)
    body = health.to_allergy(recorded.entry, language=change.user.locale)
    await once.keep(change.response, body, status=HTTPStatus.CREATED)
    return body


@router.get("", responses=problems.responses(*LIST_ERRORS))
async def list_allergies(reading: Reading) -> AllergyList:
    """List a profile's allergies, in the order in which they were recorded."""
    profile = await health.read_profile(
        reading.session,
        reading.user,
        reading.profile,
        keyring=reading.keyring,
        fields=health.ALLERGIES.member,
    )
    reading.answer(profile)
    return AllergyList(
        no_known_allergies=profile.document.no_known_allergies,
        items=tuple(
            health.to_allergy(entry, language=reading.user.locale) for entry in profile.document.allergies
        ),
    )


@router.get("/{entry_id}", responses=problems.responses(*READ_ERRORS))
async def read_allergy(reading: Reading, entry_id: EntryId) -> AllergyResponse:
    """Read an allergy."""
    place = health.Place(reading.profile, health.ALLERGIES)
    recorded = await health.read_entry(
        reading.session, reading.user, place, entry_id, keyring=reading.keyring
    )
    reading.answer(recorded.profile)
    return health.to_allergy(recorded.entry, language=reading.user.locale)


@router.patch("/{entry_id}", responses=problems.responses(*UPDATE_ERRORS))
async def update_allergy(change: Change, entry_id: EntryId, data: AllergyUpdate) -> AllergyResponse:
    """Change an allergy; what is left out stays. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.ALLERGIES)
    recorded = await health.update_entry(
        change.session, change.user, place, entry_id, data, versions=change.versions, keyring=change.keyring
    )
    change.answer(recorded.profile)
    return health.to_allergy(recorded.entry, language=change.user.locale)


@router.delete("/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*REMOVE_ERRORS))
async def remove_allergy(change: Change, entry_id: EntryId) -> None:
    """Delete an allergy. Send the profile's ETag in `If-Match`.

    A profile without any says nothing about allergies, until it says `no_known_allergies`.
    """
    place = health.Place(change.profile, health.ALLERGIES)
    profile = await health.remove_entry(
        change.session, change.user, place, entry_id, versions=change.versions, keyring=change.keyring
    )
    change.answer(profile)
