"""Allergies, dietary restrictions and medical conditions of a profile: what they share stands once."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Generic, TypeVar

from fastapi import APIRouter, Response

from backend.api import problems
from backend.api.health.parts import LIST_ERRORS, PREFIX, Change, EntryId, Page, Reading
from backend.api.idempotency import KEY_ERRORS, Once
from backend.api.routes import StrictRoute
from backend.core.errors import PreconditionFailedError, PreconditionRequiredError
from backend.schemas.base import Outgoing
from backend.schemas.health import (
    AllergyEntry,
    AllergyList,
    AllergyResponse,
    AllergyUpdate,
    DietaryRestrictionEntry,
    DietaryRestrictionList,
    DietaryRestrictionResponse,
    DietaryRestrictionUpdate,
    MedicalConditionEntry,
    MedicalConditionList,
    MedicalConditionResponse,
    MedicalConditionUpdate,
)
from backend.services import health
from backend.services.catalog import CursorUnknownError
from backend.services.health import Entry, EntryChanges, EntryData

E = TypeVar("E", bound=Entry)
R = TypeVar("R", bound=Outgoing)

_STALE = (PreconditionFailedError, PreconditionRequiredError)
_LIST: Final = problems.responses(*LIST_ERRORS, CursorUnknownError)
_READ: Final = problems.responses(*LIST_ERRORS, health.EntryNotFoundError)
_CHANGE: Final = problems.responses(*LIST_ERRORS, health.EntryNotFoundError, *_STALE)
_CREATE: Final = problems.responses(
    *LIST_ERRORS, *_STALE, *KEY_ERRORS, health.EntryExistsError, health.TooManyEntriesError
)


@dataclass(frozen=True, slots=True)
class _Part(Generic[E, R]):
    """What is done with the entries of one of a profile's lists, and how one is shown in a language."""

    section: health.Section[E]
    show: Callable[[E, str], R]

    async def create(self, change: Change, data: EntryData, once: Once) -> R | Response:
        if once.answered:
            return once.answered
        recorded = await health.add_entry(
            change.session, change.user, self._of(change), data,
            versions=change.versions, keyring=change.keyring,
        )  # fmt: skip
        profile, member = recorded.profile, self.section.member
        change.answer_created(profile, member.replace("_", "-"), recorded.entry.id)
        body = self.show(recorded.entry, change.language)
        await once.keep(body, profile_id=profile.id, fields=member, status=HTTPStatus.CREATED)
        return body

    async def list(self, reading: Reading, page: Page) -> tuple[health.Document, tuple[R, ...], str | None]:
        profile = await health.read_profile(
            reading.log, reading.user, reading.profile,
            keyring=reading.keyring, fields=self.section.member,
        )  # fmt: skip
        reading.answer(profile)
        document = profile.document
        found, next_cursor = page.of(self.section.entries(document))
        return document, tuple(self.show(entry, reading.language) for entry in found), next_cursor

    async def read(self, reading: Reading, entry_id: EntryId) -> R:
        recorded = await health.read_entry(
            reading.log, reading.user, self._of(reading), entry_id, keyring=reading.keyring
        )
        reading.answer(recorded.profile)
        return self.show(recorded.entry, reading.language)

    async def update(self, change: Change, entry_id: EntryId, data: EntryChanges) -> R:
        recorded = await health.update_entry(
            change.session, change.user, self._of(change), entry_id, data,
            versions=change.versions, keyring=change.keyring,
        )  # fmt: skip
        change.answer(recorded.profile)
        return self.show(recorded.entry, change.language)

    async def remove(self, change: Change, entry_id: EntryId) -> None:
        profile = await health.remove_entry(
            change.session, change.user, self._of(change), entry_id,
            versions=change.versions, keyring=change.keyring,
        )  # fmt: skip
        change.answer(profile)

    def _of(self, reading: Reading | Change) -> health.Place[E]:
        return health.Place(reading.profile, self.section)


_ALLERGIES: Final = _Part(health.ALLERGIES, health.to_allergy)
_RESTRICTIONS: Final = _Part(health.DIETARY_RESTRICTIONS, health.to_restriction)
_CONDITIONS: Final = _Part(health.MEDICAL_CONDITIONS, health.to_condition)

router = APIRouter(prefix=f"{PREFIX}/{{profile_id}}", route_class=StrictRoute)


@router.post("/allergies", status_code=HTTPStatus.CREATED, response_model=AllergyResponse, responses=_CREATE)
async def create_allergy(change: Change, data: AllergyEntry, once: Once) -> AllergyResponse | Response:
    """Record an allergy. Send the profile's ETag in `If-Match`.

    Where the profile says `no_known_allergies`, take that back first: it contradicts any that is not refuted.
    """
    return await _ALLERGIES.create(change, data, once)


