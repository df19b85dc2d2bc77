"""From a profile to what its owner avoids, and to what of it cannot be looked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from backend.schemas.health import Severity
from backend.schemas.screening import GapResponse, RequirementResponse
from backend.services.catalog import Catalog, RequirementType
from backend.services.health import Document
from backend.services.screening.judge import Requirement, require_allergy, require_rules
from backend.services.screening.match import Reading
from backend.services.screening.own_words import languages_of


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What the codes of one catalogue mean, each worked out once."""

    allergies: dict[tuple[str, bool], tuple[Requirement, ...]] = field(default_factory=dict)
    rules: dict[tuple[RequirementType, str], tuple[Requirement, ...]] = field(default_factory=dict)


@lru_cache(maxsize=2)  # the catalogue seldom changes
def _meanings(known: Catalog) -> _Meanings:  # noqa: ARG001 - the cache's key
    return _Meanings()


def requirements_of(document: Document, known: Catalog) -> tuple[Requirement, ...]:
    """Return what somebody avoids, as far as the catalogue knows it."""
    found: list[Requirement] = []
    for allergy in document.allergies:
        if allergy.counts:
            # Where a life is at stake, a trace matters whatever the box says.
            traces = allergy.avoid_traces or allergy.severity is Severity.LIFE_THREATENING
            found += _for_allergy(allergy.code, known, traces=traces)
    for restriction in document.dietary_restrictions:
        found += _for_rules(RequirementType.DIET, restriction.code, known)
    for condition in document.medical_conditions:
        found += _for_rules(RequirementType.CONDITION, condition.code, known)
    return tuple(found)


def gaps_of(document: Document, reading: Reading, known: Catalog) -> Iterator[GapResponse]:
    """Yield what could not be looked for on a label.

    What is shipped has words in every language that labels are read in. What operators added has its names,
    and in another language its absence is silence, which tells nothing.
    """
    held = [(RequirementType.ALLERGY, item.code) for item in document.allergies if item.counts]
    held += [(RequirementType.DIET, item.code) for item in document.dietary_restrictions]
    held += [(RequirementType.CONDITION, item.code) for item in document.medical_conditions]
    for requirement, code in held:
        if reason := _gap(requirement, code, reading, known):
            yield GapResponse(requirement=RequirementResponse(type=requirement, code=code), reason=reason)


def _for_allergy(code: str, known: Catalog, *, traces: bool) -> tuple[Requirement, ...]:
    if code not in known.allergens:
        return ()
    cache = _meanings(known).allergies
    if (code, traces) not in cache:
        cache[code, traces] = (require_allergy(known.allergens[code], known, traces=traces),)
    return cache[code, traces]


def _for_rules(requirement: RequirementType, code: str, known: Catalog) -> tuple[Requirement, ...]:
    holders = known.diets if requirement is RequirementType.DIET else known.conditions
    if code not in holders:
        return ()
    cache = _meanings(known).rules
    if (requirement, code) not in cache:
        cache[requirement, code] = require_rules(requirement, holders[code], known)
    return cache[requirement, code]


def _gap(requirement: RequirementType, code: str, reading: Reading, known: Catalog) -> str | None:
    if code not in known.part(requirement):
        return "the catalogue does not know what this is"
    if code in known.unsound:
        return "the catalogue's entry refers to what is no longer there"
    if code not in known.own:
        return None
    if requirement is RequirementType.ALLERGY:
        wanted = _for_allergy(code, known, traces=False)
    else:
        wanted = _for_rules(requirement, code, known)
    avoided = {own for item in wanted for own in item.avoid & known.own}
    silent = {lang for own in avoided for lang in reading.languages if lang not in languages_of(own, known)}
    if silent:
        return f"the catalogue has no word for it in a language of the label ({', '.join(sorted(silent))})"
    return None
