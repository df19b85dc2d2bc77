"""The words of operators' allergens: their names and synonyms, looked for like those of the lexicons."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from backend.services.catalog import Catalog
from backend.services.screening.meanings import Meaning, Role
from backend.utils.text import fold

OwnWords: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""For each language, each folded name with the codes that have it."""

_SUBSTANCES = {Role.TERM, Role.MAYBE}
_SILENT = {Role.TRAP, Role.PLAIN, Role.FILLER}


def own_words(known: Catalog) -> OwnWords:
    """Return what operators' allergens are called."""
    words: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for entry in known.allergens.values():
        if entry.code not in known.own:
            continue
        listed = [(language, name) for language, name in entry.names.items()]
        listed += [(language, name) for language, group in entry.synonyms.items() for name in group]
        for language, name in listed:
            group = words[language]
            group[fold(name)] = tuple(dict.fromkeys((*group.get(fold(name), ()), entry.code)))
    return words


def with_own_words(meanings: Mapping[str, Meaning], language: str, own: OwnWords) -> dict[str, Meaning]:
    """Return one language's phrases with operators' words.

    They only ever add something to avoid: what a phrase meant before it still means. A longer phrase that
    holds such a word ("teff flour" and "teff") would hide it, so it means that too. What opens a clause or
    denies something stays as it is.
    """
    wanted = own.get(language, {})
    if not wanted:
        return dict(meanings)
    longest = max(name.count(" ") + 1 for name in wanted)
    changed = dict(meanings)
    for phrase, meaning in meanings.items():
        codes = tuple(code for part in _stretches(phrase, longest) for code in wanted.get(part, ()))
        if codes:
            changed[phrase] = _added(meaning, codes)
    for name, codes in wanted.items():
        changed.setdefault(name, Meaning(language, Role.TERM, codes=codes))
    return changed


def languages_of(code: str, known: Catalog) -> frozenset[str]:
    """Return the languages in which an operator's allergen has a name."""
    entry = known.allergens[code]
    return frozenset((*entry.names, *(language for language, names in entry.synonyms.items() if names)))


def _added(meaning: Meaning, codes: tuple[str, ...]) -> Meaning:
    if meaning.role in _SUBSTANCES:
        return replace(meaning, codes=tuple(dict.fromkeys((*meaning.codes, *codes))))
    if meaning.role in _SILENT:
        return Meaning(meaning.language, Role.TERM, codes=codes)
    return meaning


def _stretches(phrase: str, longest: int) -> Iterator[str]:
    """Yield every run of whole words of a phrase, up to a number of words."""
    words = phrase.split(" ")
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + longest) + 1):
            yield " ".join(words[start:end])
