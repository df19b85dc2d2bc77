"""What is wrong with an entry that an operator proposes, given everything that is there."""

from collections.abc import Iterator
from itertools import chain

from backend.core.errors import Violation
from backend.models.catalog import RequirementType
from backend.services.catalog import entry_checks as checks
from backend.services.catalog.entries import (
    Allergen,
    CodeSystem,
    Relation,
    Ruled,
    Substance,
)
from backend.services.catalog.loading import Catalog, Entry
from backend.services.catalog.relations import ancestors_of


def entry_faults(known: Catalog, kind: RequirementType, entry: Entry) -> list[Violation]:
    """Return everything that is wrong with a new entry, or with what an old one shall become."""
    found = chain(
        _code(entry),
        _names(known, kind, entry),
        (Violation("", "names", fault) for fault in checks.name_faults(entry, in_full=False)),
        (Violation("", "relation", fault) for fault in _relations(known, entry)),
        (Violation("/codings", "coding", fault) for fault in _codings(known, entry)),
    )
    return list(found)


def _code(entry: Entry) -> Iterator[Violation]:
    if not checks.is_own_code(entry.code):
        detail = f"must be lower-case letters, digits, underscores and dots after {checks.OWN_PREFIX!r}"
        yield Violation("/code", "code", detail)


def _names(known: Catalog, kind: RequirementType, entry: Entry) -> Iterator[Violation]:
    listed = [(f"/names/{language}", name) for language, name in entry.names.items()]
    for language, synonyms in entry.synonyms.items():
        listed += [(f"/synonyms/{language}/{index}", name) for index, name in enumerate(synonyms)]
    for pointer, name in listed:
        owner = known.owner(kind, name)
        if owner is not None and owner != entry.code:
            yield Violation(pointer, "name-taken", "is a name of another entry", (owner,))


def _relations(known: Catalog, entry: Entry) -> Iterator[str]:
    if isinstance(entry, Allergen):
        substances = known.substances | {entry.code: entry}
        yield from checks.relation_faults(entry, substances, ancestors_of(substances))
    else:
        yield from checks.rule_faults(entry, known.substances, sourced=False)


def _codings(known: Catalog, entry: Entry) -> Iterator[str]:
    coded: list[Substance | Ruled] = [*known.substances.values(), *known.diets.values()]
    coded += known.conditions.values()
    taken: dict[tuple[CodeSystem, str], str] = {
        (coding.system, coding.code): other.code
        for other in coded
        for coding in other.codings
        if coding.relation is Relation.EQUIVALENT and other.code != entry.code
    }
    for coding in entry.codings:
        yield from checks.coding_faults(coding, checks.concepts_of(entry))
        if coding.relation is Relation.EQUIVALENT and (coding.system, coding.code) in taken:
            yield f"{coding.code} is a code of {taken[coding.system, coding.code]}"
