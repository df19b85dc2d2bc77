"""What was not understood and may still be an allergen: such a match may raise a risk, never clear one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from backend.services.screening.compounds import Match
from backend.services.screening.damage import codes_of, misread
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.services.screening.tokens import NO_PHRASE

_MIN_EDGE = 5  # letters of a name within a word
_MIN_REST = 2  # letters of what is left: one more may be a misprint
_MIN_GLUED = 4  # letters of a name that is run together with another word
_MIN_FOREIGN = 4  # letters of a word of a language that the label is not in: "milk" on a Spanish label
_MIN_ENGLISH = 3  # the same in English, which stands on labels everywhere: "egg"
_MIN_BESIDE = 3  # letters of that other word

_Word = tuple[int, int]
_Found = tuple[tuple[str, ...], "Doubt"]


class Doubt(StrEnum):
    """Why words may still stand for something."""

    MISSPELT = "misspelt"
    ABSENT = "absent"
    FOREIGN = "foreign"
    PART = "part"


def doubts(
    text: str,
    words: Iterable[_Word],
    inside: Mapping[_Word, Sequence[Match]],
    lexicon: Lexicon,
    languages: Sequence[str],
) -> Iterator[tuple[_Word, _Found]]:
    """Yield the words that resemble an allergen's, or that hold one, and its codes.

    Args:
        text: The folded label.
        words: Where the words that were not understood start and end.
        inside: The phrases within each of them.
        lexicon: The words to compare them with.
        languages: The languages of the label, as far as they are known.
    """
    known: dict[str, _Found] = {}
    for word in words:
        letters = text[slice(*word)]
        if letters not in known:
            known[letters] = _doubt(word, letters, inside.get(word, ()), lexicon, languages)
        if known[letters][0]:
            yield word, known[letters]


def _doubt(
    word: _Word, letters: str, inside: Sequence[Match], lexicon: Lexicon, languages: Sequence[str]
) -> _Found:
    if foreign := _foreign(word, inside, lexicon):
        return foreign, Doubt.FOREIGN
    if near := misread(letters, lexicon, languages):
        return near, Doubt.MISSPELT
    return _held(word, inside, lexicon, languages), Doubt.PART


def _foreign(word: _Word, inside: Sequence[Match], lexicon: Lexicon) -> tuple[str, ...]:
    """Return what a whole short word names in languages that the label is not in, if a law requires it."""
    length = word[1] - word[0]
    whole = next((phrase for phrase, start, end in inside if (start, end) == word), None)
    meanings = lexicon.meanings[whole] if whole is not None else ()
    codes = (
        code
        for meaning in meanings
        if meaning.role is Role.TERM
        and length >= (_MIN_ENGLISH if meaning.language == "en" else _MIN_FOREIGN)
        for code in meaning.codes
        if code in lexicon.declared
    )
    return tuple(dict.fromkeys(codes))


def _held(
    word: _Word, inside: Sequence[Match], lexicon: Lexicon, languages: Sequence[str]
) -> tuple[str, ...]:
    """Return what the longest name at either end of a word stands for: "soybeanand", "Haselnussknurz".

    A longer word of another meaning that begins or ends there hides it: "butternutpie" has no butter. A short
    name counts where a word stands beside it that leaves no letter over: "sugarmilk", but not "coconutmilk",
    since "coconut milk" is none.
    """
    begins = {end: lexicon.phrases[phrase] for phrase, start, end in inside if start == word[0]}
    ends = {start: lexicon.phrases[phrase] for phrase, start, end in inside if end == word[1]}
    length = word[1] - word[0]
    for place in sorted(begins.keys() & ends.keys()):
        pair = begins[place], ends[place]
        if min(map(len, pair)) >= _MIN_BESIDE and sum(map(len, pair)) == length:
            return _glued(pair, lexicon, languages)
    longest = [max((*names.values(), ""), key=len) for names in (begins, ends)]
    for name in sorted(longest, key=len, reverse=True):
        if _MIN_EDGE <= len(name) <= length - _MIN_REST and (codes := codes_of(name, lexicon, languages)):
            return codes
    return ()


def _glued(pair: tuple[str, str], lexicon: Lexicon, languages: Sequence[str]) -> tuple[str, ...]:
    """Return what two words that are run together stand for: what they mean as one phrase, if they do."""
    phrase = lexicon.beginnings.get(" ".join(pair), NO_PHRASE)
    if phrase != NO_PHRASE:
        meanings = lexicon.meanings[phrase]
        return next((meaning.codes for meaning in meanings if meaning.role is Role.TERM), ())
    found = [codes_of(name, lexicon, languages) for name in pair if len(name) >= _MIN_GLUED]
    return tuple(dict.fromkeys(code for codes in found for code in codes))
