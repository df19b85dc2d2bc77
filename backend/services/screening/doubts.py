"""What was not understood and may still be an allergen: such a match may raise a risk, never clear one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from rapidfuzz import fuzz, process

from backend.services.screening.compounds import Match
from backend.services.screening.lexicon import Lexicon

_MIN_SIMILARITY = 86  # of 100: "hazelnutt", "almnods"; lower figures begin to hit other foods
_MAX_COMPARISONS = 200_000  # of a word with a name: bounds the work that a hostile text can ask for
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
        languages: The languages of the label.
    """
    names = _names(lexicon, languages)
    left = _MAX_COMPARISONS
    known: dict[str, _Found] = {}
    for word in words:
        letters = text[slice(*word)]
        if letters not in known:
            near = left > 0 and process.extractOne(
                letters, names.keys(), scorer=fuzz.ratio, score_cutoff=_MIN_SIMILARITY
            )
            left -= len(names)
            if near:
                known[letters] = names[near[0]], Doubt.MISSPELT
            else:
                known[letters] = _edge_codes(word, inside[word], lexicon, names), Doubt.PART
        if known[letters][0]:
            yield word, known[letters]


def _names(lexicon: Lexicon, languages: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    if len(languages) == 1:
        return lexicon.similar[languages[0]]
    names: dict[str, tuple[str, ...]] = {}
    for language in languages:
        for name, codes in lexicon.similar[language].items():
            names.setdefault(name, codes)
    return names


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
