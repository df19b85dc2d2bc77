"""Reading the catalogue's files, once, and refusing to start on a fault in them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml

from backend.core.errors import InvalidInputError
from backend.services.catalog.entries import (
    Allergen,
    Condition,
    Diet,
    Named,
    Regime,
    RequirementType,
    Substance,
)
from backend.services.catalog.names import NameIndex
from backend.utils.text import fold

FOLDER = Path(__file__).parents[2] / "data" / "catalog"
_FILES = ("allergens", "substances", "diets", "conditions", "regimes")
_Entry = TypeVar("_Entry", bound=Named)
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CursorUnknownError(InvalidInputError):
    """The page that was asked for does not follow from the one before."""

    code = "cursor-unknown"
    title = "The cursor is not one of this list"


class CatalogFaultError(Exception):
    """The catalogue's files contradict themselves; the message says where."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Everything that is approved.

    Attributes:
        allergens: What a person can be recorded as allergic to, by code.
        substances: Allergens and everything else that rules and labels refer to, by code.
        version: First 12 hexadecimal digits of the SHA-256 of the files.
    """

    allergens: Mapping[str, Allergen]
    substances: Mapping[str, Substance]
    diets: Mapping[str, Diet]
    conditions: Mapping[str, Condition]
    regimes: Mapping[str, Regime]
    version: str
    _ancestors: Mapping[str, frozenset[str]]
    _descendants: Mapping[str, frozenset[str]]
    _names: Mapping[RequirementType, NameIndex]

    def ancestors(self, code: str) -> frozenset[str]:
        """Return what a substance is a kind of, at any distance, without itself."""
        return self._ancestors[code]

    def descendants(self, code: str) -> frozenset[str]:
        """Return a substance and all its kinds."""
        return self._descendants[code]

    def resolve(self, requirement: RequirementType, name: str) -> str:
        """Return the code of an approved name in any language.

        Raises:
            UnknownNameError: It is not approved; names the three nearest.
        """
        return self._names[requirement].resolve(name)

    def search(
        self, requirement: RequirementType, query: str, *, after: str | None, limit: int
    ) -> list[Named]:
        """Return the entries that match a query, best first; all of them for an empty one.

        Args:
            requirement: The part of the catalogue.
            query: Part of a name in any language.
            after: The code after which to begin.
            limit: How many at most.

        Raises:
            CursorUnknownError: The query does not find the code after which to begin.
        """
        found = self._names[requirement].search(query)
        codes = [entry.code for entry in found]
        if after is None:
            return list(found[:limit])
        if after not in codes:
            raise CursorUnknownError
        start = codes.index(after) + 1
        return list(found[start : start + limit])


@cache
def shipped() -> Catalog:
    """Return the catalogue that this release ships.

    Raises:
        CatalogFaultError: Its files contradict themselves.
    """
    return load(FOLDER)


def load(folder: Path) -> Catalog:
    """Read and check a catalogue.

    Raises:
        CatalogFaultError: Double codes or names, unknown parents, circles, or rules about unknown codes.
    """
    texts = {name: (folder / f"{name}.yaml").read_bytes() for name in _FILES}
    allergens = _parse(texts["allergens"], Allergen)
    others = _parse(texts["substances"], Substance)
    diets, conditions = _parse(texts["diets"], Diet), _parse(texts["conditions"], Condition)
    regimes = _parse(texts["regimes"], Regime)
    substances: dict[str, Substance] = {**allergens, **others}
    if len(substances) != len(allergens) + len(others):
        raise CatalogFaultError("a code is both an allergen and another substance")
    ancestors = {code: _ancestors_of(code, substances, ()) for code in substances}
    _check_relations(substances, ancestors)
    _check_rules(substances, (*diets.values(), *conditions.values()))
    _check_regimes(allergens, regimes.values())
    return Catalog(
        allergens=allergens,
        substances=substances,
        diets=diets,
        conditions=conditions,
        regimes=regimes,
        version=hashlib.sha256(b"".join(texts.values())).hexdigest()[:12],
        _ancestors=ancestors,
        _descendants={
            code: frozenset({code} | {other for other in substances if code in ancestors[other]})
            for code in substances
        },
        _names={
            RequirementType.ALLERGY: NameIndex(allergens.values()),
            RequirementType.DIET: NameIndex(diets.values()),
            RequirementType.CONDITION: NameIndex(conditions.values()),
        },
    )


def declared_on(regime: Regime, day: date | None) -> frozenset[str]:
    """Return the codes that a law requires on labels on a day; None means including what is yet to come."""
    return frozenset(
        code for code, since in regime.declares.items() if since is None or day is None or since <= day
    )


def _parse(text: bytes, kind: type[_Entry]) -> dict[str, _Entry]:
    # The loader builds plain values alone: it is PyYAML's safe one, written in C where that was built.
    entries = [kind.model_validate(item) for item in yaml.load(text, Loader=_Loader)]  # noqa: S506
    found: dict[str, _Entry] = {}
    owners: dict[str, str] = {}
    for entry in entries:
        if entry.code in found:
            raise CatalogFaultError(f"two entries have the code {entry.code}")
        found[entry.code] = entry
        names = {*entry.names.values(), *(name for group in entry.synonyms.values() for name in group)}
        for name in {fold(name) for name in names} | {fold(entry.code)}:
            owner = owners.setdefault(name, entry.code)
            if owner != entry.code:
                raise CatalogFaultError(f"{entry.code} and {owner} share the name {name!r}")
    return found


def _ancestors_of(code: str, substances: Mapping[str, Substance], path: tuple[str, ...]) -> frozenset[str]:
    if code not in substances:
        raise CatalogFaultError(f"{path[-1]} has the unknown parent {code}")
    if code in path:
        raise CatalogFaultError(f"{code} is its own ancestor")
    parents = substances[code].parents
    found = [_ancestors_of(parent, substances, (*path, code)) | {parent} for parent in parents]
    return frozenset().union(*found)


def _check_relations(substances: Mapping[str, Substance], ancestors: Mapping[str, frozenset[str]]) -> None:
    for entry in substances.values():
        if unknown := set(entry.found_in) - substances.keys():
            raise CatalogFaultError(f"{entry.code} is found in unknown {sorted(unknown)}")
        if unknown := set(entry.akin) - substances.keys():
            raise CatalogFaultError(f"{entry.code} is akin to unknown {sorted(unknown)}")
        if entry.bare is not None and entry.code not in ancestors.get(entry.bare, ()):
            raise CatalogFaultError(f"{entry.bare} is not a kind of {entry.code}")


def _check_rules(substances: Mapping[str, Substance], holders: Iterable[Diet | Condition]) -> None:
    for holder in holders:
        for rule in holder.rules:
            if unknown := {*rule.avoid, *rule.unless} - substances.keys():
                raise CatalogFaultError(f"{holder.code} has a rule about unknown {sorted(unknown)}")


def _check_regimes(allergens: Mapping[str, Allergen], regimes: Iterable[Regime]) -> None:
    for regime in regimes:
        if unknown := regime.declares.keys() - allergens.keys():
            raise CatalogFaultError(f"{regime.code} declares unknown {sorted(unknown)}")
