"""What a catalogue must keep to as a whole. Each check names every fault."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from backend.services.catalog.entries import LANGUAGES, CodeSystem, Named, Relation, Ruled, Substance
from backend.services.catalog.entry_checks import (
    CODE,
    OWN_PREFIX,
    coding_faults,
    concepts_of,
    name_faults,
    relation_faults,
    rule_faults,
    source_faults,
)
from backend.services.catalog.files import Files
from backend.services.catalog.regime_checks import regime_faults
from backend.services.catalog.relations import Relatives, ancestors_of, are_related, unknown
from backend.utils.text import fold

NAMED_IN_FULL: Final = frozenset({"allergens", "substances", "diets", "conditions", "regimes", "exemptions"})
"""The parts whose names are there in every language."""
SOURCED: Final = frozenset({"diets", "conditions", "regimes"})
"""The parts whose sources say which authority they are from."""
_REGIME_CODE: Final = re.compile(r"[a-z]+(-[a-z]+)*", re.ASCII)


def faults(files: Files) -> list[str]:
    """Return everything that is wrong with a catalogue, each with its place."""
    substances: dict[str, Substance] = {entry.code: entry for entry in (*files.allergens, *files.substances)}
    ancestors = ancestors_of(substances)
    found = [*files.faults, *_codes(files), *_shared_names(files, ancestors)]
    for part, entries in files.parts().items():
        for entry in entries:
            found += [
                f"{part}: {entry.code}: {fault}"
                for fault in name_faults(entry, in_full=part in NAMED_IN_FULL)
            ]
    for entry in substances.values():
        found += [f"{entry.code}: {fault}" for fault in relation_faults(entry, substances, ancestors)]
    for part, holders in (("diets", files.diets), ("conditions", files.conditions)):
        for holder in holders:
            found += [
                f"{part}: {fault}" for fault in rule_faults(holder, substances, sourced=part in SOURCED)
            ]
    found += _regimes(files, ancestors)
    lists = {item.code for item in files.code_lists}
    return [*found, *_codings(files, lists), *_lists(files)]


def _codes(files: Files) -> Iterator[str]:
    for part, entries in files.parts().items():
        pattern = _REGIME_CODE if part == "regimes" else CODE
        counts = Counter(entry.code for entry in entries)
        yield from (f"{part}: two entries have the code {code}" for code, n in counts.items() if n > 1)
        yield from (f"{part}: {code!r} is no code" for code in counts if not pattern.fullmatch(code))
        yield from (
            f"{part}: {code} begins as operators' codes do" for code in counts if code.startswith(OWN_PREFIX)
        )
    both = {entry.code for entry in files.allergens} & {entry.code for entry in files.substances}
    yield from (f"{code} is both an allergen and another substance" for code in sorted(both))


def _shared_names(files: Files, ancestors: Relatives) -> Iterator[str]:
    """Yield the names that two entries have in one language: in two languages, the caller's decides."""
    for part, entries in files.parts().items():
        owners: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for entry in entries:
            for language, name in _listed(entry):
                owners[fold(name)][entry.code].add(language)
        for name, codes in owners.items():
            for one, other in combinations(sorted(codes), 2):
                if codes[one].isdisjoint(codes[other]) or are_related(one, other, ancestors):
                    continue
                yield f"{part}: {one} and {other} share the name {name!r}"


def _listed(entry: Named) -> Iterator[tuple[str, str]]:
    """Yield the code, which every language has, the names and the synonyms of an entry."""
    yield from ((language, entry.code) for language in LANGUAGES)
    yield from entry.names.items()
    for language, names in entry.synonyms.items():
        yield from ((language, name) for name in names)


def _regimes(files: Files, ancestors: Relatives) -> Iterator[str]:
    allergens = {entry.code for entry in files.allergens}
    in_full, sourced = "exemptions" in NAMED_IN_FULL, "regimes" in SOURCED
    for regime in files.regimes:
        for fault in regime_faults(regime, allergens, ancestors, in_full=in_full, sourced=sourced):
            yield f"regimes: {regime.code} {fault}"


def _codings(files: Files, lists: set[str]) -> Iterator[str]:
    owners: dict[tuple[CodeSystem, str], str] = {}
    coded: list[Substance | Ruled] = [*files.allergens, *files.substances, *files.diets, *files.conditions]
    for entry in coded:
        allowed = concepts_of(entry)
        for coding in entry.codings:
            yield from (f"{entry.code}: {fault}" for fault in coding_faults(coding, allowed))
            if missing := unknown(coding.sources, lists):
                yield f"{entry.code}: {coding.code} is from unknown lists {', '.join(missing)}"
            if coding.relation is Relation.EQUIVALENT:
                owner = owners.setdefault((coding.system, coding.code), entry.code)
                if owner != entry.code:
                    yield f"{entry.code} and {owner} have the same code {coding.code} of {coding.system}"
        keys = Counter((coding.system, coding.code) for coding in entry.codings)
        yield from (f"{entry.code} has the code {key[1]} twice" for key, n in keys.items() if n > 1)


def _lists(files: Files) -> Iterator[str]:
    counts = Counter(item.code for item in files.code_lists)
    yield from (f"code_lists: two lists have the code {code}" for code, n in counts.items() if n > 1)
    for item in files.code_lists:
        yield from (f"code_lists: {item.code} {fault}" for fault in source_faults(item, sourced=True))
