"""What stands after the thing that it speaks of: "milk-free", the Hungarian "tejet tartalmazhat"."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found, is_denied, touch
from backend.services.screening.meanings import Role
from backend.services.screening.reach import last_character, starts_sentence
from backend.utils.text import Folded

_APART = re.compile(r"\n|\s[-\u2010-\u2015]\s")
_JOINED = re.compile(r"\s*")
_LISTED = re.compile(r"[\s,/]*")  # between the things of one list
_SHARING = re.compile(r"[\s,/&+]*")  # between the things that share one suffix
_SENTENCE = re.compile(r"[.!?;](?:\s|\Z)")
_ENDS = re.compile(r"\s?(?:[.!?,;:()\[\]/|&+\u2022]|\Z)")
_WORD = re.compile(r"\s?[^\W\d_]")
_DASHES = "-\u2010\u2011\u2012\u2013"
_DASHED = re.compile(f"[{_DASHES}]")
_JOINTS = "/&+"
_GOES_ON = ",;:("  # what stands behind these is no beginning
_BEFORE = 200  # characters in which the list is looked for that a thing stands in
_FOODS = {Role.TERM, Role.MAYBE, Role.TRAP}
_LISTABLE = {*_FOODS, Role.PLAIN}


class _Absent(NamedTuple):
    """A thing that is absent, and to where it may be listed all the same; nought if it may not."""

    item: Found
    kind: ClauseKind
    unsure_until: int = 0


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
    clauses: Clauses,
    label: Folded,
    original: str,
    found: Sequence[Found],
    before: Mapping[int, list[int]],
    declared: Collection[str],
) -> Clauses:
    """Mark what a suffix speaks of: the "milk" of "milk-free", unless a denial or a warning says it.

    Where something else than the thing follows that is free of it, or a line ends between the two, the milk
    may be listed as well.

    Args:
        clauses: What was found without them.
        label: The folded label.
        original: The label itself.
        found: The phrases in it, in order.
        before: What stands before a phrase that may follow it, as `objects_before` gives it.
        declared: What some law requires on labels, since lists of absences are made of it.
    """
    absent = [
        one
        for one in (*_suffixed(label, original, found, declared), *_followed(label, found, before))
        if clauses.at(one.item.start) is not ClauseKind.PRECAUTIONARY
    ]
    if not absent:
        return clauses
    marked = {one.item.start: one.kind for one in absent}
    ends = {one.item.end for one in absent}
    edges = sorted({*clauses.starts, *marked, *ends})
    kinds = [marked.get(edge) or clauses.at(edge) for edge in edges]
    unsure = ((one.item.start, one.unsure_until) for one in absent if one.unsure_until)
    return Clauses(tuple(edges), tuple(kinds), tuple(sorted({*clauses.unsure, *unsure})))


def _suffixed(
    label: Folded, original: str, found: Sequence[Found], declared: Collection[str]
) -> Iterator[_Absent]:
    for index in range(len(found) - 1):
        suffix, item = found[index + 1], found[index]
        if suffix.meaning.role is not Role.FREE_SUFFIX or item.meaning.role is not Role.TERM:
            continue
        if not touch(label.text, item, suffix):
            continue
        kind = _unless_denied(ClauseKind.FREE_FROM, index, found, label.text)
        yield _Absent(item, kind, 0 if _governs(label, original, found, index) else suffix.end)
        yield from _sharing(label, original, found, index, declared)


def _governs(label: Folded, original: str, found: Sequence[Found], index: int) -> bool:
    """Whether a suffix speaks of the thing before it: "sugar, milk free sample" lists milk.

    Where both are one word it does. Where they stand apart within a list, what is free of it must follow, or
    nothing.
    """
    item, suffix = found[index], found[index + 1]
    between = original[label.ends[item.end - 1] : label.starts[suffix.start]]
    if not between or between in _DASHES:
        return True
    if _APART.search(between):
        return False
    if _stops(label, original, suffix.end) or not _is_listed(label.text, found, index):
        return True
    return _names_food(label.text, found, index + 2)


def _names_food(text: str, found: Sequence[Found], first: int) -> bool:
    """Whether phrases name a food to the end of their item: no "sample", and no "chocolate sample"."""
    place = first
    while place < len(found) and touch(text, found[place - 1], found[place]):
        place += 1
    if place == first or _WORD.match(text, found[place - 1].end):
        return False
    return found[first].meaning.role in _FOODS or found[first].meaning.joins


def _stops(label: Folded, original: str, end: int) -> bool:
    """Whether an item, a sentence or a line ends there."""
    if _ENDS.match(label.text, end):
        return True
    return label.text[end] == " " and "\n" in original[label.starts[end] : label.ends[end]]


def _is_listed(text: str, found: Sequence[Found], index: int) -> bool:
    """Whether a list stands before a phrase that names more than what is absent."""
    item = found[index]
    for place in range(index - 1, -1, -1):
        earlier = found[place]
        if earlier.end < item.start - _BEFORE or _SENTENCE.search(text, earlier.end, item.start):
            return False
        role = earlier.meaning.role
        if role is Role.CLAUSE:
            return True
        is_absent = found[place + 1].meaning.role is Role.FREE_SUFFIX
        if role in _LISTABLE and not is_absent and "," in text[earlier.end : item.start]:
            return True
    return False


def _sharing(
    label: Folded, original: str, found: Sequence[Found], index: int, declared: Collection[str]
) -> Iterator[_Absent]:
    """Yield what shares the suffix of a thing: "gluten, dairy and egg free", "Gluten- und eifrei".

    A dash says so. Without it, a sentence that begins with nothing but what some law requires on labels does,
    if the last of them is joined; where something follows that may be free of the last alone, both readings
    are possible.
    """
    things, is_joined = _row(label.text, found, index)
    dashed = [place for place in things if _DASHED.match(original, label.ends[found[place].end - 1])]
    for place in dashed:
        yield _Absent(found[place], _unless_denied(ClauseKind.FREE_FROM, place, found, label.text))
    if dashed or not is_joined or not all(_is_declared(found[place], declared) for place in (*things, index)):
        return
    start = found[things[-1]].start
    goes_on = last_character(label.text, start)
    if (goes_on and goes_on in _GOES_ON) or not starts_sentence(label, original, start):
        return
    is_sure = _stops(label, original, found[index + 1].end)
    for place in things:
        kind = _unless_denied(ClauseKind.FREE_FROM, place, found, label.text)
        yield _Absent(found[place], kind, 0 if is_sure else found[place].end)


def _row(text: str, found: Sequence[Found], index: int) -> tuple[list[int], bool]:
    """Return the things in a row before another, the nearest first, and whether a joint leads to the last."""
    things: list[int] = []
    is_joined = False
    for place in range(index - 1, -1, -1):
        item, following = found[place], found[place + 1]
        if not _SHARING.fullmatch(text, item.end, following.start):
            break
        is_joined |= not things and any(joint in text[item.end : following.start] for joint in _JOINTS)
        if item.meaning.role is Role.TERM:
            things.append(place)
        elif item.meaning.joins:
            is_joined |= not things
        else:
            break
    return things, is_joined and bool(things)


def _is_declared(item: Found, declared: Collection[str]) -> bool:
    return any(code in declared for code in item.meaning.codes)


def _followed(label: Folded, found: Sequence[Found], before: Mapping[int, list[int]]) -> Iterator[_Absent]:
    for index, things in before.items():
        opens = found[index].meaning.opens or ClauseKind.PRECAUTIONARY
        kind = _unless_denied(opens, things[-1], found, label.text)
        yield from (_Absent(found[place], kind) for place in things)


def _unless_denied(kind: ClauseKind, index: int, found: Sequence[Found], text: str) -> ClauseKind:
    return ClauseKind.PRECAUTIONARY if is_denied(index, found, text) else kind
