"""Dividing a label into clauses: what a part of it says about the words in it.

Ending a clause too late can turn a warning into nothing, ending it too early only warns too much: where a
label leaves the end open, it ends early.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found, is_denied, touch
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.services.screening.suffixes import objects_before, with_suffixes
from backend.utils.text import Folded

_TO_THE_NEXT = {ClauseKind.INGREDIENTS}
_TO_THE_ITEM = {ClauseKind.FREE_FROM, ClauseKind.SUITABILITY}
_ASIDES = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}
_OPEN_ENDED = ",:(&["  # a line that ends so goes on in the next one
_SENTENCE_ENDS = ".!?:"
_LIST_ENDS = re.compile(r"[.!?](?:\s|\Z)|[;)\]]")
_SENTENCE_END = re.compile(r"[.!?;](?:\s|\Z)|(?<![,;(])\n")
_ITEM_ENDS = re.compile(r"\s?(?:[,.(\[\d]|\Z)")
_JOINTS = "/+*"  # end one thing, unless a list of allergens goes on
_BULLETS = "\u2022\u00b7\u25cf\u2023|"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014"
_DASH_BETWEEN_SPACES = 2  # the dash itself and one space would do for "co- founder"
_THINGS = {Role.TERM, Role.MAYBE, Role.PLAIN}
_WITHOUT_THING = {Role.FILLER, Role.CLAUSE, Role.NEGATION, Role.FREE_SUFFIX}
_MAX_LIST = 4_000  # characters in which the end of a list is looked for
_NOWHERE = 2**31


def segment(label: Folded, original: str, found: Sequence[Found], lexicon: Lexicon) -> Clauses:
    """Divide a label by the phrases that open clauses.

    Args:
        label: The folded label.
        original: The label itself, for its line breaks.
        found: The phrases in it, in order.
        lexicon: What some law requires on labels, since lists of absences are made of it; and which names
            have an object's ending.
    """
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
        for index in range(len(found))
        if index not in before and (kind := _opened(index, found, label.text))
    ]
    aside_until = list_until = -1
    for place, (index, kind) in enumerate(openers):
        opener = found[index]
        limit = found[openers[place + 1][0]].start if place + 1 < len(openers) else len(label.text)
        begin(opener.start, kind)
        # Within a list, "per 100 g" and "high in protein" speak of one ingredient, not of all that follow.
        narrow = kind in _ASIDES and not (
            aside_until == opener.start or _starts_sentence(label, original, opener.start)
        )
        reach = _Reach(found, index, kind, limit, narrow, lexicon.declared)
        list_until = _list_until(label, original, reach, list_until)
        if kind in _TO_THE_ITEM:
            reach = _surveyed(label, original, reach, is_listed=opener.start < list_until)
        end = _end(label, original, reach)
        aside_until = end if kind in _ASIDES and not narrow else -1
        if end < limit:
            begin(end, ClauseKind.INGREDIENTS)
    return with_suffixes(Clauses(tuple(starts), tuple(kinds)), label, found, before)


@dataclass(frozen=True, slots=True)
class _Reach:
    """What decides how far a clause goes: its opener, its kind, and where the next clause begins.

    Attributes:
        narrow: Whether it speaks of one item of a list alone.
        inline: Whether a list of ingredients goes on after it: "oats, free from gluten, milk, salt".
        thing_at: Where the first thing that it speaks of begins.
        declared_at: Where the first of them begins that some law requires on labels.
    """

    found: Sequence[Found]
    index: int
    kind: ClauseKind
    limit: int
    narrow: bool
    declared: Collection[str]
    inline: bool = False
    thing_at: int = _NOWHERE
    declared_at: int = _NOWHERE

    @property
    def opener(self) -> Found:
        """Return the phrase that opens the clause."""
        return self.found[self.index]

    def following(self, position: int) -> Iterator[Found]:
        """Yield the phrases between the opener and a position."""
        for place in range(self.index + 1, len(self.found)):
            if self.found[place].start >= position:
                return
            yield self.found[place]

    @property
    def is_item(self) -> bool:
        """Whether a dash, a bullet or a semicolon ends the clause."""
        return self.narrow or self.kind in _TO_THE_ITEM

    def lists(self, position: int) -> bool:
        """Whether a comma goes on with the same thing: "free from milk, eggs", not "no colours, milk"."""
        return self.declared_at < position and not (self.narrow or self.inline or self.opener.meaning.single)

    def is_declared(self, item: Found) -> bool:
        """Whether a phrase names what some law requires on labels."""
        return item.meaning.role is Role.TERM and any(code in self.declared for code in item.meaning.codes)


def _opened(index: int, found: Sequence[Found], text: str) -> ClauseKind | None:
    """Return the kind of clause that a phrase opens, if any.

    "That contains" within "made in a place that contains" opens none, and an absence that is denied or not
    guaranteed is a warning: "may not be suitable for", "cannot guarantee that it is free from".
    """
    meaning = found[index].meaning
    if meaning.role is not Role.CLAUSE:
        return None
    if meaning.opens is ClauseKind.CONTAINS and _continues_warning(index, found):
        return None
    if meaning.opens in _TO_THE_ITEM and is_denied(index, found, text):
        return ClauseKind.PRECAUTIONARY
    return meaning.opens


def _continues_warning(index: int, found: Sequence[Found]) -> bool:
    for place in range(index - 1, -1, -1):
        meaning = found[place].meaning
        if meaning.role is Role.CLAUSE and meaning.opens is ClauseKind.PRECAUTIONARY:
            return True
        if meaning.role is not Role.FILLER:
            return False
    return False


def _starts_sentence(label: Folded, original: str, position: int) -> bool:
    before = _last_character(label.text, position)
    if not before or before in _SENTENCE_ENDS:
        return True
    space = position - 1
    return label.text[space] == " " and "\n" in original[label.starts[space] : label.starts[position]]


def _end(label: Folded, original: str, reach: _Reach) -> int:
    limit, opener = reach.limit, reach.opener
    if reach.kind in _TO_THE_NEXT:
        return limit
    if reach.kind is ClauseKind.FREE_FROM and (opener.meaning.single or _runs_on(label.text, reach)):
        # "without milk powder eggs": such words speak of the one thing that follows them.
        limit = min(limit, _first_thing_end(reach))
    depth = 0
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


def _list_until(label: Folded, original: str, reach: _Reach, before: int) -> int:
    """Return where the list that says what it is ends: with its sentence, or where another clause begins."""
    if reach.is_item or (reach.kind is ClauseKind.INGREDIENTS and before > reach.opener.start):
        return before
    if reach.kind is not ClauseKind.INGREDIENTS:
        return -1
    start = label.ends[reach.opener.end - 1]
    end = _SENTENCE_END.search(original, start, start + _MAX_LIST)
    return bisect_left(label.starts, end.start() if end else start + _MAX_LIST)


def _surveyed(label: Folded, original: str, reach: _Reach, *, is_listed: bool) -> _Reach:
    """Look once at what follows an opener, however many commas come.

    Of a list that says what it is, an absence is an item; elsewhere what it names tells.
    """
    things = [item for item in reach.following(reach.limit) if item.meaning.role in _THINGS]
    thing_at = next((item.start for item in things), _NOWHERE)
    declared_at = next((item.start for item in things if reach.is_declared(item)), _NOWHERE)
    inline = is_listed or (
        not _starts_sentence(label, original, reach.opener.start) and _names_others(label.text, reach)
    )
    return replace(reach, inline=inline, thing_at=thing_at, declared_at=declared_at)


def _names_others(text: str, reach: _Reach) -> bool:
    """Whether a list names anything but allergens, as lists of ingredients do and of absences do not."""
    stop = _LIST_ENDS.search(text, reach.opener.end, reach.limit)
    return any(
        item.meaning.role in _THINGS and not reach.is_declared(item) and _is_item(text, item)
        for item in reach.following(stop.start() if stop else reach.limit)
    )


def _is_item(text: str, item: Found) -> bool:
    """Whether a phrase stands between commas, perhaps with its share."""
    return _last_character(text, item.start) == "," and bool(_ITEM_ENDS.match(text, item.end))


def _last_character(text: str, position: int) -> str:
    """Return what stands before a position, spaces aside: folding leaves one of them at most."""
    return text[max(0, position - 2) : position].rstrip()[-1:]


def _runs_on(text: str, reach: _Reach) -> bool:
    """Whether an allergen follows what is absent, with nothing between them: "free from colours milk"."""
    things = (item for item in reach.following(reach.limit) if item.meaning.role not in _WITHOUT_THING)
    first, second = next(things, None), next(things, None)
    if first is None or second is None or reach.is_declared(first):
        return False
    return reach.is_declared(second) and touch(text, first, second)


def _first_thing_end(reach: _Reach) -> int:
    things = (item for item in reach.following(reach.limit) if item.meaning.role not in _WITHOUT_THING)
    return next((item.end for item in things), reach.limit)


def _stops(label: Folded, original: str, position: int, reach: _Reach) -> bool:
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
    before = _last_character(text, position)
    return breaks > 1 or (position > reach.opener.end and before not in _OPEN_ENDED)


def _separates(label: Folded, original: str, position: int) -> bool:
    """Whether a bullet or a dash between spaces stands here: folding makes one space of such a dash."""
    gap = original[label.starts[position] : label.ends[position]]
    return gap in _BULLETS or (len(gap) > _DASH_BETWEEN_SPACES and any(dash in gap for dash in _DASHES))
