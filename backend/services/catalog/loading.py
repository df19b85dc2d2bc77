"""The catalogue in memory: the shipped one, read and checked once, and operators' entries laid over it."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from backend.core.errors import InvalidInputError, NotFoundError
from backend.models.catalog import RequirementType
from backend.services.catalog import checks
from backend.services.catalog.entries import Allergen, Condition, Diet, Named, Regime, Substance
from backend.services.catalog.files import FOLDER, read_files
from backend.services.catalog.names import NameIndex
from backend.services.catalog.relations import ancestors_of, descendants_of

Entry: TypeAlias = Allergen | Diet | Condition

_VERSION_DIGITS: Final = 12
_LOADING: Final = Lock()
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_ALLERGY: Final = RequirementType.ALLERGY
_DIET: Final = RequirementType.DIET
_CONDITION: Final = RequirementType.CONDITION


class CursorUnknownError(InvalidInputError):
    """The page that was asked for does not follow from the one before."""

    code = "cursor-unknown"
    title = "The cursor is not one of this list"


class CodeUnknownError(NotFoundError):
    """The catalogue has no entry with this code."""

    code = "code-unknown"
    title = "The catalogue has no entry with this code"


class CatalogFaultError(Exception):
    """The catalogue's files contradict themselves; the message says where, a line for each fault."""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """What an operator added."""

    entry: Entry
    is_retired: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Everything that is approved, at one moment. It never changes: a change is another catalogue.

    Attributes:
        allergens: What a person can be recorded as allergic to, by code; retired ones too.
        substances: Allergens and everything else that rules and labels refer to, by code.
        own: Codes of operators' entries.
        retired: Codes that nobody records anew; who has them keeps them.
        unsound: Codes of operators' entries that refer to what is no longer there.
        version: 12 hexadecimal digits that change with anything in it.
    """

    allergens: dict[str, Allergen]
    substances: dict[str, Substance]
    diets: dict[str, Diet]
    conditions: dict[str, Condition]
    regimes: dict[str, Regime]
    own: frozenset[str]
    retired: frozenset[str]
    unsound: frozenset[str]
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

    def part(self, requirement: RequirementType) -> Mapping[str, Entry]:
        """Return one of the parts that a profile may hold, by code."""
        parts: Mapping[RequirementType, Mapping[str, Entry]] = {
            _ALLERGY: self.allergens,
            _DIET: self.diets,
            _CONDITION: self.conditions,
        }
        return parts[requirement]

    def entry(self, requirement: RequirementType, code: str) -> Entry:
        """Return an entry.

        Raises:
            CodeUnknownError: There is none with this code.
        """
        try:
            return self.part(requirement)[code]
        except KeyError:
            raise CodeUnknownError from None

    def regime(self, code: str) -> Regime:
        """Return a food law; case does not count.

        Raises:
            CodeUnknownError: There is none with this code.
        """
        try:
            return self.regimes[code.lower()]
        except KeyError:
            raise CodeUnknownError from None

    def name(self, requirement: RequirementType, code: str, language: str) -> str:
        """Return an entry's name, or its code where this catalogue does not know it (yet)."""
        entry = self.part(requirement).get(code)
        return entry.name(language) if entry else code

    def holds(self, code: str) -> bool:
        """Return whether any part has this code."""
        return any(code in part for part in (self.substances, self.diets, self.conditions))

    def owner(self, requirement: RequirementType, name: str) -> str | None:
        """Return the code of the entry that has a name, or None."""
        return self._names[requirement].owner(name)

    def resolve(
        self,
        requirement: RequirementType,
        name: str,
        *,
        language: str | None = None,
        kept: Collection[str] = (),
    ) -> str:
        """Return the code of an approved name in any language.

        Args:
            requirement: The part of the catalogue.
            name: What somebody calls it.
            language: What they speak, if known: "kummel" is hake in Swedish, and caraway in German.
            kept: Codes that may be retired, or unknown: what somebody has, they keep.

        Raises:
            UnknownNameError: It is not approved; names the three nearest.
            AmbiguousNameError: It means different things in different languages; names them.
            RetiredNameError: It is no longer recorded anew.
        """
        return self._names[requirement].resolve(name, language=language, kept=kept)

    def search(
        self, requirement: RequirementType, query: str, *, after: str | None, limit: int
    ) -> list[Named]:
        """Return the entries that match a query, best first; all that are not retired for an empty one.

        Args:
            requirement: The part of the catalogue.
            query: Part of a name in any language.
            after: The code after which to begin.
            limit: How many at most.

        Raises:
            CursorUnknownError: The query does not find the code after which to begin.
        """
        found = self._names[requirement].search(query)
        if after is None:
            return list(found[:limit])
        codes = [entry.code for entry in found]
        if after not in codes:
            raise CursorUnknownError
        start = codes.index(after) + 1
        return list(found[start : start + limit])