@router.get("/allergies", responses=_LIST)
async def list_allergies(reading: Reading, page: Page) -> AllergyList:
    """List a profile's allergies, in the order in which they were recorded."""
    document, items, next_cursor = await _ALLERGIES.list(reading, page)
    return AllergyList(no_known_allergies=document.no_known_allergies, items=items, next_cursor=next_cursor)


@router.get("/allergies/{entry_id}", responses=_READ)
async def read_allergy(reading: Reading, entry_id: EntryId) -> AllergyResponse:
    """Read an allergy."""
    return await _ALLERGIES.read(reading, entry_id)


@router.patch("/allergies/{entry_id}", responses=_CHANGE)
async def update_allergy(change: Change, entry_id: EntryId, data: AllergyUpdate) -> AllergyResponse:
    """Change an allergy; what is left out stays. Send the profile's ETag in `If-Match`."""
    return await _ALLERGIES.update(change, entry_id, data)


@router.delete("/allergies/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGE)
async def remove_allergy(change: Change, entry_id: EntryId) -> None:
    """Delete an allergy. Send the profile's ETag in `If-Match`.

    A profile without any says nothing about allergies, until it says `no_known_allergies`.
    """
    await _ALLERGIES.remove(change, entry_id)


@router.post(
    "/dietary-restrictions",
    status_code=HTTPStatus.CREATED,
    response_model=DietaryRestrictionResponse,
    responses=_CREATE,
)
async def create_dietary_restriction(
    change: Change, data: DietaryRestrictionEntry, once: Once
) -> DietaryRestrictionResponse | Response:
    """Record a dietary restriction. Send the profile's ETag in `If-Match`."""
    return await _RESTRICTIONS.create(change, data, once)


@router.get("/dietary-restrictions", responses=_LIST)
async def list_dietary_restrictions(reading: Reading, page: Page) -> DietaryRestrictionList:
    """List a profile's dietary restrictions, in the order in which they were recorded."""
    _, items, next_cursor = await _RESTRICTIONS.list(reading, page)
    return DietaryRestrictionList(items=items, next_cursor=next_cursor)


@router.get("/dietary-restrictions/{entry_id}", responses=_READ)
async def read_dietary_restriction(reading: Reading, entry_id: EntryId) -> DietaryRestrictionResponse:
    """Read a dietary restriction."""
    return await _RESTRICTIONS.read(reading, entry_id)


@router.patch("/dietary-restrictions/{entry_id}", responses=_CHANGE)
async def update_dietary_restriction(
    change: Change, entry_id: EntryId, data: DietaryRestrictionUpdate
) -> DietaryRestrictionResponse:
    """Change a dietary restriction; what is left out stays. Send the profile's ETag in `If-Match`."""
    return await _RESTRICTIONS.update(change, entry_id, data)


@router.delete("/dietary-restrictions/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGE)
async def remove_dietary_restriction(change: Change, entry_id: EntryId) -> None:
    """Delete a dietary restriction. Send the profile's ETag in `If-Match`."""
    await _RESTRICTIONS.remove(change, entry_id)


@router.post(
    "/medical-conditions",
    status_code=HTTPStatus.CREATED,
    response_model=MedicalConditionResponse,
    responses=_CREATE,
)
async def create_medical_condition(
    change: Change, data: MedicalConditionEntry, once: Once
) -> MedicalConditionResponse | Response:
    """Record a medical condition. Send the profile's ETag in `If-Match`."""
    return await _CONDITIONS.create(change, data, once)


@router.get("/medical-conditions", responses=_LIST)
async def list_medical_conditions(reading: Reading, page: Page) -> MedicalConditionList:
    """List a profile's medical conditions, in the order in which they were recorded."""
    _, items, next_cursor = await _CONDITIONS.list(reading, page)
    return MedicalConditionList(items=items, next_cursor=next_cursor)


@router.get("/medical-conditions/{entry_id}", responses=_READ)
async def read_medical_condition(reading: Reading, entry_id: EntryId) -> MedicalConditionResponse:
    """Read a medical condition."""
    return await _CONDITIONS.read(reading, entry_id)


@router.patch("/medical-conditions/{entry_id}", responses=_CHANGE)
async def update_medical_condition(
    change: Change, entry_id: EntryId, data: MedicalConditionUpdate
) -> MedicalConditionResponse:
    """Change a medical condition; what is left out stays. Send the profile's ETag in `If-Match`."""
    return await _CONDITIONS.update(change, entry_id, data)


@router.delete("/medical-conditions/{entry_id}", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGE)
async def remove_medical_condition(change: Change, entry_id: EntryId) -> None:
    """Delete a medical condition. Send the profile's ETag in `If-Match`."""
    await _CONDITIONS.remove(change, entry_id)
