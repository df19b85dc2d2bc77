"""Comparing words as people do: without case, accents and spacing."""

import re
import unicodedata

_SPACES = re.compile(r"[\s\u2010-\u2015_-]+")
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "’": "'"})


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal.

    Compatibility forms, case, accents, hyphens and runs of white space do not count. Idempotent.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _SPACES.sub(" ", letters.casefold().translate(_LETTERS)).strip()
