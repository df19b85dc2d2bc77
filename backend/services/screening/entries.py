"""From one language's file to what each of its phrases means."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from backend.schemas.screening import ClauseKind
from backend.services.screening.files import File, Maybe, Source
from backend.services.screening.meanings import Meaning, Role
from backend.utils.text import fold

_E_NUMBER = re.compile(r"e(\d{3,4}[a-z]{0,4})")
ABSENT_ONE = "absent_one"  # the clause of a lexicon that lists words for the absence of one thing
AFTER = "_after"  # of the name of a kind: its phrases may also stand after what they speak of
_BREAK = "\0"  # stands in no phrase, and folding leaves it
_ORDER = {role: place for place, role in enumerate(Role)}
NOT_OPENING = (Role.FREE_SUFFIX, Role.NEGATION)  # listed among the clauses, and open none


def meanings_of(file: File, sources: Mapping[str, Source]) -> dict[str, Meaning]:
    """Return what each phrase of a file means; where it has several roles, the first one."""
    listed = list(_entries(file, sources))
    meanings: dict[str, Meaning] = {}
    known: dict[Meaning, Meaning] = {}
    for phrase, (_, meaning) in zip(fold_all(phrase for phrase, _ in listed), listed, strict=True):
        for spelling in _spellings(phrase) if phrase.startswith("e") else (phrase,):
            before = meanings.get(spelling)
            if before is None or before is meaning:
                meanings[spelling] = meaning  # of all words of one code it is one object: no need to compare
            else:
                joined = join(before, meaning)
                meanings[spelling] = known.setdefault(joined, joined)
    for phrase in fold_all(file.recipes):
        meanings[phrase] = replace(meanings[phrase], compound=True)
    return meanings


def fold_all(phrases: Iterable[str]) -> Iterator[str]:
    """Fold many phrases at once, which takes half the time."""
    listed = tuple(phrases)
    return (phrase.strip() for phrase in fold(_BREAK.join(listed)).split(_BREAK)[: len(listed)])


def _entries(file: File, sources: Mapping[str, Source]) -> Iterator[tuple[str, Meaning]]:
    language = file.language
    for kind, phrases in file.clauses.items():
        clause = _clause(language, kind)
        yield from ((phrase, clause) for phrase in phrases)
    for code, phrases in file.terms.items():
        term = Meaning(language, Role.TERM, codes=(code,))
        yield from ((phrase, term) for phrase in phrases)
    for group in file.maybe:
        maybe = _maybe(language, group, sources)
        yield from ((phrase, maybe) for phrase in group.words)
    joint = Meaning(language, Role.FILLER, joins=True)
    yield from ((phrase, joint) for phrase in file.joining)
    for role, phrases in ((Role.TRAP, file.traps), (Role.PLAIN, file.plain), (Role.FILLER, file.filler)):
        silent = Meaning(language, role)
        yield from ((phrase, silent) for phrase in phrases)


def _maybe(language: str, group: Maybe, sources: Mapping[str, Source]) -> Meaning:
    if group.source is None:
        return Meaning(language, Role.MAYBE, codes=group.could_be, compound=group.compound)
    source = sources[group.source]
    exempt = frozenset((law, code) for law, codes in source.exempt.items() for code in codes)
    return Meaning(language, Role.MAYBE, codes=source.could_be, compound=group.compound, exempt=exempt)


def _clause(language: str, kind: str) -> Meaning:
    if kind in NOT_OPENING:
        return Meaning(language, Role(kind))
    if kind.endswith(AFTER):
        return Meaning(language, Role.CLAUSE, opens=ClauseKind(kind.removesuffix(AFTER)), after=True)
    if kind == ABSENT_ONE:
        return Meaning(language, Role.CLAUSE, opens=ClauseKind.FREE_FROM, single=True)
    return Meaning(language, Role.CLAUSE, opens=ClauseKind(kind))


def join(before: Meaning | None, meaning: Meaning) -> Meaning:
    """Keep the role that comes first; a phrase of two substances is both of them."""
    if before is None:
        return meaning
    if before.role is meaning.role:
        codes = tuple(dict.fromkeys((*before.codes, *meaning.codes)))
        return replace(before, codes=codes, exempt=before.exempt | meaning.exempt)
    return before if _ORDER[before.role] < _ORDER[meaning.role] else meaning


def _spellings(phrase: str) -> Iterator[str]:
    yield phrase
    if number := _E_NUMBER.fullmatch(phrase):
        yield f"e {number[1]}"
        for system in ("ins", "sin"):  # Codex CXG 36-1989 in English and Spanish: the same numbers without E
            yield f"{system} {number[1]}"
            yield f"{system}{number[1]}"
