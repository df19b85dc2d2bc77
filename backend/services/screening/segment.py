"""Dividing a label into clauses: what a part of it says about the words in it.

Ending a clause too late can turn a warning into nothing, ending it too early only warns too much: where a
label leaves the end open, it ends early.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from backend.schemas.screening import ClauseKind
from backend.services.screening.absences import certain_until, first_thing_end, runs_on, surveyed
from backend.services.screening.clauses import Clauses, Found, is_denied
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.services.screening.reach import TO_THE_ITEM, Reach, last_character, starts_sentence
from backend.services.screening.rows import joined_end
from backend.services.screening.suffixes import objects_before, with_suffixes
from backend.utils.text import Folded

_TO_THE_NEXT = {ClauseKind.INGREDIENTS}
_ASIDES = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}
_OPEN_ENDED = ",:(&["  # a line that ends so goes on in the next one
_SENTENCE_END = re.compile(
    r"[.!?;\uff0e\uff01\uff1f\uff1b](?:\s|\Z)|(?<![,;(])\n"
)  # full width too: it is not folded
_JOINTS = "/+*"  # end one thing, unless a list of allergens goes on
_BULLETS = "\u2022\u00b7\u25cf\u2023|"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014"
_DASH_BETWEEN_SPACES = 2  # the dash itself and one space would do for "co- founder"
_PART = re.compile(r"[.!?;:,()\[\]]")
_MAX_LIST = 4_000  # characters in which the end of a list is looked for
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_CLAUSE: Final = Role.CLAUSE
_DIVIDING = {Role.CLAUSE, Role.FREE_SUFFIX}
_UNDIVIDED: Final = Clauses((0,), (ClauseKind.INGREDIENTS,))


def segment(label: Folded, original: str, found: Sequence[Found], lexicon: Lexicon) -> Clauses:
    """Divide a label by the phrases that open clauses.

    Args:
        label: The folded label.
        original: The label itself, for its line breaks.
        found: The phrases in it, in order.
        lexicon: What some law requires on labels, since lists of absences are made of it; and which names
            have an object's ending.
    """
    if _DIVIDING.isdisjoint([item.meaning.role for item in found]):
        return _UNDIVIDED  # as half of all labels are
    return _divided(label, original, found, lexicon)


def _divided(label: Folded, original: str, found: Sequence[Found], lexicon: Lexicon) -> Clauses:
    before = objects_before(label.text, found, lexicon.objects)
    starts, kinds = [0], [ClauseKind.INGREDIENTS]

    def begin(position: int, kind: ClauseKind) -> None:
        if starts[-1] == position:
            kinds[-1] = kind
        elif kinds[-1] is not kind:
            starts.append(position)
            kinds.append(kind)

    openers = [
        (index, kind)
        for index, item in enumerate(found)
        if item.meaning.role is _CLAUSE
        and index not in before
        and (kind := _opened(index, found, label.text, lexicon))
    ]
    unsure: list[tuple[int, int]] = []
    aside_until = list_until = -1
    for place, (index, kind) in enumerate(openers):
        opener = found[index]
        limit = found[openers[place + 1][0]].start if place + 1 < len(openers) else len(label.text)
        begin(opener.start, kind)
        # Within a list, "per 100 g" and "high in protein" speak of one ingredient, not of all that follow.
        narrow = kind in _ASIDES and not (
            aside_until == opener.start or starts_sentence(label, original, opener.start)
        )
        reach = Reach(found, index, kind, limit, narrow, lexicon.declared)
        list_until = _list_until(label, original, reach, list_until)
        if kind in TO_THE_ITEM:
            reach = surveyed(label, original, reach, is_listed=opener.start < list_until)
        end = _end(label, original, reach)
        if kind in TO_THE_ITEM:
            certain, end = certain_until(label.text, reach, end, lexicon)
            unsure.append((certain, end))
        aside_until = end if kind in _ASIDES and not narrow else -1
        if end < limit:
            begin(end, ClauseKind.INGREDIENTS)
    clauses = Clauses(tuple(starts), tuple(kinds), tuple(pair for pair in unsure if pair[0] < pair[1]))
    return with_suffixes(clauses, label, original, found, before, lexicon.declared)


def _opened(index: int, found: Sequence[Found], text: str, lexicon: Lexicon) -> ClauseKind | None:
    """Return the kind of clause that one of its phrases opens, if any.

    "That contains" within "made in a place that contains" opens none, nor does "allergens" within "free from
    these allergens"; and an absence that is denied or not guaranteed is a warning: "may not be suitable for",
    "cannot guarantee that it is free from".
    """
    meaning = found[index].meaning
    if meaning.opens is ClauseKind.CONTAINS and _continues(index, found, text, lexicon):
        return None
    if meaning.opens in TO_THE_ITEM and is_denied(index, found, text):
        return ClauseKind.PRECAUTIONARY
    return meaning.opens


def _continues(index: int, found: Sequence[Found], text: str, lexicon: Lexicon) -> bool:
    """Whether a phrase goes on with the warning or the absence before it."""
    for place in range(index - 1, -1, -1):
        meaning = found[place].meaning
        if meaning.opens is ClauseKind.PRECAUTIONARY:
            return True
        if meaning.opens is ClauseKind.FREE_FROM:
            is_noun = lexicon.allergy.search(text, found[index].start, found[index].end)
            return bool(is_noun) and not _PART.search(text, found[place].end, found[index].start)
        if meaning.role is not Role.FILLER:
            return False
    return False


def _end(label: Folded, original: str, reach: Reach) -> int:
    limit, opener = reach.limit, reach.opener
    if reach.kind in _TO_THE_NEXT:
        return limit
    if reach.kind is ClauseKind.FREE_FROM and (opener.meaning.single or runs_on(label.text, reach)):
        # "without milk powder eggs": such words speak of the one thing that follows them.
        if end := joined_end(label, original, reach):
            return end
        limit = min(limit, first_thing_end(reach))
    return _stop(label, original, reach, limit)


def _stop(label: Folded, original: str, reach: Reach, limit: int) -> int:
    opener, depth = reach.opener, 0
    for position in range(opener.end, limit):
        character = label.text[position]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth < 0:
                return position
        elif depth == 0 and _stops(label, original, position, reach):
            return position
    return limit


def _list_until(label: Folded, original: str, reach: Reach, before: int) -> int:
    """Return where the list that says what it is ends: with its sentence, or where another clause begins."""
    if reach.is_item or (reach.kind is ClauseKind.INGREDIENTS and before > reach.opener.start):
        return before
    if reach.kind is not ClauseKind.INGREDIENTS:
        return -1
    start = label.ends[reach.opener.end - 1]
    end = _SENTENCE_END.search(original, start, start + _MAX_LIST)
    return bisect_left(label.starts, end.start() if end else start + _MAX_LIST)


def _stops(label: Folded, original: str, position: int, reach: Reach) -> bool:
    text, character = label.text, label.text[position]
    if character in ".!?":
        return text[position + 1 : position + 2] in {"", " "}
    if reach.is_item:
        if character == ";":
            return True
        if character == "," or (character in _JOINTS and reach.thing_at < position):
            return not reach.lists(position)
        if _separates(label, original, position) and position > reach.opener.end:
            return True
    breaks = original.count("\n", label.starts[position], label.ends[position]) if character == " " else 0
    if not breaks:
        return False
    before = last_character(text, position)
    return breaks > 1 or (position > reach.opener.end and before not in _OPEN_ENDED)


def _separates(label: Folded, original: str, position: int) -> bool:
    """Whether a bullet or a dash between spaces stands here: folding makes one space of such a dash."""
    gap = original[label.starts[position] : label.ends[position]]
    return gap in _BULLETS or (len(gap) > _DASH_BETWEEN_SPACES and any(dash in gap for dash in _DASHES))
