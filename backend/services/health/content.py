"""From what a person calls things to the catalogue's codes, and back."""

from typing import Any

from backend.core.errors import InvalidInputError, Violation
from backend.schemas.health import (
    AllergyEntry,
    DietaryRestrictionEntry,
    HealthProfileReplace,
    MedicalConditionEntry,
)
from backend.services import catalog
from backend.services.catalog import AMBIGUOUS, AmbiguousNameError, RetiredNameError, UnknownNameError
from backend.services.health.document import Document, Entry
from backend.services.health.sections import (
    ALLERGIES,
    DIETARY_RESTRICTIONS,
    MEDICAL_CONDITIONS,
    E,
    EntryData,
    Section,
)
from backend.utils.identifiers import uuid7


def to_document(data: HealthProfileReplace, *, before: Document | None) -> Document:
    """Check a profile's content against the catalogue.

    An entry that was there before, under any of its names, keeps its identifier.

    Raises:
        InvalidInputError: Names that are not approved, duplicates, or a contradiction. Names every one.
    """
    violations: list[Violation] = []
    document = Document(
        display_name=data.display_name,
        birth_year=data.birth_year,
        no_known_allergies=data.no_known_allergies,
        allergies=_entries(ALLERGIES, data.allergies, before, violations),
        dietary_restrictions=_entries(DIETARY_RESTRICTIONS, data.dietary_restrictions, before, violations),
        medical_conditions=_entries(MEDICAL_CONDITIONS, data.medical_conditions, before, violations),
    )
    if _contradicts(document):
        detail = "contradicts the allergies that are listed"
        violations.append(Violation("/no_known_allergies", "contradiction", detail))
    if violations:
        raise InvalidInputError(violations)
    return document


def from_document(document: Document) -> HealthProfileReplace:
    """Return a document's content in the form in which a caller would send it."""
    return HealthProfileReplace(
        display_name=document.display_name,
        birth_year=document.birth_year,
        no_known_allergies=document.no_known_allergies,
        allergies=tuple(AllergyEntry(name=entry.code, **_members(entry)) for entry in document.allergies),
        dietary_restrictions=tuple(
            DietaryRestrictionEntry(name=entry.code, **_members(entry))
            for entry in document.dietary_restrictions
        ),
        medical_conditions=tuple(
            MedicalConditionEntry(name=entry.code, **_members(entry)) for entry in document.medical_conditions
        ),
    )


def to_code(section: Section[E], name: str) -> str:
    """Return the code of what a person calls an entry.

    Raises:
        InvalidInputError: The name is not approved, or is no longer.
    """
    try:
        return catalog.current().resolve(section.requirement, name, language=catalog.spoken())
    except (UnknownNameError, RetiredNameError) as error:
        raise InvalidInputError([_refused("/name", error)]) from error


def with_entries(document: Document, section: Section[E], entries: tuple[E, ...]) -> Document:
    """Return a document with other entries in one section.

    Raises:
        InvalidInputError: An allergy contradicts `no_known_allergies`. Whoever changes an entry may not have
            seen that statement: they must take it back in so many words.
    """
    changed = document.model_copy(update={section.member: entries})
    if _contradicts(changed):
        detail = "contradicts `no_known_allergies` of the profile"
        raise InvalidInputError([Violation("", "contradiction", detail)])
    return changed


def _contradicts(document: Document) -> bool:
    return document.no_known_allergies and any(allergy.counts for allergy in document.allergies)


def _entries(
    section: Section[E], drafts: tuple[EntryData, ...], before: Document | None, violations: list[Violation]
) -> tuple[E, ...]:
    known = {entry.code: entry.id for entry in section.entries(before)} if before else {}
    entries: dict[str, E] = {}
    for index, draft in enumerate(drafts):
        pointer = f"/{section.member}/{index}/name"
        try:
            code = catalog.current().resolve(
                section.requirement, draft.name, language=catalog.spoken(), kept=known
            )
        except (UnknownNameError, RetiredNameError) as error:
            violations.append(_refused(pointer, error))
            continue
        if code in entries:
            violations.append(Violation(pointer, "duplicate", "is already in the list"))
        entries[code] = section.make(code, draft, entry_id=known.get(code) or uuid7())
    return tuple(entries.values())


def _refused(pointer: str, error: UnknownNameError | RetiredNameError) -> Violation:
    if isinstance(error, RetiredNameError):
        detail = "is no longer on the approved list: who has it keeps it, and nobody records it anew"
        return Violation(pointer, "retired-name", detail)
    if isinstance(error, AmbiguousNameError):
        return Violation(pointer, "ambiguous-name", AMBIGUOUS, error.nearest)
    return Violation(pointer, "unknown-name", "is not on the approved list", error.nearest)


def _members(entry: Entry) -> dict[str, Any]:  # of each member's own type
    return entry.model_dump(exclude={"id", "code"})