def shipped() -> Catalog:
    """Return the catalogue that this release ships; the first time takes tenths of a second.

    Raises:
        CatalogFaultError: Its files contradict themselves.
    """
    with _LOADING:  # by one thread: whoever else needs it meanwhile waits for that
        return _shipped()


@cache
def _shipped() -> Catalog:
    return load(FOLDER)


def find_faults(folder: Path) -> list[str]:
    """Return everything that is wrong with the files of a catalogue.

    Raises:
        OSError: One is missing.
    """
    return checks.faults(read_files(folder))


def load(folder: Path) -> Catalog:
    """Read and check a catalogue.

    Raises:
        CatalogFaultError: Whatever `checks.faults` finds.
    """
    files = read_files(folder)
    if found := checks.faults(files):
        raise CatalogFaultError("\n".join(found))
    allergens = {entry.code: entry for entry in files.allergens}
    ancestors = ancestors_of(substances := {**allergens, **{entry.code: entry for entry in files.substances}})
    return Catalog(
        allergens=allergens,
        substances=substances,
        diets={entry.code: entry for entry in files.diets},
        conditions={entry.code: entry for entry in files.conditions},
        regimes={entry.code: entry for entry in files.regimes},
        own=frozenset(),
        retired=frozenset(),
        unsound=frozenset(),
        version=hashlib.sha256(files.content).hexdigest()[:_VERSION_DIGITS],
        _ancestors=ancestors,
        _descendants=descendants_of(ancestors),
        _names={
            RequirementType.ALLERGY: NameIndex(files.allergens),
            RequirementType.DIET: NameIndex(files.diets),
            RequirementType.CONDITION: NameIndex(files.conditions),
        },
    )


def lay_over(base: Catalog, own: Iterable[OwnEntry], *, version: str) -> Catalog:
    """Return a shipped catalogue with operators' entries.

    What is shipped wins: it keeps its codes and its names, and an entry that has one of them does without.
    Nothing here fails: entries were checked when they were added, and an update of the service must not be
    stopped by them. One that refers to what is gone is shown, and is unsound: no label is clear of it.
    """
    listed = [item for item in own if not base.holds(item.entry.code)]
    there = base.substances.keys() | {item.entry.code for item in listed if isinstance(item.entry, Allergen)}
    added = [OwnEntry(_sound(item.entry, there), is_retired=item.is_retired) for item in listed]
    retired = frozenset(item.entry.code for item in added if item.is_retired)
    own_allergens = {item.entry.code: item.entry for item in added if isinstance(item.entry, Allergen)}
    substances = {**base.substances, **own_allergens}
    allergens = {**base.allergens, **own_allergens}
    diets = base.diets | {item.entry.code: item.entry for item in added if isinstance(item.entry, Diet)}
    conditions = base.conditions | {
        item.entry.code: item.entry for item in added if isinstance(item.entry, Condition)
    }
    ancestors = ancestors_of(substances)
    codes = frozenset(item.entry.code for item in added)
    return Catalog(
        allergens=allergens,
        substances=substances,
        diets=diets,
        conditions=conditions,
        regimes=base.regimes,
        own=codes,
        retired=retired,
        unsound=frozenset(item.entry.code for item in listed if not refers_to(item.entry) <= there),
        version=hashlib.sha256(f"{base.version} {version}".encode()).hexdigest()[:_VERSION_DIGITS],
        _ancestors=ancestors,
        _descendants=descendants_of(ancestors),
        _names={
            RequirementType.ALLERGY: NameIndex(allergens.values(), own=codes, retired=retired),
            RequirementType.DIET: NameIndex(diets.values(), own=codes, retired=retired),
            RequirementType.CONDITION: NameIndex(conditions.values(), own=codes, retired=retired),
        },
    )


def refers_to(entry: Entry) -> frozenset[str]:
    """Return the codes of substances that an entry speaks of."""
    if isinstance(entry, Allergen):
        return frozenset((*entry.parents, *entry.found_in, *entry.akin))
    return frozenset(code for rule in entry.rules for code in (*rule.avoid, *rule.unless))


def _sound(entry: Entry, there: Collection[str]) -> Entry:
    """Return an entry without what it says of substances that are not there."""

    def kept(codes: Iterable[str]) -> tuple[str, ...]:
        return tuple(code for code in codes if code in there)

    if isinstance(entry, Allergen):
        relations = {
            "parents": kept(entry.parents),
            "found_in": kept(entry.found_in),
            "akin": kept(entry.akin),
        }
        return entry.model_copy(update=relations)
    rules = tuple(
        rule.model_copy(update={"avoid": kept(rule.avoid), "unless": kept(rule.unless)})
        for rule in entry.rules
    )
    return entry.model_copy(update={"rules": rules})
