"""Names of allergens in one language, for a particular use."""

from collections.abc import Iterator, Mapping
from typing import Final

from backend.services.screening.files import File
from backend.services.screening.meanings import Meaning, Role
from backend.utils.text import fold

_MIN_SIMILAR_LETTERS = 4  # shorter words have too many neighbours
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_TERM: Final = Role.TERM


def objects_of(file: File, entries: Mapping[str, Meaning]) -> Iterator[str]:
    """Yield the names that are another name and an ending, with a vowel between: "tej", "tejet"."""
    for ending in (fold(listed) for listed in file.object_endings):
        for phrase, meaning in entries.items():
            if meaning.role is not _TERM or not phrase.endswith(ending):
                continue
            stem = phrase.removesuffix(ending)
            if stem != phrase and (stem in entries or stem[:-1] in entries):
                yield phrase


def similar_of(entries: Mapping[str, Meaning], wanted: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the single words of some allergens that a misspelling may be compared with, and their codes."""
    return {
        phrase: codes
        for phrase, meaning in entries.items()
        if meaning.role is _TERM and len(phrase) >= _MIN_SIMILAR_LETTERS and phrase.isalpha()
        if (codes := tuple(code for code in meaning.codes if code in wanted))
    }
