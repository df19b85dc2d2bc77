"""The three lists of entries that a profile has, and what is the same for all of them."""

import uuid
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from backend.schemas.health import AllergyEntry, DietaryRestrictionEntry, MedicalConditionEntry
from backend.schemas.health.entries import MAX_ALLERGIES, MAX_RESTRICTIONS
from backend.services.catalog import RequirementType
from backend.services.health.document import Allergy, DietaryRestriction, Document, Entry, MedicalCondition

E = TypeVar("E", bound=Entry)
EntryData = AllergyEntry | DietaryRestrictionEntry | MedicalConditionEntry


@dataclass(frozen=True, slots=True)
class Section(Generic[E]):
    """One of the lists.

    Attributes:
        member: Its name in bodies and documents.
        requirement: The part of the catalogue that its entries are from.
        limit: How many entries it may have.
    """

    member: str
    requirement: RequirementType
    stored: type[E]
    limit: int

    def entries(self, document: Document) -> tuple[E, ...]:
        """Return the entries of a document."""
        found: tuple[E, ...] = getattr(document, self.member)
        return found

    def make(self, code: str, data: EntryData, *, entry_id: uuid.UUID) -> E:
        """Return what is stored of an entry that was sent."""
        return self.stored.model_validate({"id": entry_id, "code": code, **data.model_dump(exclude={"name"})})


ALLERGIES: Final = Section("allergies", RequirementType.ALLERGY, Allergy, MAX_ALLERGIES)
DIETARY_RESTRICTIONS: Final = Section(
    "dietary_restrictions", RequirementType.DIET, DietaryRestriction, MAX_RESTRICTIONS
)
MEDICAL_CONDITIONS: Final = Section(
    "medical_conditions", RequirementType.CONDITION, MedicalCondition, MAX_RESTRICTIONS
)
SECTIONS: Final[tuple[Section[Allergy] | Section[DietaryRestriction] | Section[MedicalCondition], ...]] = (
    ALLERGIES,
    DIETARY_RESTRICTIONS,
    MEDICAL_CONDITIONS,
)
