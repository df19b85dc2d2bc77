"""Rules about identity and passwords: pure functions."""

import unicodedata
from dataclasses import dataclass


def identity_key(text: str) -> str:
    """Return the form under which two addresses or user names are the same: NFKC and case-folded, twice.

    Once is not enough: folding can produce characters that NFKC changes again.
    """
    once = unicodedata.normalize("NFKC", text.strip()).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """One rule that a password breaks."""

    code: str
    detail: str


def password_faults(password: str, *, min_length: int, composition: bool) -> list[PasswordRule]:
    """Return every rule that the password breaks.

    Args:
        password: As the person typed it.
        min_length: In Unicode code points.
        composition: Whether a lower-case letter, an upper-case letter, a digit and a special character must
            be there; special is whatever is neither letter nor digit.
    """
    faults = []
    if len(password) < min_length:
        faults.append(PasswordRule("too-short", f"must have at least {min_length} characters"))
    if composition:
        kinds = (
            (str.islower, "lower-case", "must have a lower-case letter"),
            (str.isupper, "upper-case", "must have an upper-case letter"),
            (str.isdigit, "digit", "must have a digit"),
            (lambda character: not character.isalnum(), "special", "must have a special character"),
        )
        faults += [
            PasswordRule(f"needs-{code}", detail)
            for holds, code, detail in kinds
            if not any(map(holds, password))
        ]
    return faults
