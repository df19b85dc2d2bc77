"""What people avoid: as they say it, and as rules of the catalogue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from backend.core.errors import InvalidInputError, Violation
from backend.schemas.health import Severity
from backend.schemas.screening import GuestTable, Requirements
from backend.services.catalog import (
    AMBIGUOUS,
    AmbiguousNameError,
    Catalog,
    RequirementType,
    RetiredNameError,
    UnknownNameError,
)
from backend.services.health import Allergy, Document
from backend.services.screening.requirements import Requirement, require_allergy, require_rules


@dataclass(frozen=True, slots=True)
class AllergyRequirement:
    """An allergy or intolerance.

    Attributes:
        code: The catalogue's code, or any approved name.
        severity: Where a life is at stake, a trace matters whatever else is said.
        avoid_traces: Whether a precautionary statement matters.
    """

    code: str
    severity: Severity = Severity.MODERATE
    avoid_traces: bool = True


@dataclass(frozen=True, slots=True)
class DietRequirement:
    """A way of eating, by the catalogue's code or any approved name."""

    code: str


@dataclass(frozen=True, slots=True)
class ConditionRequirement:
    """A medical condition, by the catalogue's code or any approved name."""

    code: str


PersonalRequirement = AllergyRequirement | DietRequirement | ConditionRequirement


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One of a person's requirements with all its rules.

    Attributes:
        name: Its preferred English name, or its code.
        rules: One for an allergy; a diet or a condition may have several. None where the catalogue does not
            know the code: what somebody recorded stays on record, whatever becomes of the catalogue.
    """

    type: RequirementType
    code: str
    name: str
    rules: tuple[Requirement, ...]


def expand(
    requirements: Iterable[PersonalRequirement], known: Catalog, *, language: str | None = None
) -> tuple[Wanted, ...]:
    """Return what each of a person's requirements means in the catalogue; one that comes twice counts once.

    Args:
        requirements: What they avoid.
        known: The catalogue.
        language: What they speak, if known: some names mean one thing in one language and another in another.

    Raises:
        UnknownNameError: A name is not approved.
        RetiredNameError: A name is no longer approved.
    """
    found: dict[Wanted, None] = {}
    for requirement in requirements:
        match requirement:
            case AllergyRequirement():
                code = known.resolve(RequirementType.ALLERGY, requirement.code, language=language)
                found[_allergy(code, known, traces=_minds_traces(requirement))] = None
            case DietRequirement():
                code = known.resolve(RequirementType.DIET, requirement.code, language=language)
                found[_diet(code, known)] = None
            case ConditionRequirement():
                code = known.resolve(RequirementType.CONDITION, requirement.code, language=language)
                found[_condition(code, known)] = None
    return tuple(found)


def of_document(document: Document, known: Catalog) -> tuple[Wanted, ...]:
    """Return what a profile says, in codes that may be retired or unknown; a refuted allergy is none."""
    return (
        *(_allergy(one.code, known, traces=_minds_traces(one)) for one in document.allergies if one.counts),
        *(_diet(entry.code, known) for entry in document.dietary_restrictions),
        *(_condition(entry.code, known) for entry in document.medical_conditions),
    )


def of_guests(
    table: GuestTable, known: Catalog, *, language: str | None
) -> list[tuple[str | None, tuple[Wanted, ...]]]:
    """Return the guests of a question, each with their name and what they avoid.

    Args:
        table: The question.
        known: The catalogue.
        language: What the caller speaks, if known.

    Raises:
        InvalidInputError: Names that are not approved, or that come twice. Tells where each is and what is
            near to it, never what it is.
    """
    violations: list[Violation] = []
    guests: list[tuple[str | None, tuple[Wanted, ...]]] = []
    if table.requirements is not None:
        guests.append((None, _of_guest(table.requirements, known, language, "/requirements", violations)))
    for index, guest in enumerate(table.guests):
        pointer = f"/guests/{index}/requirements"
        guests.append((guest.name, _of_guest(guest.requirements, known, language, pointer, violations)))
    if violations:
        raise InvalidInputError(violations)
    return guests


def _of_guest(
    data: Requirements, known: Catalog, language: str | None, pointer: str, violations: list[Violation]
) -> tuple[Wanted, ...]:
    allergies = [
        AllergyRequirement(allergy.name, allergy.severity, allergy.avoid_traces) for allergy in data.allergies
    ]
    sections: tuple[tuple[str, Sequence[PersonalRequirement]], ...] = (
        ("allergies", allergies),
        ("dietary_restrictions", [DietRequirement(name) for name in data.dietary_restrictions]),
        ("medical_conditions", [ConditionRequirement(name) for name in data.medical_conditions]),
    )
    found: dict[tuple[RequirementType, str], Wanted] = {}
    for section, requirements in sections:
        for index, requirement in enumerate(requirements):
            place = f"{pointer}/{section}/{index}"
            try:
                (wanted,) = expand([requirement], known, language=language)
            except AmbiguousNameError as error:
                violations.append(Violation(place, "ambiguous-name", AMBIGUOUS, error.nearest))
                continue
            except UnknownNameError as error:
                detail = "is not on the approved list"
                violations.append(Violation(place, "unknown-name", detail, error.nearest))
                continue
            except RetiredNameError:
                violations.append(Violation(place, "retired-name", "is no longer on the approved list"))
                continue
            if (wanted.type, wanted.code) in found:
                violations.append(Violation(place, "duplicate", "is already in the list"))
            found[wanted.type, wanted.code] = wanted
    return tuple(found.values())


def _minds_traces(allergy: AllergyRequirement | Allergy) -> bool:
    """Return whether a trace matters: where a life is at stake, it does whatever the box says."""
    return allergy.avoid_traces or allergy.severity is Severity.LIFE_THREATENING


# What a code means is worked out once for each catalogue, which is a key of these and so may change.
@lru_cache(maxsize=1_024)
def _allergy(code: str, known: Catalog, *, traces: bool) -> Wanted:
    allergen = known.allergens.get(code)
    if allergen is None:
        return Wanted(RequirementType.ALLERGY, code, code, ())
    rule = require_allergy(allergen, known, traces=traces)
    return Wanted(RequirementType.ALLERGY, code, allergen.name("en"), (rule,))


def _ruled(requirement: RequirementType, code: str, known: Catalog) -> Wanted:
    holders = known.diets if requirement is RequirementType.DIET else known.conditions
    holder = holders.get(code)
    if holder is None:
        return Wanted(requirement, code, code, ())
    return Wanted(requirement, code, holder.name("en"), require_rules(requirement, holder, known))


@lru_cache(maxsize=256)
def _diet(code: str, known: Catalog) -> Wanted:
    return _ruled(RequirementType.DIET, code, known)


@lru_cache(maxsize=256)
def _condition(code: str, known: Catalog) -> Wanted:
    return _ruled(RequirementType.CONDITION, code, known)
