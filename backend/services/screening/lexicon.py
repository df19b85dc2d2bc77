"""The words of labels, in every language at once: reading `backend/data/lexicon`, once."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from backend.schemas.screening import ClauseKind
from backend.services import catalog
from backend.services.catalog import Catalog
from backend.services.screening.files import Compounds, File, LexiconFaultError, read_file
from backend.services.screening.meanings import Joints, Meaning, Part, Role
from backend.services.screening.own_words import own_words, with_own_words
from backend.utils.text import fold

FOLDER = Path(__file__).parents[2] / "data" / "lexicon"
_E_NUMBER = re.compile(r"e(\d{3,4}[a-z]{0,4})")
_ABSENT_ONE = "absent_one"  # the clause of a lexicon that lists words for the absence of one thing
_AFTER = "_after"  # of the name of a kind: its phrases may also stand after what they speak of
_ADDITIVES = ("sulphites", "glutamate", "benzoates", "tartrazine", "annatto", "cochineal", "lactose")
_MIN_SIMILAR_LETTERS = 5  # shorter words have too many neighbours
_MIN_PART_LETTERS = (
    4  # shorter words are found by accident within longer ones: they are listed as stems or not at all
)
_BUILDING = Lock()
_BREAK = "\0"  # stands in no phrase, and folding leaves it
_T = TypeVar("_T")


_ORDER = {role: place for place, role in enumerate(Role)}
_NOT_OPENING = (Role.FREE_SUFFIX, Role.NEGATION)  # listed among the clauses, and open none
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
        phrases: The folded phrases, in the order in which the automaton counts them.
        meanings: For each phrase, its meaning in each language that has it.
        edges: For each phrase: 0 if it is no word by itself, 2 if a digit begins or ends it, else 1.
        weights: For each phrase: how much it tells about the language; nothing if two languages have it.
        parts: For each phrase, what it means within longer words.
        joints: For each language that joins words.
        declared: Codes that some food law requires on labels, kinds included.
        sources: Codes of what an ingredient can be made from: allergens, but no additives.
        nutrients: What the lines of a nutrition table are called, though elsewhere it is a food.
        objects: Names with an object's ending, in languages in which a warning may follow what it names.
        similar: For each language: single words of allergens that a misspelling may be compared with.
        version: First 12 hexadecimal digits of the SHA-256 of the files.
    """

    phrases: tuple[str, ...]
    meanings: tuple[tuple[Meaning, ...], ...]
    edges: bytes
    weights: bytes
    parts: tuple[tuple[Part, ...], ...]
    joints: Mapping[str, Joints]
    automaton: AhoCorasick
    languages: tuple[str, ...]
    declared: frozenset[str]
    sources: frozenset[str]
    nutrients: frozenset[str]
    objects: frozenset[str]
    similar: Mapping[str, Mapping[str, tuple[str, ...]]]
    version: str


@cache
def shipped() -> Lexicon:
    """Return the lexicon that this release ships.

    Raises:
        LexiconFaultError: Its files contradict the catalogue.
    """
    return load(FOLDER, catalog.shipped())


