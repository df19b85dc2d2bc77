"""Comparing words as people do: without case, accents and spacing."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_SPACES = re.compile(r"[\s\u2010-\u2015_-]+")
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "\u2019": "'"})
_DROPPED = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # soft hyphen and zero-width characters: invisible in print


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and where each of its characters stood in the original.

    Attributes:
        text: As `fold` gives it, but not stripped.
        starts: For each character: the offset of the original one, in code points.
        ends: For each character: the offset after the original one and the marks that it carries.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def primary_language(tag: str) -> str:
    """Return the primary subtag of a BCP 47 language tag: `fr` of `fr-CA`."""
    return tag.partition("-")[0].lower()


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal.

    Compatibility forms, case, accents, invisible characters, hyphens and runs of white space do not count.
    Idempotent.
    """
    letters = "".join(_fold_character(character) for character in text)
    return _SPACES.sub(" ", letters).strip()


def fold_mapped(text: str) -> Folded:
    """Fold a text and remember where every character came from."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for offset, character in enumerate(text):
        folded = _fold_spaced(character)
        if not folded and ends:
            ends[-1] = offset + 1
        for letter in folded:
            if letter == " " and letters and letters[-1] == " ":
                ends[-1] = offset + 1
                continue
            letters.append(letter)
            starts.append(offset)
            ends.append(offset + 1)
    return Folded("".join(letters), tuple(starts), tuple(ends))


@cache
def _fold_character(character: str) -> str:
    """Fold one character. The cache is bounded by Unicode: at most one short string a code point."""
    if character in _DROPPED:
        return ""
    decomposed = unicodedata.normalize("NFKD", character.casefold().translate(_LETTERS))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.casefold().translate(_LETTERS)


@cache
def _fold_spaced(character: str) -> str:
    return _SPACES.sub(" ", _fold_character(character))
