"""Writing many short phrases down, so that a page of a test holds a language."""

from collections.abc import Mapping
from typing import TypeAlias

Table: TypeAlias = Mapping[str, Mapping[str, str]]  # language -> code -> phrases, divided by commas


def listed(table: Table) -> list[tuple[str, str, str]]:
    """Return language, phrase and code of every phrase of a table."""
    return [
        (language, phrase.strip(), code)
        for language, codes in table.items()
        for code, phrases in codes.items()
        for phrase in phrases.split(",")
    ]
