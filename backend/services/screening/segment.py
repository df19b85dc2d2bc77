"""Dividing a label into clauses: what a part of it says about the words in it.

Ending a clause too late can turn a warning into nothing, ending it too early only warns too much: where a
label leaves the end open, it ends early.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backend.schemas.screening import ClauseKind
from backend.services.screening.lexicon import Meaning, Role
from backend.utils.text import Folded

_TO_THE_NEXT = {ClauseKind.INGREDIENTS}
_TO_THE_ITEM = {ClauseKind.FREE_FROM, ClauseKind.SUITABILITY}
_OPEN_ENDED = ",:(&["  # a line that ends so goes on in the next one


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a folded text, with the meaning that it has there; offsets into the folded text."""

    start: int
    end: int
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Clauses:
    """Where each clause begins, and its kind; the first begins at 0."""

    starts: tuple[int, ...]
    kinds: tuple[ClauseKind, ...]

    def at(self, position: int) -> ClauseKind:
        """Return the kind of the clause around a position of the folded text."""
        return self.kinds[bisect_right(self.starts, position) - 1]


def segment(label: Folded, original: str, found: Sequence[Found]) -> Clauses:
    """Divide a label by the phrases that open clauses.

    Args:
        label: The folded label.
        original: The label itself, for its line breaks.
        found: The phrases in it, in order.
    """
    starts, kinds = [0], [ClauseKind.INGREDIENTS]

    def begin(position: int, kind: ClauseKind) -> None:
        if starts[-1] == position:
            kinds[-1] = kind
        elif kinds[-1] is not kind:
            starts.append(position)
            kinds.append(kind)

    openers = [index for index, item in enumerate(found) if _opens(index, found)]
    for place, index in enumerate(openers):
        opener = found[index]
        kind = opener.meaning.opens or ClauseKind.INGREDIENTS
        limit = found[openers[place + 1]].start if place + 1 < len(openers) else len(label.text)
        begin(opener.start, kind)
        end = _end(label, original, found, index, limit)
        if end < limit:
            begin(end, ClauseKind.INGREDIENTS)
    return _with_absences(Clauses(tuple(starts), tuple(kinds)), label, found)


def _opens(index: int, found: Sequence[Found]) -> bool:
    """Whether a phrase opens a clause: "that contains" within "made in a place that contains" does not."""
    meaning = found[index].meaning
    if meaning.role is not Role.CLAUSE:
        return False
    if meaning.opens is not ClauseKind.CONTAINS:
        return True
    for earlier in reversed(found[:index]):
        if earlier.meaning.role is Role.CLAUSE and earlier.meaning.opens is ClauseKind.PRECAUTIONARY:
            return False
        if earlier.meaning.role is not Role.FILLER:
            return True
    return True


def _end(label: Folded, original: str, found: Sequence[Found], index: int, limit: int) -> int:
    opener = found[index]
    kind = opener.meaning.opens
    if kind in _TO_THE_NEXT:
        return limit
    if kind is ClauseKind.FREE_FROM and opener.meaning.words == 1:
        # "without milk powder eggs": a single word speaks of the one thing that follows it.
        limit = min(limit, _first_term_end(found, index, limit))
    depth = 0
    for position in range(opener.end, limit):
        character = label.text[position]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth < 0:
                return position
        elif depth == 0 and _stops(label, original, position, opener):
            return position
    return limit


def _first_term_end(found: Sequence[Found], index: int, limit: int) -> int:
    return next((item.end for item in found[index + 1 :] if item.meaning.role is Role.TERM), limit)


def _stops(label: Folded, original: str, position: int, opener: Found) -> bool:
    text, character = label.text, label.text[position]
    following = text[position + 1 : position + 2]
    if character in ".!?":
        return following in {"", " "}
    if character == ";":
        return opener.meaning.opens in _TO_THE_ITEM
    if character == "," and opener.meaning.opens in _TO_THE_ITEM:
        return opener.meaning.words == 1
    breaks = original.count("\n", label.starts[position], label.ends[position]) if character == " " else 0
    if not breaks:
        return False
    before = text[:position].rstrip()[-1:]
    return breaks > 1 or (position > opener.end and before not in _OPEN_ENDED)


def _with_absences(clauses: Clauses, label: Folded, found: Sequence[Found]) -> Clauses:
    """Mark what a suffix denies: the "milk" of "milk-free"."""
    absent = list(_denied(label, found))
    if not absent:
        return clauses
    edges = sorted({*clauses.starts, *(edge for item in absent for edge in (item.start, item.end))})
    denied = {item.start for item in absent}
    kinds = [ClauseKind.FREE_FROM if edge in denied else clauses.at(edge) for edge in edges]
    return Clauses(tuple(edges), tuple(kinds))


def _denied(label: Folded, found: Sequence[Found]) -> Iterator[Found]:
    for before, suffix in pairwise(found):
        is_suffix = suffix.meaning.role is Role.FREE_SUFFIX and before.meaning.role is Role.TERM
        if is_suffix and label.text[before.end : suffix.start].isspace():
            yield before