def current() -> Lexicon:
    """Return the lexicon that goes with the current catalogue: with the words of operators' allergens.

    Takes a second after such a word was added: call it off the event loop.
    """
    known = catalog.current()
    if known.own.isdisjoint(known.allergens):
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
    declared = _with_kinds((code for regime in known.regimes.values() for code in regime.declares), known)
    own = own_words(known)
    words: dict[str, tuple[Meaning, ...]] = {}
    parts: dict[str, tuple[Part, ...]] = {}
    similar: dict[str, dict[str, tuple[str, ...]]] = {}
    joints: dict[str, Joints] = {}
    nutrients: set[str] = set()
    objects: set[str] = set()
    for name, text in texts.items():
        file = _read(name, text)
        _check(name, file, known)
        entries = with_own_words(_of_one_language(file), file.language, own)
        _add(words, ((phrase, meaning) for phrase, meaning in entries.items()))
        nutrients.update(fold(word) for word in file.nutrients)
        objects.update(_objects(file, entries))
        similar[file.language] = _similar(entries, declared | known.own)
        if file.compounds:
            _add(parts, _parts(file.language, file.compounds, entries))
            joints[file.language] = _joints(file.compounds)
    phrases = tuple({**words, **parts})
    return Lexicon(
        phrases=phrases,
        meanings=tuple(words.get(phrase, ()) for phrase in phrases),
        edges=bytes(_edge(phrase) if phrase in words else 0 for phrase in phrases),
        weights=bytes(_weight(phrase, words.get(phrase, ())) for phrase in phrases),
        parts=tuple(parts.get(phrase, ()) for phrase in phrases),
        joints=joints,
        # The densest of the implementations: as fast as the others here, in a fraction of the memory.
        automaton=AhoCorasick(phrases, implementation=Implementation.ContiguousNFA),
        languages=tuple(texts),
        declared=declared,
        sources=frozenset(known.allergens) - _with_kinds(_ADDITIVES, known),
        nutrients=frozenset(nutrients),
        objects=frozenset(objects),
        similar=similar,
        version=hashlib.sha256(b"".join(texts.values())).hexdigest()[:12],
    )


def check(name: str, text: bytes, known: Catalog) -> None:
    """Check one language's file; a fault is raised as `load` raises it."""
    _check(name, _read(name, text), known)


def _edge(phrase: str) -> int:
    return 2 if phrase[:1].isdecimal() or phrase[-1:].isdecimal() else 1


def _weight(phrase: str, meanings: Sequence[Meaning]) -> int:
    """Return four for each word; numbers of additives belong to no language."""
    if len(meanings) != 1 or phrase[-1].isdigit():
        return 0
    return min(255, 4 * (phrase.count(" ") + 1))


def _read(name: str, text: bytes) -> File:
    try:
        return read_file(text)
    except LexiconFaultError as error:
        raise LexiconFaultError(f"{name}.yaml: {error}") from error


def _add(whole: dict[str, tuple[_T, ...]], entries: Iterable[tuple[str, _T]]) -> None:
    """Add entries; equal tuples are one object, since most words of one code mean the same."""
    seen: dict[tuple[_T, ...], tuple[_T, ...]] = {}
    for phrase, meaning in entries:
        joined = (*whole.get(phrase, ()), meaning)
        whole[phrase] = seen.setdefault(joined, joined)


def _of_one_language(file: File) -> dict[str, Meaning]:
    listed = list(_entries(file))
    meanings: dict[str, Meaning] = {}
    known: dict[Meaning, Meaning] = {}
    for phrase, (_, meaning) in zip(_fold_all(phrase for phrase, _ in listed), listed, strict=True):
        for spelling in _spellings(phrase):
            joined = _joined(meanings.get(spelling), meaning)
            meanings[spelling] = known.setdefault(joined, joined)
    return meanings


def _fold_all(phrases: Iterable[str]) -> Iterator[str]:
    """Fold many phrases at once, which takes half the time."""
    listed = tuple(phrases)
    return (phrase.strip() for phrase in fold(_BREAK.join(listed)).split(_BREAK)[: len(listed)])


def _entries(file: File) -> Iterator[tuple[str, Meaning]]:
    language = file.language
    for kind, phrases in file.clauses.items():
        clause = _clause(language, kind)
        yield from ((phrase, clause) for phrase in phrases)
    for code, phrases in file.terms.items():
        term = Meaning(language, Role.TERM, codes=(code,))
        yield from ((phrase, term) for phrase in phrases)
    for group in file.maybe:
        maybe = Meaning(language, Role.MAYBE, codes=group.could_be, compound=group.compound)
        yield from ((phrase, maybe) for phrase in group.words)
    for role, phrases in ((Role.TRAP, file.traps), (Role.PLAIN, file.plain), (Role.FILLER, file.filler)):
        silent = Meaning(language, role)
        yield from ((phrase, silent) for phrase in phrases)


