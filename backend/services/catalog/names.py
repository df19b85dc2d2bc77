"""Finding an entry by what people call it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from backend.services.catalog.entries import Named
from backend.utils.text import fold

_NEAREST = 3
_MIN_SIMILARITY = 60  # of 100: below that a suggestion only confuses
_COMPARED = 60  # names that are compared a second time
_MIN_NEAR_LETTERS = 3  # shorter words are near to everything
AMBIGUOUS = (
    "means different things in different languages: write the one that is meant, or send Accept-Language"
)
_END = "\n"  # stands between names: folding leaves none in them, and none in a query


class UnknownNameError(Exception):
    """No entry has this name. Does not hold the name, which may be a diagnosis.

    Attributes:
        nearest: The preferred English names of the three nearest entries, best first.
    """

    def __init__(self, nearest: tuple[str, ...]) -> None:
        super().__init__("the name is not on the approved list")
        self.nearest = nearest


class AmbiguousNameError(UnknownNameError):
    """The name means one thing in one language and another in another; `nearest` names those."""


class RetiredNameError(Exception):
    """The entry with this name was retired: who has it keeps it, and nobody records it anew."""


class NameIndex:
    """The codes, names and synonyms of one part of the catalogue, in every language.

    Where two entries have one name, what is shipped comes before what operators added; then a code before a
    preferred name and that before a synonym; then the entry that stands first in the catalogue. A name that
    means different things in different languages is one of them only in a known language.
    """

    def __init__(
        self, entries: Iterable[Named], *, own: Collection[str] = (), retired: Collection[str] = ()
    ) -> None:
        self._entries = {entry.code: entry for entry in entries}
        self._retired = frozenset(retired)
        self._owners: dict[str, str] = {}
        folded = {code: _folded(entry) for code, entry in self._entries.items()}
        for is_own, kind in ((False, 0), (False, 1), (False, 2), (True, 0), (True, 1), (True, 2)):
            for code, kinds in folded.items():
                if (code in own) is is_own:
                    for name in kinds[kind]:
                        self._owners.setdefault(name, code)
        self._homonyms = _homonyms(entry for code, entry in self._entries.items() if code not in own)
        # One text for each entry, with its names as lines: searching it takes one look instead of a dozen.
        self._lines = {
            code: _END + "".join(f"{name}{_END}" for names in kinds for name in names)
            for code, kinds in folded.items()
            if code not in self._retired
        }
        self._names = [
            name
            for code in self._lines
            for names in folded[code]
            for name in names
            if self._owners[name] == code
        ]
        self._longest = max(map(len, self._names), default=0)

    def owner(self, name: str) -> str | None:
        """Return the code of the entry that has a name, or None."""
        return self._owners.get(fold(name))

    def resolve(self, name: str, *, language: str | None = None, kept: Collection[str] = ()) -> str:
        """Return the code of the entry with that code, name or synonym; case and accents do not count.

        Args:
            name: What somebody calls it.
            language: The language that they speak, if known: decides what a name means that several
                languages have for different things. English, where it has such a name, is everybody's.
            kept: Codes that may be retired, or unknown: what somebody has, they keep.

        Raises:
            UnknownNameError: There is none; names the three nearest.
            AmbiguousNameError: What it means depends on a language that is not known.
            RetiredNameError: It was retired.
        """
        folded = fold(name)
        code = self._meant(name, folded, language)
        if code is None and name in kept:
            return name
        if code is None:
            near = self._near(folded, minimum=0)[:_NEAREST]
            raise UnknownNameError(tuple(self._entries[item].name("en") for item in near))
        if code in self._retired and code not in kept:
            raise RetiredNameError
        return code

    def _meant(self, name: str, folded: str, language: str | None) -> str | None:
        meanings = self._homonyms.get(folded)
        if meanings is None or folded in self._entries:
            return self._owners.get(folded)
        if name.casefold() != folded:  # its accents may tell: "Kümmel" is no Swedish word
            spelt = [code for code in dict.fromkeys(meanings.values()) if code and self._spells(code, name)]
            if len(spelt) == 1:
                return spelt[0]
        for spoken in (language, "en"):
            if spoken in meanings:
                return meanings[spoken]
        codes = dict.fromkeys(code for code in meanings.values() if code)
        raise AmbiguousNameError(tuple(self._entries[code].name("en") for code in codes))

    def _spells(self, code: str, name: str) -> bool:
        entry = self._entries[code]
        names = [*entry.names.values(), *(synonym for group in entry.synonyms.values() for synonym in group)]
        return name.casefold() in {listed.casefold() for listed in names}

    def search(self, query: str) -> Sequence[Named]:
        """Return matching entries: exact before prefix before part of a name before near."""
        folded = fold(query)
        if not folded:
            return tuple(self._entries[code] for code in self._lines)
        places: tuple[list[str], ...] = ([], [], [])
        for code, lines in self._lines.items():
            if folded in lines:
                places[_place(folded, lines)].append(code)
        found = [code for place in places for code in place]
        known = set(found)
        near = [code for code in self._near(folded, minimum=_MIN_SIMILARITY) if code not in known]
        return tuple(self._entries[code] for code in (*found, *near))

    def _near(self, folded: str, *, minimum: int) -> list[str]:
        """Return the codes of the names that are nearest, best first.

        The quick measure chooses some names; the one for which two letters that changed places are one slip
        of the hand puts them in order.
        """
        if minimum and not _MIN_NEAR_LETTERS <= len(folded) <= 2 * self._longest:
            return []
        # What a name cannot be as long as is no misspelling of it, and comparing takes time for its length.
        query = folded[: 2 * self._longest]
        matches = process.extract(
            query, self._names, scorer=fuzz.ratio, limit=_COMPARED, score_cutoff=minimum
        )
        chosen = sorted(matches, key=lambda match: (-OSA.normalized_similarity(query, match[0]), match[2]))
        return list(dict.fromkeys(self._owners[name] for name, _, _ in chosen[: 5 * _NEAREST]))


def _homonyms(entries: Iterable[Named]) -> dict[str, dict[str, str | None]]:
    """Return the names that mean different things: by language which entry, or none of them."""
    meanings: dict[str, dict[str, str | None]] = defaultdict(dict)
    for entry in entries:
        for language, name in entry.names.items():
            meanings[fold(name)][language] = entry.code
        for language, names in entry.synonyms.items():
            meanings.update({fold(name): {**meanings[fold(name)], language: entry.code} for name in names})
        for language, names in entry.means_other.items():
            meanings.update({fold(name): {language: None, **meanings[fold(name)]} for name in names})
    return {name: codes for name, codes in meanings.items() if len(set(codes.values())) > 1}


def _folded(entry: Named) -> tuple[list[str], list[str], list[str]]:
    """Return an entry's code, its preferred names and its synonyms, each once."""
    synonyms = (name for group in entry.synonyms.values() for name in group)
    seen: set[str] = set()
    kinds: tuple[list[str], list[str], list[str]] = ([], [], [])
    for kind, names in enumerate(((entry.code,), entry.names.values(), synonyms)):
        for name in map(fold, names):
            if name not in seen:
                seen.add(name)
                kinds[kind].append(name)
    return kinds


def _place(query: str, lines: str) -> int:
    if f"{_END}{query}{_END}" in lines:
        return 0
    return 1 if f"{_END}{query}" in lines else 2
