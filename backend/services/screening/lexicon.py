"""The words of labels, in every language at once: reading `backend/data/lexicon`, once."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import filterfalse
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from backend.schemas.screening import ClauseKind
from backend.services import catalog
from backend.services.catalog import Catalog
from backend.services.screening.entries import ABSENT_ONE, AFTER, NOT_OPENING, fold_all, join, meanings_of
from backend.services.screening.files import (
    Compounds,
    File,
    LexiconFaultError,
    Source,
    read_file,
    read_sources,
)
from backend.services.screening.listing import claiming_words
from backend.services.screening.meanings import Joints, Meaning, Part, Role
from backend.services.screening.names import objects_of, similar_of
from backend.services.screening.own_words import own_words, with_own_words
from backend.services.screening.tokens import BY_MARK, BY_WORD, WORD, apart, beginnings_of
from backend.utils.collecting import uncollected
from backend.utils.text import fold

FOLDER = Path(__file__).parents[2] / "data" / "lexicon"
SOURCES = FOLDER.parent / "sources.yaml"
_ADDITIVES = ("sulphites", "glutamate", "benzoates", "tartrazine", "annatto", "cochineal", "lactose")
MIN_FOREIGN_LETTERS = 5  # of a word that means the same in whatever language the label is
_MIN_PART_LETTERS = (
    4  # shorter words are found by accident within longer ones: they are listed as stems or not at all
)
_BUILDING = Lock()
_T = TypeVar("_T")


_FREE_SUFFIX: Final = Role.FREE_SUFFIX
_JOINABLE = {
    Role.FREE_SUFFIX,
    Role.TERM,
    Role.MAYBE,
    Role.TRAP,
    Role.PLAIN,
}  # words that longer ones are made of


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Every phrase of every language.

    Attributes:
        phrases: The folded phrases: first those that are one word.
        beginnings: The number of each phrase that stands by itself, and `NO_PHRASE` for what begins one.
        goes_on: For each phrase: how longer ones go on that begin with it; last, for `NO_PHRASE`: in any way.
        words_apart: Splits a text at what may begin a phrase.
        word_counts: For each phrase: how many words it has.
        alone, tongues: For each phrase: its one meaning, if it has that everywhere; the language it tells.
        meanings: For each phrase, its meaning in each language that has it.
        numeric: For each phrase: whether a digit begins or ends it.
        weights: For each phrase: how much it tells about the language; nothing if two languages have it.
        parts: For each phrase, what it means within longer words.
        automaton: Finds those that are one word within longer words.
        joints: For each language that joins words.
        declared: Codes that some food law requires on labels, kinds included.
        sources: Codes of what an ingredient can be made from: allergens, but no additives.
        nutrients: What the lines of a nutrition table are called, though elsewhere it is a food.
        allergy: How words begin that speak of somebody's allergy.
        claims: Words that make a phrase a claim, which names nothing that is in a food.
        objects: Names with an object's ending, in languages in which a warning may follow what it names.
        similar: For each language: single words of allergens that a misspelling may be compared with.
        version: First 12 hexadecimal digits of the SHA-256 of the files.
    """

    phrases: tuple[str, ...]
    beginnings: Mapping[str, int]
    goes_on: bytes
    words_apart: re.Pattern[str]
    word_counts: bytes
    alone: tuple[Meaning | None, ...]
    tongues: tuple[str, ...]
    meanings: tuple[tuple[Meaning, ...], ...]
    numeric: bytes
    weights: bytes
    parts: tuple[tuple[Part, ...], ...]
    joints: Mapping[str, Joints]
    automaton: AhoCorasick
    languages: tuple[str, ...]
    declared: frozenset[str]
    sources: frozenset[str]
    nutrients: frozenset[str]
    allergy: re.Pattern[str]
    claims: frozenset[str]
    objects: frozenset[str]
    similar: Mapping[str, Mapping[str, tuple[str, ...]]]
    version: str


@cache
def shipped() -> Lexicon:
    """Return the lexicon that this release ships.

    Raises:
        LexiconFaultError: Its files contradict the catalogue.
    """
    # To look it through for garbage would hold everybody up for 0.3 s, again and again.
    with uncollected(among_others=True):
        return load(FOLDER, catalog.shipped())


