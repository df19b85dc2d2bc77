"""The words of labels, in every language at once: reading `backend/data/lexicon`, once."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from ahocorasick_rs import AhoCorasick
from pydantic import BaseModel, ConfigDict

from backend.schemas.screening import ClauseKind
from backend.services import catalog
from backend.services.catalog import Catalog
from backend.utils.text import fold

FOLDER = Path(__file__).parents[2] / "data" / "lexicon"
_E_NUMBER = re.compile(r"e(\d{3,4}[a-z]{0,4})")
_ABSENT_ONE = "absent_one"  # the clause of a lexicon that lists words for the absence of one thing
_ADDITIVES = ("sulphites", "glutamate", "benzoates", "tartrazine", "annatto", "cochineal", "lactose")
_MIN_SIMILAR_LETTERS = 5  # shorter words have too many neighbours
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LexiconFaultError(Exception):
    """A lexicon speaks of something that the catalogue does not know; the message says where."""


class Role(StrEnum):
    """What a phrase does in a label. Where one language uses a phrase twice, the first role wins."""

    CLAUSE = "clause"  # opens a clause
    FREE_SUFFIX = "free_suffix"  # says that what precedes it is absent
    NEGATION = "negation"  # turns an absence that follows into a warning: "not free from"
    TERM = "term"  # is a substance, or made from it
    MAYBE = "maybe"  # has a source that the label does not tell
    TRAP = "trap"  # looks like an allergen and is none
    PLAIN = "plain"  # is of no concern
    FILLER = "filler"  # means nothing by itself


_NOT_OPENING = (Role.FREE_SUFFIX, Role.NEGATION)  # listed among the clauses, and open none


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase means in one language.

    Attributes:
        codes: For terms what it is, for `maybe` what it could be: codes of the catalogue.
        opens: The kind of clause that it opens.
        single: Whether the clause speaks of one thing alone: "no added".
        compound: Whether it is made of several things, so that naming one does not tell the others.
        words: How many words the phrase has.
    """

    language: str
    role: Role
    codes: tuple[str, ...] = ()
    opens: ClauseKind | None = None
    single: bool = False
    compound: bool = False
    words: int = 1


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every phrase of every language.

    Attributes:
        phrases: The folded phrases, in the order in which the automaton counts them.
        meanings: For each phrase, its meaning in each language that has it.
        declared: Codes that some food law requires on labels, kinds included.
        sources: Codes of what an ingredient can be made from: allergens, but no additives.
        similar: Single words of allergens that a misspelling may be compared with, and their codes.
        version: First 12 hexadecimal digits of the SHA-256 of the files.
    """

    phrases: tuple[str, ...]
    meanings: tuple[tuple[Meaning, ...], ...]
    automaton: AhoCorasick
    languages: tuple[str, ...]
    declared: frozenset[str]
    sources: frozenset[str]
    similar: Mapping[str, tuple[str, ...]]
    version: str


class _Maybe(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...]
    could_be: tuple[str, ...]
    compound: bool = False


class _File(BaseModel):
    """One language's file; its header says what the members mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    terms: dict[str, tuple[str, ...]]
    traps: tuple[str, ...] = ()
    maybe: tuple[_Maybe, ...] = ()
    plain: tuple[str, ...] = ()
    clauses: dict[str, tuple[str, ...]]
    filler: tuple[str, ...] = ()


@cache
def shipped() -> Lexicon:
    """Return the lexicon that this release ships.

    Raises:
        LexiconFaultError: Its files contradict the catalogue.
    """
    return load(FOLDER, catalog.shipped())


