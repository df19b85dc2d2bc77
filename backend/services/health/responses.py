"""From what is stored to what its owner sees, with names in their language."""

from collections.abc import Sequence
from typing import Final, TypedDict

from pydantic import TypeAdapter

from backend.schemas.health import (
    AllergyResponse,
    DietaryRestrictionResponse,
    HealthProfileResponse,
    MedicalConditionResponse,
)
from backend.services import catalog
from backend.services.catalog import RequirementType
from backend.services.health.document import Allergy, DietaryRestriction, Document, Entry, MedicalCondition
from backend.services.health.storage import Profile
from backend.utils.text import primary_language


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
        "allergies": _ALLERGIES.validate_python(
            _named(RequirementType.ALLERGY, "allergen", document.allergies, language)
        ),
        "dietary_restrictions": _RESTRICTIONS.validate_python(
            _named(RequirementType.DIET, "diet", document.dietary_restrictions, language)
        ),
        "medical_conditions": _CONDITIONS.validate_python(
            _named(RequirementType.CONDITION, "condition", document.medical_conditions, language)
        ),
    }


# All entries at once: what Pydantic does for each call is more than what it does for each entry.
_ALLERGIES: Final = TypeAdapter(tuple[AllergyResponse, ...])
_RESTRICTIONS: Final = TypeAdapter(tuple[DietaryRestrictionResponse, ...])
_CONDITIONS: Final = TypeAdapter(tuple[MedicalConditionResponse, ...])


def _named(
    kind: RequirementType, code: str, entries: Sequence[Entry], language: str
) -> tuple[dict[str, object], ...]:
    """Return entries' members with their names; `code` is the member that holds what each stands for."""
    known, spoken = catalog.current().part(kind), primary_language(language)
    return tuple(
        {
            **entry.__dict__,
            code: entry.code,
            "name": known[entry.code].name_in(spoken) if entry.code in known else entry.code,
        }
        for entry in entries
    )


def to_allergy(entry: Allergy, language: str) -> AllergyResponse:
    """Return an allergy as its owner sees it."""
    return _ALLERGIES.validate_python(_named(RequirementType.ALLERGY, "allergen", (entry,), language))[0]


def to_restriction(entry: DietaryRestriction, language: str) -> DietaryRestrictionResponse:
    """Return a dietary restriction as its owner sees it."""
    return _RESTRICTIONS.validate_python(_named(RequirementType.DIET, "diet", (entry,), language))[0]


def to_condition(entry: MedicalCondition, language: str) -> MedicalConditionResponse:
    """Return a medical condition as its owner sees it."""
    return _CONDITIONS.validate_python(_named(RequirementType.CONDITION, "condition", (entry,), language))[0]
