"""What makes a password acceptable: pure functions.

Lengths count Unicode code points of the normal form NFC, under which passwords are compared too (RFC 8265,
4.2): one keyboard sends an accented letter as one character, another as two.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product, takewhile
from typing import Final

from backend.utils.validators import identity_key

MAX_LENGTH: Final = 256
PRODUCT: Final = "safeplate"

_SHORTEST_WORD: Final = 4
_SHORTEST_REST: Final = 8  # the least that any policy asks for
_LEAST_VARIETY: Final = 5
_MOST_PADDING: Final = 6  # a year and a mark or two, as in `Summer2024!`
_MOST_CUTS: Final = 8
_LETTERS: Final = re.compile(rf"[^\W\d_]{{{_SHORTEST_WORD},}}")
_LOOKALIKES: Final = dict(zip("@483€0$57+(", "aabeeossttc", strict=True))
_READINGS: Final[tuple[dict[int, str], ...]] = (
    {},
    *(str.maketrans(_LOOKALIKES | dict.fromkeys("1!|", letter)) for letter in "il"),
)


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """One rule that a password breaks.

    Attributes:
        detail: What it asks for, in English; `{min_length}` or `{max_length}` stands for the limit, as in
            what is said of any text.
    """

    code: str
    detail: str
    limit: int | None = None


_KINDS: Final[tuple[tuple[Callable[[str], bool], PasswordRule], ...]] = (
    (str.islower, PasswordRule("needs-lower-case", "must have a lower-case letter")),
    (str.isupper, PasswordRule("needs-upper-case", "must have an upper-case letter")),
    (str.isdigit, PasswordRule("needs-digit", "must have a digit")),
    (
        lambda character: not character.isalnum(),
        PasswordRule("needs-special", "must have a special character"),
    ),
)
_PREDICTABLE: Final = PasswordRule("predictable", "must not just repeat or count")
_COMMON: Final = PasswordRule("common", "must not be a common password, however it is spelt or filled up")
_PERSONAL: Final = PasswordRule("personal", "must not rest on your name, your address or this service's name")


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What is asked of a password.

    Attributes:
        min_length: In code points.
        composition: Whether a lower-case letter, an upper-case letter, a digit and a special character must
            be there; special is whatever is neither letter nor digit.
        is_listed: Tells whether a text is on the list of common passwords, as `spellings` writes it.
    """

    min_length: int
    composition: bool
    is_listed: Callable[[str], bool]

    def faults(self, password: str, *, personal: Collection[str] = ()) -> list[PasswordRule]:
        """Return every rule that the password breaks.

        It is personal if it holds a word of `personal` (names, addresses and their parts, of 4 characters or
        more) or the product's name, and what is left without these words is no password of its own: shorter
        than 8 characters, common or predictable. So Amira may not have `Amira2024!`, and may well have
        `Amira-picks-mulberries-7`.
        """
        text = normalise(password)
        found = list(self._form_faults(text))
        if len(text) > MAX_LENGTH:
            return found  # looking into it would take long, and change nothing
        if _is_predictable(text):
            found.append(_PREDICTABLE)
        if self._is_common(text):
            found.append(_COMMON)
        rests = _without(text, words_of(personal))
        if any(
            len(rest) < _SHORTEST_REST or _is_predictable(rest) or self._is_common(rest) for rest in rests
        ):
            found.append(_PERSONAL)
        return found

    def _form_faults(self, text: str) -> Iterator[PasswordRule]:
        if len(text) < self.min_length:
            yield PasswordRule("too-short", "must have at least {min_length} characters", self.min_length)
        if len(text) > MAX_LENGTH:
            yield PasswordRule("too-long", "must have at most {max_length} characters", MAX_LENGTH)
        if self.composition:
            yield from (rule for holds, rule in _KINDS if not any(map(holds, text)))

    def _is_common(self, text: str) -> bool:
        return any(map(self.is_listed, spellings(text)))


def normalise(password: str) -> str:
    """Return the form of a password that is hashed: NFC, and nothing else is changed."""
    return unicodedata.normalize("NFC", password)


def spellings(password: str) -> Iterator[str]:
    """Return what a list of common passwords must not hold, for the password to be none of them.

    That is the password without regard to case and accents, and what of it is left when a little that is no
    letter is cut off its ends, or when it repeats itself; each also with the letters that digits and marks
    stand for. So `P@ssw0rd2024!` is spelt `password` among others.
    """
    folded = _fold(password)
    cores = {folded, *_cores(folded)}
    innermost = folded[_edge(folded) : len(folded) - _edge(reversed(folded))]
    cores |= {_unit(core) for core in (folded, innermost) if core in cores}
    yield from {core.translate(table) for core, table in product(cores, _READINGS)}


def distil(passwords: Iterable[str]) -> set[str]:
    """Return the entries of a list by which `spellings` finds every password of it that could be set."""
    entries: set[str] = set()
    # What is short and plain comes first: it stands for what is longer, or spelt with other characters.
    for entry in sorted(set(map(_fold, passwords)), key=lambda text: (len(text), _marks(text), text)):
        is_reachable = len(entry) >= _SHORTEST_REST or _marks(entry) < len(entry) >= _SHORTEST_WORD
        if is_reachable and entries.isdisjoint(spellings(entry)):
            entries.add(entry)
    return entries


def words_of(personal: Iterable[str]) -> set[str]:
    """Return the words that tell on somebody: their names and addresses, the parts of these, and the product.

    Of an address the last label (`com`) says nothing.
    """
    words = {PRODUCT}
    for text in map(_fold, personal):
        name, _, domain = text.partition("@")
        words.update((name, *_LETTERS.findall(name), *domain.split(".")[:-1]))
    return {word for word in words if len(word) >= _SHORTEST_WORD}


def _without(text: str, words: Collection[str]) -> Iterator[str]:
    """Return what is left of a text without the words, for each reading that holds any."""
    for table in _READINGS:
        rest = reading = _fold(text).translate(table)
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word.translate(table), "")
        if rest != reading:
            yield rest


def _fold(text: str) -> str:
    letters = unicodedata.normalize("NFKD", identity_key(text))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _cores(folded: str) -> Iterator[str]:
    """Return what is left when up to so much that is no letter is cut off either end."""
    first, last = _edge(folded), len(folded) - _edge(reversed(folded))
    if first >= last:
        return
    for start in range(max(0, first - _MOST_CUTS), first + 1):
        for end in range(last, min(len(folded), last + _MOST_CUTS) + 1):
            core = folded[start:end]
            if len(core) >= _SHORTEST_WORD and _variety(folded[:start] + folded[end:]) <= _MOST_PADDING:
                yield core


def _marks(text: str) -> int:
    return sum(not character.isalpha() for character in text)


def _edge(text: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda character: not character.isalpha(), text))


def _is_predictable(text: str) -> bool:
    return _variety(_unit(_fold(text))) < _LEAST_VARIETY


def _variety(text: str) -> int:
    """Count the characters that neither repeat the one before them nor stand next to it in order."""
    steps = (abs(ord(after) - ord(before)) for before, after in pairwise(text))
    return min(len(text), 1) + sum(step > 1 for step in steps)


def _unit(text: str) -> str:
    """Return the beginning that a text repeats throughout, or the text."""
    sizes = range(1, len(text) // 2 + 1)
    return next((text[:size] for size in sizes if text[size:] == text[:-size]), text)
