"""Finding an entry by what people call it."""

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from backend.services.catalog.entries import Named
from backend.utils.text import fold

_NEAREST = 3
_MIN_SIMILARITY = 60  # of 100: below that a suggestion only confuses


class UnknownNameError(Exception):
    """No entry has this name. Does not hold the name, which may be a diagnosis.

    Attributes:
        nearest: The preferred English names of the three nearest entries, best first.
    """

    def __init__(self, nearest: tuple[str, ...]) -> None:
        super().__init__("the name is not on the approved list")
        self.nearest = nearest


class NameIndex:
    """The codes, names and synonyms of one part of the catalogue, in every language."""

    def __init__(self, entries: Iterable[Named]) -> None:
        self._entries = {entry.code: entry for entry in entries}
        self._owners: dict[str, str] = {}
        for entry in self._entries.values():
            for name in _names(entry):
                self._owners.setdefault(fold(name), entry.code)
        self._names = list(self._owners)
        self._rank = {code: rank for rank, code in enumerate(self._entries)}

    def resolve(self, name: str) -> str:
        """Return the code of the entry with that code, name or synonym; case and accents do not count.

        Raises:
            UnknownNameError: There is none; names the three nearest.
        """
        folded = fold(name)
        code = self._owners.get(folded)
        if code is None:
            near = self._near(folded, minimum=0)[:_NEAREST]
            raise UnknownNameError(tuple(self._entries[item].name("en") for item in near))
        return code

    def search(self, query: str) -> Sequence[Named]:
        """Return matching entries: exact before prefix before part of a name before near."""
        folded = fold(query)
        if not folded:
            return tuple(self._entries.values())
        found: dict[str, tuple[int, int]] = {}
        for name, code in self._owners.items():
            if (quality := _quality(folded, name)) is not None:
                place = (quality, self._rank[code])
                found[code] = min(found.get(code, place), place)
        exact_first = sorted(found, key=lambda code: found[code])
        near = [code for code in self._near(folded, minimum=_MIN_SIMILARITY) if code not in found]
        return tuple(self._entries[code] for code in (*exact_first, *near))

    def _near(self, folded: str, *, minimum: int) -> list[str]:
        matches = process.extract(
            folded, self._names, scorer=fuzz.ratio, limit=5 * _NEAREST, score_cutoff=minimum
        )
        return list(dict.fromkeys(self._owners[name] for name, _, _ in matches))


def _names(entry: Named) -> Iterable[str]:
    yield entry.code
    yield from entry.names.values()
    for synonyms in entry.synonyms.values():
        yield from synonyms


def _quality(query: str, name: str) -> int | None:
    if name == query:
        return 0
    if name.startswith(query):
        return 1
    return 2 if query in name else None
