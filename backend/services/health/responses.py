"""From what is stored to what its owner sees, with names in their language."""

from typing import TypedDict

from backend.schemas.health import (
    AllergyResponse,
    DietaryRestrictionResponse,
    HealthProfileResponse,
    MedicalConditionResponse,
)
from backend.services import catalog
from backend.services.catalog import RequirementType
from backend.services.health.document import Allergy, DietaryRestriction, Document, MedicalCondition
from backend.services.health.storage import Profile


class Content(TypedDict):
    """The members that a profile and its versions share."""

    display_name: str | None
    birth_year: int | None
    no_known_allergies: bool
    allergies: tuple[AllergyResponse, ...]
    dietary_restrictions: tuple[DietaryRestrictionResponse, ...]
    medical_conditions: tuple[MedicalConditionResponse, ...]


def to_response(profile: Profile, *, language: str) -> HealthProfileResponse:
    """Return a profile as its owner sees it."""
    return HealthProfileResponse(
        id=profile.id,
        relationship=profile.relationship,
        version=profile.version,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
        **to_content(profile.document, language=language),
    )


def to_content(document: Document, *, language: str) -> Content:
    """Return what a document says as its owner sees it, with names in a language."""
    return {
        "display_name": document.display_name,
        "birth_year": document.birth_year,
        "no_known_allergies": document.no_known_allergies,
        "allergies": tuple(to_allergy(entry, language) for entry in document.allergies),
        "dietary_restrictions": tuple(
            to_restriction(entry, language) for entry in document.dietary_restrictions
        ),
        "medical_conditions": tuple(to_condition(entry, language) for entry in document.medical_conditions),
    }


def to_allergy(entry: Allergy, language: str) -> AllergyResponse:
    """Return an allergy as its owner sees it."""
    name = catalog.current().name(RequirementType.ALLERGY, entry.code, language)
    return AllergyResponse(allergen=entry.code, name=name, **entry.model_dump(exclude={"code"}))


def to_restriction(entry: DietaryRestriction, language: str) -> DietaryRestrictionResponse:
    """Return a dietary restriction as its owner sees it."""
    name = catalog.current().name(RequirementType.DIET, entry.code, language)
    return DietaryRestrictionResponse(diet=entry.code, name=name, **entry.model_dump(exclude={"code"}))


def to_condition(entry: MedicalCondition, language: str) -> MedicalConditionResponse:
    """Return a medical condition as its owner sees it."""
    name = catalog.current().name(RequirementType.CONDITION, entry.code, language)
    return MedicalConditionResponse(condition=entry.code, name=name, **entry.model_dump(exclude={"code"}))