def load(folder: Path, known: Catalog) -> Lexicon:
    """Read every language of a folder.

    Raises:
        LexiconFaultError: A code is not in the catalogue.
    """
    texts = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    found: dict[str, dict[str, Meaning]] = {}
    for name, text in texts.items():
        # The loader builds plain values alone: it is PyYAML's safe one, written in C where that was built.
        file = _File.model_validate(yaml.load(text, Loader=_Loader))  # noqa: S506
        _check(name, file, known)
        for phrase, meaning in _entries(file):
            for spelling in _spellings(fold(phrase)):
                languages = found.setdefault(spelling, {})
                languages[file.language] = _joined(languages.get(file.language), meaning, spelling)
    phrases = tuple(found)
    declared = _with_kinds((code for regime in known.regimes.values() for code in regime.declares), known)
    return Lexicon(
        phrases=phrases,
        meanings=tuple(tuple(languages.values()) for languages in found.values()),
        automaton=AhoCorasick(phrases),
        languages=tuple(texts),
        declared=declared,
        sources=frozenset(known.allergens) - _with_kinds(_ADDITIVES, known),
        similar=_similar(found, declared),
        version=hashlib.sha256(b"".join(texts.values())).hexdigest()[:12],
    )


def _entries(file: _File) -> Iterator[tuple[str, Meaning]]:
    language = file.language
    for kind, phrases in file.clauses.items():
        clause = _clause(language, kind)
        yield from ((phrase, clause) for phrase in phrases)
    for code, phrases in file.terms.items():
        yield from ((phrase, Meaning(language, Role.TERM, codes=(code,))) for phrase in phrases)
    for group in file.maybe:
        meaning = Meaning(language, Role.MAYBE, codes=group.could_be, compound=group.compound)
        yield from ((phrase, meaning) for phrase in group.words)
    for role, phrases in ((Role.TRAP, file.traps), (Role.PLAIN, file.plain), (Role.FILLER, file.filler)):
        yield from ((phrase, Meaning(language, role)) for phrase in phrases)


def _clause(language: str, kind: str) -> Meaning:
    if kind in _NOT_OPENING:
        return Meaning(language, Role(kind))
    if kind == _ABSENT_ONE:
        return Meaning(language, Role.CLAUSE, opens=ClauseKind.FREE_FROM, single=True)
    return Meaning(language, Role.CLAUSE, opens=ClauseKind(kind))


def _joined(before: Meaning | None, meaning: Meaning, phrase: str) -> Meaning:
    """Keep the role that comes first; a phrase of two substances is both of them."""
    words = phrase.count(" ") + 1
    if before is None:
        return replace(meaning, words=words)
    if before.role is meaning.role:
        return replace(before, codes=tuple(dict.fromkeys((*before.codes, *meaning.codes))))
    order = list(Role)
    return before if order.index(before.role) < order.index(meaning.role) else replace(meaning, words=words)


def _spellings(phrase: str) -> Iterator[str]:
    yield phrase
    if number := _E_NUMBER.fullmatch(phrase):
        yield f"e {number[1]}"
        yield f"ins {number[1]}"  # Codex CXG 36-1989: the same numbers without the E


def _check(name: str, file: _File, known: Catalog) -> None:
    codes = {*file.terms, *(code for group in file.maybe for code in group.could_be)}
    if unknown := codes - known.substances.keys():
        raise LexiconFaultError(f"{name}.yaml has unknown codes {sorted(unknown)}")
    if unknown := file.clauses.keys() - {*ClauseKind, *_NOT_OPENING, _ABSENT_ONE}:
        raise LexiconFaultError(f"{name}.yaml has unknown clauses {sorted(unknown)}")


def _with_kinds(codes: Iterable[str], known: Catalog) -> frozenset[str]:
    return frozenset(kind for code in codes for kind in known.descendants(code))


def _similar(
    found: Mapping[str, Mapping[str, Meaning]], wanted: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    return {
        phrase: tuple(dict.fromkeys(codes))
        for phrase, languages in found.items()
        if len(phrase) >= _MIN_SIMILAR_LETTERS
        and phrase.isalpha()
        and (codes := tuple(_term_codes(languages.values(), wanted)))
    }


def _term_codes(meanings: Iterable[Meaning], wanted: frozenset[str]) -> Iterator[str]:
    for meaning in meanings:
        if meaning.role is Role.TERM:
            yield from (code for code in meaning.codes if code in wanted)
