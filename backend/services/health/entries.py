"""From what a person calls things to the catalogue's codes."""

from collections.abc import Callable, Sequence

from backend.core.errors import InvalidInputError, Violation
from backend.schemas.health import AllergyEntry, HealthProfileReplace
from backend.services import catalog
from backend.services.catalog import RequirementType, UnknownNameError
from backend.services.health.document import Allergy, Document
from backend.utils.identifiers import uuid7


def to_document(data: HealthProfileReplace, *, before: Document | None) -> Document:
    """Check a profile's content against the catalogue.

    An allergy that was there before keeps its identifier.

    Raises:
        InvalidInputError: Names that are not approved, duplicates, or a contradiction. Names every one.
    """
    violations: list[Violation] = []
    allergens = _resolve(
        RequirementType.ALLERGY,
        [entry.name for entry in data.allergies],
        pointer=lambda index: f"/allergies/{index}/name",
        violations=violations,
    )
    diets = _resolve(
        RequirementType.DIET,
        data.dietary_restrictions,
        pointer=lambda index: f"/dietary_restrictions/{index}",
        violations=violations,
    )
    conditions = _resolve(
        RequirementType.CONDITION,
        data.medical_conditions,
        pointer=lambda index: f"/medical_conditions/{index}",
        violations=violations,
    )
    if data.no_known_allergies and data.allergies:
        detail = "contradicts the allergies that are listed"
        violations.append(Violation("/no_known_allergies", "contradiction", detail))
    if violations:
        raise InvalidInputError(violations)
    known = {allergy.allergen: allergy.id for allergy in before.allergies} if before else {}
    return Document(
        display_name=data.display_name,
        no_known_allergies=data.no_known_allergies,
        allergies=tuple(
            Allergy(
                id=known.get(code) or uuid7(),
                allergen=code,
                **entry.model_dump(exclude={"name"}),
            )
            for code, entry in zip(allergens, data.allergies, strict=True)
        ),
        dietary_restrictions=tuple(diets),
        medical_conditions=tuple(conditions),
    )


def from_document(document: Document) -> HealthProfileReplace:
    """Return a document's content in the form in which a caller would send it."""
    return HealthProfileReplace(
        display_name=document.display_name,
        no_known_allergies=document.no_known_allergies,
        allergies=tuple(
            AllergyEntry(name=allergy.allergen, **allergy.model_dump(exclude={"id", "allergen"}))
            for allergy in document.allergies
        ),
        dietary_restrictions=document.dietary_restrictions,
        medical_conditions=document.medical_conditions,
    )


def _resolve(
    requirement: RequirementType,
    names: Sequence[str],
    *,
    pointer: Callable[[int], str],
    violations: list[Violation],
) -> list[str]:
    codes: list[str] = []
    for index, name in enumerate(names):
        try:
            code = catalog.shipped().resolve(requirement, name)
        except UnknownNameError as error:
            detail = "is not on the approved list"
            violations.append(Violation(pointer(index), "unknown-name", detail, error.nearest))
            continue
        if code in codes:
            violations.append(Violation(pointer(index), "duplicate", "is already in the list"))
        codes.append(code)
    return codes
