"""What is a kind of what."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from backend.services.catalog.entries import Substance

Relatives: TypeAlias = Mapping[str, frozenset[str]]


def ancestors_of(substances: Mapping[str, Substance]) -> dict[str, frozenset[str]]:
    """Return what each substance is a kind of, at any distance; in a circle, itself too.

    A parent that is not there counts for nothing.
    """
    found: dict[str, frozenset[str]] = {}
    for code in substances:
        seen: set[str] = set()
        waiting = list(substances[code].parents)
        while waiting:
            parent = waiting.pop()
            if parent not in seen and parent in substances:
                seen.add(parent)
                waiting.extend(substances[parent].parents)
        found[code] = frozenset(seen)
    return found


def descendants_of(ancestors: Relatives) -> dict[str, frozenset[str]]:
    """Return each substance with all its kinds."""
    kinds: dict[str, set[str]] = {code: {code} for code in ancestors}
    for code, wider in ancestors.items():
        for ancestor in wider:
            kinds[ancestor].add(code)
    return {code: frozenset(found) for code, found in kinds.items()}


def are_related(one: str, other: str, ancestors: Relatives) -> bool:
    """Return whether one is a kind of the other."""
    return one in ancestors.get(other, ()) or other in ancestors.get(one, ())


def unknown(codes: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the codes that are not known, in their alphabetical order."""
    return sorted(set(codes) - set(known))