def fitting(known: Catalog) -> Lexicon:
    """Return the lexicon that goes with a catalogue: with the words of operators' allergens.

    Takes a second after such a word was added: call it off the event loop.
    """
    if known.allergens.keys().isdisjoint(known.own):
        return shipped()
    with _BUILDING:  # by one thread: the others need it too
        return _with_own(known)


@lru_cache(maxsize=2)
def _with_own(known: Catalog) -> Lexicon:
    return load(FOLDER, known)


def load(folder: Path, known: Catalog) -> Lexicon:
    """Read every language of a folder.

    Raises:
        LexiconFaultError: A code is not in the catalogue, or a member stands twice in its mapping.
    """
    texts = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    sources = _sources(known)
    declared = _with_kinds((code for regime in known.regimes.values() for code in regime.declares), known)
    own = own_words(known)
    words: dict[str, tuple[Meaning, ...]] = {}
    parts: dict[str, tuple[Part, ...]] = {}
    similar: dict[str, dict[str, tuple[str, ...]]] = {}
    joints: dict[str, Joints] = {}
    nutrients: set[str] = set()
    stems: set[str] = set()
    claims: set[str] = set()
    objects: set[str] = set()
    for name, text in texts.items():
        file = _read(name, text)
        _check(name, file, known, sources)
        entries = with_own_words(meanings_of(file, sources), file.language, own)
        _add(words, ((phrase, meaning) for phrase, meaning in entries.items()))
        nutrients.update(fold(word) for word in file.nutrients)
        stems.update(fold(stem) for stem in file.allergy_stems)
        claims.update(claiming_words(file, known))
        objects.update(objects_of(file, entries))
        similar[file.language] = similar_of(entries, declared | known.own)
        if file.compounds:
            _add(parts, _parts(file.language, file.compounds, entries))
            joints[file.language] = _joints(file.compounds)
    single = tuple(filter(str.isalpha, {**words, **parts}))
    phrases = (*single, *filterfalse(str.isalpha, {**words, **parts}))
    meanings = tuple(words.get(phrase, ()) for phrase in phrases)
    weights = bytes(map(_weight, phrases, meanings))
    beginnings, begun = beginnings_of(
        (phrase, number) for number, phrase in enumerate(phrases) if phrase in words
    )
    return Lexicon(
        phrases=phrases,
        beginnings=beginnings,
        goes_on=bytes((*(begun.get(number, 0) for number in range(len(phrases))), BY_WORD | BY_MARK)),
        words_apart=apart(beginnings),
        word_counts=bytes(map(len, map(WORD.findall, phrases))),
        alone=tuple(map(_alone, phrases, meanings)),
        tongues=tuple(
            found[0].language if weight else "" for found, weight in zip(meanings, weights, strict=True)
        ),
        meanings=meanings,
        numeric=bytes(phrase[:1].isdecimal() or phrase[-1:].isdecimal() for phrase in phrases),
        weights=weights,
        parts=tuple(parts.get(phrase, ()) for phrase in phrases),
        joints=joints,
        # The densest of the implementations: as fast as the others here, in a fraction of the memory.
        automaton=AhoCorasick(single, implementation=Implementation.ContiguousNFA),
        languages=tuple(texts),
        declared=declared,
        sources=frozenset(known.allergens) - _with_kinds(_ADDITIVES, known),
        nutrients=frozenset(nutrients),
        allergy=re.compile("|".join(map(re.escape, sorted(stems))) or "(?!)"),
        claims=frozenset(claims),
        objects=frozenset(objects),
        similar=similar,
        version=hashlib.sha256(b"".join((SOURCES.read_bytes(), *texts.values()))).hexdigest()[:12],
    )


def check(name: str, text: bytes, known: Catalog) -> None:
    """Check one language's file; a fault is raised as `load` raises it."""
    _check(name, _read(name, text), known, _sources(known))


def _weight(phrase: str, meanings: Sequence[Meaning]) -> int:
    """Return four for each word; numbers of additives belong to no language."""
    if len(meanings) != 1 or phrase[-1].isdigit():
        return 0
    return min(255, 4 * (phrase.count(" ") + 1))