def _clause(language: str, kind: str) -> Meaning:
    if kind in _NOT_OPENING:
        return Meaning(language, Role(kind))
    if kind.endswith(_AFTER):
        return Meaning(language, Role.CLAUSE, opens=ClauseKind(kind.removesuffix(_AFTER)), after=True)
    if kind == _ABSENT_ONE:
        return Meaning(language, Role.CLAUSE, opens=ClauseKind.FREE_FROM, single=True)
    return Meaning(language, Role.CLAUSE, opens=ClauseKind(kind))


def _joined(before: Meaning | None, meaning: Meaning) -> Meaning:
    """Keep the role that comes first; a phrase of two substances is both of them."""
    if before is None:
        return meaning
    if before.role is meaning.role:
        return replace(before, codes=tuple(dict.fromkeys((*before.codes, *meaning.codes))))
    return before if _ORDER[before.role] < _ORDER[meaning.role] else meaning


def _spellings(phrase: str) -> Iterator[str]:
    yield phrase
    if number := _E_NUMBER.fullmatch(phrase):
        yield f"e {number[1]}"
        yield f"ins {number[1]}"  # Codex CXG 36-1989: the same numbers without the E


def _parts(language: str, compounds: Compounds, entries: Mapping[str, Meaning]) -> Iterator[tuple[str, Part]]:
    """Yield what longer words are made of: the stems that the file lists, and its own longer words."""
    neutral = Meaning(language, Role.PLAIN)
    stems = dict.fromkeys(compounds.neutral, neutral)
    for code, bound in compounds.stems.items():
        for stem in bound:
            stems[stem] = _joined(stems.get(stem), Meaning(language, Role.TERM, codes=(code,)))
    bound_forms: set[str] = set()
    for (stem, meaning), phrase in zip(stems.items(), _fold_all(stems), strict=True):
        bound_forms.add(phrase)
        yield phrase, Part(meaning, begins=not stem.startswith("-"), ends=not stem.endswith("-"))
    shared = {meaning: Part(meaning) for meaning in entries.values() if meaning.role in _JOINABLE}
    for phrase, meaning in entries.items():
        is_long = len(phrase) >= _MIN_PART_LETTERS or meaning.role is Role.FREE_SUFFIX
        if is_long and meaning in shared and phrase not in bound_forms and phrase.isalpha():
            yield phrase, shared[meaning]


def _joints(compounds: Compounds) -> Joints:
    def folded(letters: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(fold(letter) for letter in letters))

    return Joints(folded(compounds.links), folded(compounds.endings))


def _check(name: str, file: File, known: Catalog) -> None:
    stems = file.compounds.stems if file.compounds else {}
    codes = {*file.terms, *stems, *(code for group in file.maybe for code in group.could_be)}
    if unknown := codes - known.substances.keys():
        raise LexiconFaultError(f"{name}.yaml has unknown codes {sorted(unknown)}")
    kinds = {*ClauseKind, *(f"{kind}{_AFTER}" for kind in ClauseKind)}
    if unknown := file.clauses.keys() - {*kinds, *_NOT_OPENING, _ABSENT_ONE}:
        raise LexiconFaultError(f"{name}.yaml has unknown clauses {sorted(unknown)}")


def _with_kinds(codes: Iterable[str], known: Catalog) -> frozenset[str]:
    return frozenset(kind for code in codes for kind in known.descendants(code))


def _objects(file: File, entries: Mapping[str, Meaning]) -> Iterator[str]:
    """Yield the names that are another name and an ending, with a vowel between: "tej", "tejet"."""
    for ending in (fold(listed) for listed in file.object_endings):
        for phrase, meaning in entries.items():
            stem = phrase.removesuffix(ending)
            if meaning.role is Role.TERM and stem != phrase and (stem in entries or stem[:-1] in entries):
                yield phrase


def _similar(entries: Mapping[str, Meaning], wanted: frozenset[str]) -> dict[str, tuple[str, ...]]:
    return {
        phrase: codes
        for phrase, meaning in entries.items()
        if meaning.role is Role.TERM and len(phrase) >= _MIN_SIMILAR_LETTERS and phrase.isalpha()
        if (codes := tuple(code for code in meaning.codes if code in wanted))
    }
