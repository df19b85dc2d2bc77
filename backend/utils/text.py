"""Comparing words as people do: without case, accents and spacing."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

_SPACES = re.compile(r"[\s\u2010-\u2015_-]+")
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "\u2019": "'"})
_DROPPED = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # soft hyphen and zero-width characters: invisible in print

_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)", re.ASCII)

_MANY = "\0"
_BEYOND_LATIN = re.compile(r"[^\x00-\xff]+")
_LATIN = 256  # characters of Latin-1
_FEW = 1.25  # bytes a character in UTF-8: of Cyrillic it has two
_UNEVEN = re.compile(rf" *{_MANY}[ {_MANY}]*| {{2,}}")  # where one character does not become one


class Folded(NamedTuple):
    """A folded text, and where each of its characters stood in the original.

    Attributes:
        text: As `fold` gives it, but not stripped.
        starts: For each character: the offset of the original one, in code points.
        ends: For each character: the offset after the original one and the marks that it carries.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def primary_language(tag: str) -> str:
    """Return the primary subtag of a BCP 47 language tag: `fr` of `fr-CA`."""
    return tag.partition("-")[0].lower()


def preferred_language(header: str, offered: Sequence[str]) -> str | None:
    """Return which of some languages an `Accept-Language` header prefers (RFC 9110, 12.5.4), or None.

    Of a range that is not well formed, its weight counts as none.
    """
    best: tuple[float, str] | None = None
    for wanted in header.split(","):
        tag, _, weight = wanted.partition(";")
        language = primary_language(tag.strip())
        quality = _quality(weight)
        if language in offered and quality > (best[0] if best else 0):
            best = (quality, language)
    return best[1] if best else None


def _quality(weight: str) -> float:
    found = _WEIGHT.fullmatch(weight.strip())
    if not weight.strip():
        return 1
    return float(found[1]) if found else 0


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal.

    Compatibility forms, case, accents, invisible characters, hyphens and runs of white space do not count.
    Idempotent.
    """
    return _SPACES.sub(" ", text.translate(_folds)).strip()


def fold_mapped(text: str) -> Folded:
    """Fold a text and remember where every character came from."""
    simple = _fold_single(text)
    if _MANY not in simple and "  " not in simple:  # as most are: every character stays where it was
        return Folded(simple, range(len(text)), range(1, len(text) + 1))
    folding = _Folding([], [], [])
    done = 0
    for run in _UNEVEN.finditer(simple):
        start, end = run.span()
        folding.copy(simple, done, start)
        folding.fold(text, start, end)
        done = end
    folding.copy(simple, done, len(text))
    return Folded("".join(folding.pieces), folding.starts, folding.ends)


def _fold_single(text: str) -> str:
    """Fold each character to one, be it `_MANY`.

    Python translates bytes many times as fast as text beyond ASCII. So the few letters beyond Latin-1 come
    first, and the rest goes through one table of 256.
    """
    if text.isascii() or len(text.encode("utf-8", "surrogatepass")) > _FEW * len(text):
        return text.translate(_single)
    latin = _BEYOND_LATIN.sub(_translated, text)
    try:
        return latin.encode("latin-1").translate(_latin_table()).decode("latin-1")
    except UnicodeEncodeError:  # a few letters of another script
        return latin.translate(_single)


def _translated(run: re.Match[str]) -> str:
    return run[0].translate(_single)


@cache
def _latin_table() -> bytes:
    """Return what the characters of Latin-1 fold to; the micro sign, which is a Greek letter, as `_MANY`."""
    letters = map(_single.__getitem__, range(_LATIN))
    return "".join(letter if ord(letter) < _LATIN else _MANY for letter in letters).encode("latin-1")


class _Folds(dict[int, str]):
    """What one character folds to: at most one short string a code point of Unicode."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


_folds = _Folds()


class _Single(dict[int, str]):
    """What one character folds to, or `_MANY` where it folds to none or to several."""

    def __missing__(self, code: int) -> str:
        folded = _fold_spaced(chr(code))
        self[code] = letter = folded if len(folded) == 1 else _MANY
        return letter


_single = _Single()  # bounded by Unicode


@dataclass(frozen=True, slots=True)
class _Folding:
    pieces: list[str]
    starts: list[int]
    ends: list[int]

    def copy(self, simple: str, start: int, end: int) -> None:
        """Take over characters that fold to one each."""
        if start < end:
            self.pieces.append(simple[start:end])
            self.starts.extend(range(start, end))
            self.ends.extend(range(start + 1, end + 1))

    def fold(self, text: str, start: int, end: int) -> None:
        """Fold characters one by one, joining spaces and marks to what stands before them."""
        for offset in range(start, end):
            folded = _fold_spaced(text[offset])
            if not folded and self.ends:
                self.ends[-1] = offset + 1
            for letter in folded:
                if letter == " " and self.pieces and self.pieces[-1][-1] == " ":
                    self.ends[-1] = offset + 1
                    continue
                self.pieces.append(letter)
                self.starts.append(offset)
                self.ends.append(offset + 1)


def _fold_character(character: str) -> str:
    if character in _DROPPED:
        return ""
    decomposed = unicodedata.normalize("NFKD", character.casefold().translate(_LETTERS))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.casefold().translate(_LETTERS)


@cache
def _fold_spaced(character: str) -> str:
    return _SPACES.sub(" ", _folds[ord(character)])