def _alone(phrase: str, meanings: Sequence[Meaning]) -> Meaning | None:
    is_short = len(phrase) < MIN_FOREIGN_LETTERS and phrase.isalpha()
    return meanings[0] if len(meanings) == 1 and not is_short else None


def _read(name: str, text: bytes) -> File:
    try:
        return read_file(text)
    except LexiconFaultError as error:
        raise LexiconFaultError(f"{name}.yaml: {error}") from error


def _add(whole: dict[str, tuple[_T, ...]], entries: Iterable[tuple[str, _T]]) -> None:
    """Add entries; tuples of the same are one object, since most words of one code mean the same."""
    seen: dict[tuple[int, int], tuple[tuple[_T, ...], tuple[_T, ...]]] = {}
    for phrase, meaning in entries:
        before = whole.get(phrase, ())
        # What the entries of a language mean are few objects: hashes take longer. Both live on in `seen`, so
        # that no other object is given the number of one of them.
        key = (id(before), id(meaning))
        found = seen.get(key)
        if found is None:
            seen[key] = found = (before, (*before, meaning))
        whole[phrase] = found[1]


def _sources(known: Catalog) -> dict[str, Source]:
    sources = read_sources(SOURCES.read_bytes())
    for name, source in sources.items():
        hidden = {code for codes in source.exempt.values() for code in codes}
        if unknown := (set(source.could_be) - known.substances.keys()) | (hidden - set(source.could_be)):
            raise LexiconFaultError(f"{name} has unknown codes {sorted(unknown)}")
        if unknown := source.exempt.keys() - known.regimes.keys():
            raise LexiconFaultError(f"{name} is exempt under unknown laws {sorted(unknown)}")
    return sources


def _parts(language: str, compounds: Compounds, entries: Mapping[str, Meaning]) -> Iterator[tuple[str, Part]]:
    """Yield what longer words are made of: the stems that the file lists, and its own longer words."""
    neutral = Meaning(language, Role.PLAIN)
    stems = dict.fromkeys(compounds.neutral, neutral)
    for code, bound in compounds.stems.items():
        for stem in bound:
            stems[stem] = join(stems.get(stem), Meaning(language, Role.TERM, codes=(code,)))
    bound_forms: set[str] = set()
    for (stem, meaning), phrase in zip(stems.items(), fold_all(stems), strict=True):
        bound_forms.add(phrase)
        yield phrase, Part(meaning, begins=not stem.startswith("-"), ends=not stem.endswith("-"))
    shared = {id(meaning): meaning for meaning in entries.values()}
    parts = {key: Part(meaning) for key, meaning in shared.items() if meaning.role in _JOINABLE}
    for phrase, meaning in entries.items():
        part = parts.get(id(meaning))
        is_long = len(phrase) >= _MIN_PART_LETTERS or meaning.role is _FREE_SUFFIX
        if part and is_long and phrase not in bound_forms and phrase.isalpha():
            yield phrase, part


def _joints(compounds: Compounds) -> Joints:
    def folded(letters: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(fold(letter) for letter in letters))

    return Joints(folded(compounds.links), folded(compounds.endings))


def _check(name: str, file: File, known: Catalog, sources: Mapping[str, Source]) -> None:
    stems = file.compounds.stems if file.compounds else {}
    codes = {*file.terms, *stems, *(code for group in file.maybe for code in group.could_be)}
    if unknown := codes - known.substances.keys():
        raise LexiconFaultError(f"{name}.yaml has unknown codes {sorted(unknown)}")
    if unknown := {group.source for group in file.maybe if group.source} - sources.keys():
        raise LexiconFaultError(f"{name}.yaml has unknown sources {sorted(unknown)}")
    kinds = {*ClauseKind, *(f"{kind}{AFTER}" for kind in ClauseKind)}
    if unknown := file.clauses.keys() - {*kinds, *NOT_OPENING, ABSENT_ONE}:
        raise LexiconFaultError(f"{name}.yaml has unknown clauses {sorted(unknown)}")


def _with_kinds(codes: Iterable[str], known: Catalog) -> frozenset[str]:
    return frozenset(kind for code in codes for kind in known.descendants(code))
