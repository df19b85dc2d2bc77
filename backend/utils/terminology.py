"""Codes of medicine: whether one is well formed, which a slip of the hand seldom leaves."""

import re
from typing import Final

# Verhoeff's dihedral check, as SNOMED International's technical implementation guide prescribes it: the
# multiplication of the dihedral group D5, and the permutation by the digit's place.
_PRODUCTS: Final = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_PERMUTATION: Final = "1576283094"
_SNOMED: Final = re.compile(r"[1-9]\d{5,17}", re.ASCII)
_CONCEPTS: Final = ("00", "10")  # the partition: a concept of the international edition, or of an extension
_ICD_10: Final = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", re.ASCII)


def is_snomed_concept(code: str) -> bool:
    """Return whether a code has the form of a SNOMED CT concept's, its check digit included."""
    return _SNOMED.fullmatch(code) is not None and code[-3:-1] in _CONCEPTS and _checks(code[::-1])


def is_icd_10(code: str) -> bool:
    """Return whether a code has the form of one of ICD-10 or of a modification of it: `K90.0`, `Z91.010`."""
    return _ICD_10.fullmatch(code) is not None


def _checks(reversed_digits: str) -> bool:
    product = 0
    for place, character in enumerate(reversed_digits):
        digit = int(character)
        for _ in range(place % 8):
            digit = int(_PERMUTATION[digit])
        product = int(_PRODUCTS[product][digit])
    return product == 0
