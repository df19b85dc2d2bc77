"""What was not understood and may still be an allergen: such a match may raise a risk, never clear one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from rapidfuzz import fuzz, process

from backend.services.screening.compounds import Match
from backend.services.screening.lexicon import Lexicon

_MIN_SIMILARITY = 86  # of 100: "hazelnutt", "almnods"; lower figures begin to hit other foods
_MAX_COMPARISONS = 200_000  # of a word with a name: bounds the work that a hostile text can ask for
_MAX_LETTERS = 40  # of a word that is compared: no name is as long
_MIN_FOREIGN = 6  # letters of a name of a language that the label may not be in
_MIN_EDGE = 5  # letters of a name within a word
_MIN_REST = 2  # letters of what is left: one more may be a misprint

_Word = tuple[int, int]
_Found = tuple[tuple[str, ...], "Doubt"]


class Doubt(StrEnum):
    """Why words that were not understood may still stand for something."""

    MISSPELT = "looks like a misspelt word for"
    PART = "is a longer word that was not understood and names"


def doubts(
    text: str,
    words: Iterable[_Word],
    inside: Mapping[_Word, Sequence[Match]],
    lexicon: Lexicon,
    languages: Sequence[str],
) -> Iterator[tuple[_Word, _Found]]:
    """Yield the words that resemble an allergen's, or that begin or end with one, and its codes.

    Args:
        text: The folded label.
        words: Where the words that were not understood start and end.
        inside: The phrases within each of them.
        lexicon: The words to compare them with.
        languages: The languages of the label, as far as they are known.
    """
    spoken = tuple(sorted(languages))
    names = _names(lexicon, spoken)
    left = _MAX_COMPARISONS
    known: dict[str, _Found] = {}
    for word in words:
        letters = text[slice(*word)]
        if letters not in known:
            near = _similar(letters, lexicon, spoken) if left > 0 and len(letters) <= _MAX_LETTERS else ()
            left -= len(names)
            known[letters] = (
                (near, Doubt.MISSPELT)
                if near
                else (_edge_codes(word, inside[word], lexicon, names), Doubt.PART)
            )
        if known[letters][0]:
            yield word, known[letters]


@lru_cache(maxsize=16)
def _names(lexicon: Lexicon, languages: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the names that words of these languages are compared with.

    Where the language is not known, short names are left out: each is near some word of another language.
    """
    names: dict[str, tuple[str, ...]] = {}
    for language in languages or lexicon.languages:
        for name, codes in lexicon.similar[language].items():
            if languages or len(name) >= _MIN_FOREIGN:
                names.setdefault(name, codes)
    return names


# Labels share most of their strange words: names of brands, places and plants.
@lru_cache(maxsize=16_384)
def _similar(word: str, lexicon: Lexicon, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the name that a word is most like stands for."""
    names = _names(lexicon, languages)
    near = process.extractOne(word, names.keys(), scorer=fuzz.ratio, score_cutoff=_MIN_SIMILARITY)
    return names[near[0]] if near else ()


def _edge_codes(
    word: _Word, inside: Sequence[Match], lexicon: Lexicon, names: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return what the longest name at either end of a word stands for: "soybeanand", "Haselnussknurz".

    A longer word of another meaning that begins or ends there hides it: "butternutpie" has no butter.
    """
    longest: dict[str, str] = {}
    for phrase, start, end in inside:
        name = lexicon.phrases[phrase]
        if len(name) < _MIN_EDGE or word[1] - word[0] < len(name) + _MIN_REST or " " in name:
            continue
        for edge, is_there in (("start", start == word[0]), ("end", end == word[1])):
            if is_there and len(name) > len(longest.get(edge, "")):
                longest[edge] = name
    return next(
        (names[name] for name in sorted(longest.values(), key=len, reverse=True) if name in names), ()
    )
