"""What an entry of the catalogue must keep to, beyond its form. Each check names every fault."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from backend.core.clock import now
from backend.services.catalog.entries import (
    LANGUAGES,
    CodeSystem,
    Coding,
    Concept,
    Diet,
    Named,
    Ruled,
    RuleKind,
    Source,
    Substance,
)
from backend.services.catalog.relations import Relatives, unknown
from backend.utils.terminology import is_icd_10, is_snomed_concept
from backend.utils.text import fold

OWN_PREFIX: Final = "local."
"""How the codes of operators' entries begin, so that no release can ship one of them."""
CODE: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
"""What a code looks like."""

_LANGUAGE: Final = re.compile(r"[a-z]{2}", re.ASCII)
_FIRST_YEAR: Final = 1500  # of a printed source
_MIN_LISTS: Final = 2  # that agree on a code
_OF_FOODS: Final = frozenset({Concept.SUBSTANCE, Concept.ALLERGY, Concept.INTOLERANCE})


def is_own_code(code: str) -> bool:
    """Return whether a code is one that operators may give."""
    return code.startswith(OWN_PREFIX) and CODE.fullmatch(code) is not None


def name_faults(entry: Named, *, in_full: bool) -> Iterator[str]:
    """Yield what is wrong with the names of an entry."""
    yield from language_faults(entry.names, in_full=in_full)
    for language, synonyms in entry.synonyms.items():
        if not _LANGUAGE.fullmatch(language):
            yield f"{language!r} is no language code"
        own = fold(entry.names.get(language, ""))
        folded = [fold(name) for name in synonyms]
        if own in folded or len(set(folded)) != len(folded):
            yield f"repeats a name among its synonyms in {language}"
        if any(not name or name != name.strip() for name in synonyms):
            yield f"has a blank or untrimmed synonym in {language}"


def language_faults(names: Mapping[str, str], *, in_full: bool) -> Iterator[str]:
    """Yield what is wrong with the preferred names of something."""
    wanted = LANGUAGES if in_full else ("en",)
    if missing := [language for language in wanted if language not in names]:
        yield f"has no name in {', '.join(missing)}"
    for language, name in names.items():
        if not _LANGUAGE.fullmatch(language):
            yield f"{language!r} is no language code"
        if not name or name != name.strip():
            yield f"has a blank or untrimmed name in {language}"


def relation_faults(
    entry: Substance, substances: Mapping[str, Substance], ancestors: Relatives
) -> Iterator[str]:
    """Yield what is wrong with what a substance is a kind of, found in or akin to."""
    if entry.code in ancestors[entry.code]:
        yield "is its own ancestor"
    for what, codes in (
        ("has the unknown parent", entry.parents),
        ("is found in unknown", entry.found_in),
        ("is akin to unknown", entry.akin),
    ):
        if missing := unknown(codes, substances):
            yield f"{what} {', '.join(missing)}"
    if entry.bare is not None and entry.code not in ancestors.get(entry.bare, ()):
        yield f"{entry.bare} is not a kind of it"


def rule_faults(holder: Ruled, substances: Mapping[str, Substance], *, sourced: bool) -> Iterator[str]:
    """Yield what is wrong with the rules of a diet or condition."""
    if not holder.rules:
        yield f"{holder.code} has no rule"
    for rule in holder.rules:
        if missing := unknown((*rule.avoid, *rule.unless), substances):
            yield f"{holder.code} has a rule about unknown {', '.join(missing)}"
        if not rule.avoid:
            yield f"{holder.code} has a rule that avoids nothing"
        if (rule.threshold is not None) != (rule.kind is RuleKind.THRESHOLD):
            yield f"{holder.code} has a rule with a threshold and another kind, or the other way round"
        yield from (f"{holder.code} {fault}" for fault in source_faults(rule.source, sourced=sourced))


def source_faults(source: Source, *, sourced: bool) -> Iterator[str]:
    """Yield what is wrong with a source."""
    if not source.publication.strip():
        yield "has a source without a title"
    if sourced and not (source.authority or "").strip():
        yield f"does not say which authority {source.publication!r} is from"
    if source.year is not None and not _FIRST_YEAR <= source.year <= now().year:
        yield f"has a source of the year {source.year}"
    if source.url is not None and not source.url.startswith("https://"):
        yield f"has a source at {source.url!r}, which is no https address"


def coding_faults(coding: Coding, allowed: frozenset[Concept]) -> Iterator[str]:
    """Yield what is wrong with a code of medicine by itself."""
    is_well_formed = is_snomed_concept if coding.system is CodeSystem.SNOMED_CT else is_icd_10
    if not is_well_formed(coding.code):
        yield f"{coding.code} is no code of {coding.system}"
    if coding.concept not in allowed:
        yield f"{coding.code} cannot stand for {coding.concept} here"
    if len(set(coding.sources)) < _MIN_LISTS:
        yield f"{coding.code} names fewer than {_MIN_LISTS} lists that agree"


def concepts_of(entry: Named) -> frozenset[Concept]:
    """Return what the codes of medicine of an entry may stand for."""
    if isinstance(entry, Substance):
        return _OF_FOODS
    return frozenset({Concept.DIET if isinstance(entry, Diet) else Concept.CONDITION})
