"""Names of allergens that were mistyped or misread: by one letter, or by letters that look alike in print."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from rapidfuzz.distance import OSA

from backend.services.screening.lexicon import Lexicon

MIN_SHAPE = 4  # letters of a name of which all others look like those of a word: "rnilk"
_MIN_EDIT = (
    5  # letters of a name that one other letter may spoil: shorter ones are one letter from other words
)
_MIN_FREE = 6  # letters of one that this may happen to at its edges too
_MIN_FOREIGN = 6  # letters of a name of a language that the label may not be in
_MAX_LETTERS = 40  # of a word that is compared: no name is as long
_PAIRS = re.compile(r"rn|vv|cl|ii")
_PAIR = {"rn": "m", "vv": "w", "cl": "d", "ii": "u"}
_SHAPES = str.maketrans("10l5v9qhc3", "ioisuggbee")  # each letter by one that it is misread for
_Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Index:
    """Names by what is left of them without one letter, and by the shape of their letters."""

    codes: Mapping[str, Mapping[str, tuple[str, ...]]]
    shortened: _Names
    shapes: _Names


def misread(word: str, lexicon: Lexicon, languages: Sequence[str]) -> tuple[str, ...]:
    """Return what the name stands for that a word is one letter from, or that it looks like in print.

    The time depends on the letters of the word alone, and nothing is kept of it.

    Args:
        word: A folded word that was not understood.
        lexicon: The names to compare it with.
        languages: The languages of the label; where they are not known, only longer names are compared.
    """
    if not MIN_SHAPE <= len(word) <= _MAX_LETTERS:
        return ()
    index = _index(lexicon)
    close = [index.shortened.get(key, ()) for key in _shortened(word)]
    near = (name for names in close if names for name in names if _is_near(word, name))
    for name in chain(index.shapes.get(_shape(word), ()), near):
        if codes := _codes(name, index, languages):
            return codes
    return ()


def _is_near(word: str, name: str) -> bool:
    """Whether one letter is another, missing, too many, or exchanged with the next."""
    is_alike = len(name) >= _MIN_FREE or (name[0] == word[0] and name[-1] == word[-1])
    return (is_alike or name.startswith(word)) and OSA.distance(word, name, score_cutoff=1) <= 1


def codes_of(name: str, lexicon: Lexicon, languages: Sequence[str]) -> tuple[str, ...]:
    """Return what a name of an allergen stands for in some languages, or nothing if it is none there."""
    index = _index(lexicon)
    return _codes(name, index, languages) if name in index.codes else ()


def _codes(name: str, index: _Index, languages: Sequence[str]) -> tuple[str, ...]:
    known = index.codes[name]
    for language in languages:
        if language in known:
            return known[language]
    return () if languages or len(name) < _MIN_FOREIGN else next(iter(known.values()))


def _shape(word: str) -> str:
    return _PAIRS.sub(lambda pair: _PAIR[pair[0]], word).translate(_SHAPES)


def _shortened(word: str) -> list[str]:
    return [word, *[word[:place] + word[place + 1 :] for place in range(len(word))]]


@lru_cache(maxsize=2)
def _index(lexicon: Lexicon) -> _Index:
    codes: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    shortened: dict[str, list[str]] = defaultdict(list)
    shapes: dict[str, list[str]] = defaultdict(list)
    for language, names in lexicon.similar.items():
        for name, meant in names.items():
            codes[name][language] = meant
    for name in codes:
        shapes[_shape(name)].append(name)
        for key in set(_shortened(name)) if len(name) >= _MIN_EDIT else ():
            shortened[key].append(name)
    return _Index(
        codes, *({key: tuple(found) for key, found in part.items()} for part in (shortened, shapes))
    )
