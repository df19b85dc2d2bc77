"""Medical conditions of a profile."""

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
    MedicalConditionEntry,
    MedicalConditionList,
    MedicalConditionResponse,
    MedicalConditionUpdate,
)
from backend.services import health

router = APIRouter(prefix=f"{PREFIX}/{{profile_id}}/medical-conditions", route_class=StrictRoute)

_PART: Final = "medical-conditions"


@router.post("", status_code=HTTPStatus.CREATED, responses=problems.responses(*CREATE_ERRORS))
async def create_medical_condition(
    change: Change, data: MedicalConditionEntry, once: Once
) -> MedicalConditionResponse:
    """Record a medical condition. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.MEDICAL_CONDITIONS)
    recorded = await health.add_entry(
        change.session, change.user, place, data, versions=change.versions, keyring=change.keyring
    )
    change.answer_created(recorded.profile, _PART, recorded.entry.id)
    body = health.to_condition(recorded.entry, language=change.user.locale)
    await once.keep(change.response, body, status=HTTPStatus.CREATED)
    return body


@router.get("", responses=problems.responses(*LIST_ERRORS))
async def list_medical_conditions(reading: Reading) -> MedicalConditionList:
    """List a profile's medical conditions, in the order in which they were recorded."""
    profile = await health.read_profile(
        reading.session,
        reading.user,
        reading.profile,
        keyring=reading.keyring,
        fields=health.MEDICAL_CONDITIONS.member,
    )
    reading.answer(profile)
    return MedicalConditionList(
        items=tuple(
            health.to_condition(entry, language=reading.user.locale)
            for entry in profile.document.medical_conditions
        )
    )


@router.get("/{entry_id}", responses=problems.responses(*READ_ERRORS))
async def read_medical_condition(reading: Reading, entry_id: EntryId) -> MedicalConditionResponse:
    """Read a medical condition."""
    place = health.Place(reading.profile, health.MEDICAL_CONDITIONS)
    recorded = await health.read_entry(
        reading.session, reading.user, place, entry_id, keyring=reading.keyring
    )
    reading.answer(recorded.profile)
    return health.to_condition(recorded.entry, language=reading.user.locale)


@router.patch("/{entry_id}", responses=problems.responses(*UPDATE_ERRORS))
async def update_medical_condition(
    change: Change, entry_id: EntryId, data: MedicalConditionUpdate
) -> MedicalConditionResponse:
    """Change a medical condition; what is left out stays. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.MEDICAL_CONDITIONS)
    recorded = await health.update_entry(
        change.session, change.user, place, entry_id, data, versions=change.versions, keyring=change.keyring
    )
    change.answer(recorded.profile)
    return health.to_condition(recorded.entry, language=change.user.locale)


@router.delete("/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*REMOVE_ERRORS))
async def remove_medical_condition(change: Change, entry_id: EntryId) -> None:
    """Delete a medical condition. Send the profile's ETag in `If-Match`."""
    place = health.Place(change.profile, health.MEDICAL_CONDITIONS)
    profile = await health.remove_entry(
        change.session, change.user, place, entry_id, versions=change.versions, keyring=change.keyring
    )
    change.answer(profile)
