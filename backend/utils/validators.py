"""Rules about identity: pure functions."""

import unicodedata


def identity_key(text: str) -> str:
    """Return the form under which two addresses or user names are the same: NFKC and case-folded, twice.

    Once is not enough: folding can produce characters that NFKC changes again.
    """
    once = unicodedata.normalize("NFKC", text.strip()).casefold()
    return unicodedata.normalize("NFKC", once).casefold()
