"""What stands after the thing that it speaks of: "milk-free", the Hungarian "tejet tartalmazhat"."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found, is_denied, touch
from backend.services.screening.meanings import Role
from backend.utils.text import Folded

_APART = re.compile(r"\n|\s[-\u2010-\u2015]\s")
_JOINED = re.compile(r"\s*")
_LISTED = re.compile(r"[\s,/]*")  # between the things of one list
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_FREE_SUFFIX: Final = Role.FREE_SUFFIX


def objects_before(text: str, found: Sequence[Found], objects: Collection[str]) -> Mapping[int, list[int]]:
    """Return, for each phrase that may follow what it speaks of, the places of that, the nearest first.

    A list of ingredients names things as they are; only an object has an object's ending, so that "sugar,
    yoghurt, nuts (object) may be contained" warns of the nuts and still lists the yoghurt.

    Args:
        text: The folded label.
        found: The phrases in it, in order.
        objects: The names that have such an ending.
    """
    before: dict[int, list[int]] = {}
    for index, phrase in enumerate(found):
        if phrase.meaning.after and (things := list(_objects(text, found, index, objects))):
            before[index] = things
    return before


def _objects(text: str, found: Sequence[Found], index: int, objects: Collection[str]) -> Iterator[int]:
    between = _JOINED  # "milk, does not contain gluten": what stands before a comma is listed
    for place in range(index - 1, -1, -1):
        item, following = found[place], found[place + 1]
        if not between.fullmatch(text, item.end, following.start):
            return
        if text[item.start : item.end] in objects:
            yield place
            between = _LISTED
        elif item.meaning.role is not Role.FILLER:
            return


def with_suffixes(
    clauses: Clauses, label: Folded, original: str, found: Sequence[Found], before: Mapping[int, list[int]]
) -> Clauses:
    """Mark what a suffix speaks of: the "milk" of "milk-free", unless a denial or a warning says it.

    Where a line ends between the two, or a dash stands between spaces, the milk may be listed as well.
    """
    marked = {
        item.start: kind
        for item, kind in (*_suffixed(label, found), *_followed(label, found, before))
        if clauses.at(item.start) is not ClauseKind.PRECAUTIONARY
    }
    if not marked:
        return clauses
    ends = {item.end for item in found if item.start in marked}
    edges = sorted({*clauses.starts, *marked, *ends})
    kinds = [marked.get(edge) or clauses.at(edge) for edge in edges]
    apart = (
        (item.start, suffix.end)
        for item, suffix in pairwise(found)
        if suffix.meaning.role is _FREE_SUFFIX
        and item.start in marked
        and _APART.search(original, label.ends[item.end - 1], label.starts[suffix.start])
    )
    return Clauses(tuple(edges), tuple(kinds), tuple(sorted((*clauses.unsure, *apart))))


def _suffixed(label: Folded, found: Sequence[Found]) -> Iterator[tuple[Found, ClauseKind]]:
    for index, (before, suffix) in enumerate(pairwise(found)):
        is_suffix = suffix.meaning.role is _FREE_SUFFIX and before.meaning.role is Role.TERM
        if is_suffix and touch(label.text, before, suffix):
            yield before, _unless_denied(ClauseKind.FREE_FROM, index, found, label.text)


def _followed(
    label: Folded, found: Sequence[Found], before: Mapping[int, list[int]]
) -> Iterator[tuple[Found, ClauseKind]]:
    for index, things in before.items():
        opens = found[index].meaning.opens or ClauseKind.PRECAUTIONARY
        kind = _unless_denied(opens, things[-1], found, label.text)
        yield from ((found[place], kind) for place in things)


def _unless_denied(kind: ClauseKind, index: int, found: Sequence[Found], text: str) -> ClauseKind:
    return ClauseKind.PRECAUTIONARY if is_denied(index, found, text) else kind
