"""What an absence or a suitability speaks of: as little as its words allow, for it hides nothing listed."""

import re
from dataclasses import dataclass, replace

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Found, touch
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.services.screening.reach import NOWHERE, Reach, last_character, starts_sentence
from backend.utils.text import Folded

_LIST_ENDS = re.compile(r"[.!?](?:\s|\Z)|[;)\]]")
_ITEM_ENDS = re.compile(r"\s?(?:[,.(\[\d]|\Z)")
_SENTENCE = re.compile(r"[.!?:;](?:\s|\Z)|[()\[\]]")
_COMMA = re.compile(r",(?!\d)")
_CLOSING = re.compile(r"[)\]]")
_JOINING = ",/+&*;|\u2022\u00b7\u25cf\u2023"
_GENITIVES = frozenset(
    (
        *("of", "de", "d", "du", "des", "di", "del", "dello", "della", "dei", "degli", "delle", "do", "da"),
        *("dos", "das", "von", "vom", "van", "der", "av", "af", "al", "z", "ze", "od", "din"),
    )
)  # "free from proteins of milk"
_MIN_FOODS = 3  # that no law names, after an absence: then a list goes on
_BEFORE = 200  # characters in which the list is looked for that an absence stands in
_LISTED = {Role.TERM, Role.MAYBE}
_THINGS = {Role.TERM, Role.MAYBE, Role.PLAIN}
WITHOUT_THING = {Role.FILLER, Role.CLAUSE, Role.NEGATION, Role.FREE_SUFFIX}


def surveyed(label: Folded, original: str, reach: Reach, *, is_listed: bool) -> Reach:
    """Look once at what follows an opener, however many commas come.

    Of a list that says what it is, an absence is an item; elsewhere what it names tells.
    """
    things = [item for item in reach.following(reach.limit) if item.meaning.role in _THINGS]
    thing_at = next((item.start for item in things), NOWHERE)
    declared_at = next((item.start for item in things if reach.is_declared(item)), NOWHERE)
    inline = is_listed or (
        not starts_sentence(label, original, reach.opener.start) and _names_others(label.text, reach)
    )
    turns_at = NOWHERE
    if not inline and (_is_within_list(label.text, reach.opener.start) or _lists_foods(label.text, reach)):
        comma = label.text.find(",", thing_at, reach.limit)
        turns_at = comma if comma >= 0 else NOWHERE
    return replace(reach, inline=inline, thing_at=thing_at, declared_at=declared_at, turns_at=turns_at)


def _is_within_list(text: str, position: int) -> bool:
    """Whether a comma stands between the beginning of the sentence and a place in it."""
    before = text[max(0, position - _BEFORE) : position]
    return bool(_COMMA.search(_SENTENCE.split(before)[-1]))


def _lists_foods(text: str, reach: Reach) -> bool:
    """Whether a list names several foods that no law requires: an absence seldom does."""
    stop = _LIST_ENDS.search(text, reach.opener.end, reach.limit)
    foods = (
        item
        for item in reach.following(stop.start() if stop else reach.limit)
        if item.meaning.role is Role.TERM and not reach.is_declared(item)
    )
    return sum(1 for _ in foods) >= _MIN_FOODS


def _names_others(text: str, reach: Reach) -> bool:
    """Whether a list names anything but allergens, as lists of ingredients do and of absences do not."""
    stop = _LIST_ENDS.search(text, reach.opener.end, reach.limit)
    return any(
        item.meaning.role in _THINGS and not reach.is_declared(item) and _is_item(text, item)
        for item in reach.following(stop.start() if stop else reach.limit)
    )


def _is_item(text: str, item: Found) -> bool:
    """Whether a phrase stands between commas, perhaps with its share."""
    return last_character(text, item.start) == "," and bool(_ITEM_ENDS.match(text, item.end))


def runs_on(text: str, reach: Reach) -> bool:
    """Whether an allergen follows what is absent, with nothing between them: "free from colours milk"."""
    things = (item for item in reach.following(reach.limit) if item.meaning.role not in WITHOUT_THING)
    first, second = next(things, None), next(things, None)
    if first is None or second is None or reach.is_declared(first):
        return False
    return reach.is_declared(second) and touch(text, first, second)


def first_thing_end(reach: Reach) -> int:
    """Return where the one thing ends that an absence speaks of."""
    things = (item for item in reach.following(reach.limit) if item.meaning.role not in WITHOUT_THING)
    return next((item.end for item in things), reach.limit)


def certain_until(text: str, reach: Reach, end: int, lexicon: Lexicon) -> tuple[int, int]:
    """Return where what is absent for certain ends, and where the clause does.

    What stands between the two may be absent, and may as well be listed: "free from gluten (milk)", "free
    from xyz milk", "suitable for xyz milk".

    Args:
        text: The folded label.
        reach: The absence or suitability.
        end: Where it would end if all of it were absent.
        lexicon: The words that speak of allergies.
    """
    opener = reach.opener
    if reach.kind is ClauseKind.SUITABILITY and not lexicon.allergy.search(text, opener.start, end):
        return opener.end, end
    walk = _Walk(text, reach, end, opener.end, reach.index)
    for item in reach.following(end):
        if walk.leaves_before(item):
            return (walk.place, walk.place) if walk.is_over else (min(walk.place, reach.turns_at), end)
        walk.take(item)
    return min(end, reach.turns_at), end


@dataclass(slots=True)
class _Walk:
    """A way along an absence, from thing to thing, as long as joints lead from one to the next.

    Attributes:
        place: How far it came.
        index: Which phrase it came to.
        last: The last thing; none if that was not understood.
        depth: Brackets that it is in.
        is_over: Whether something else begins for certain where it leaves the absence.
    """

    text: str
    reach: Reach
    end: int
    place: int
    index: int
    last: Found | None = None
    has_thing: bool = False
    is_joined: bool = False
    depth: int = 0
    is_over: bool = False

    def leaves_before(self, item: Found) -> bool:
        """Whether a thing may be no part of the absence: nothing joins it to what was absent before."""
        if item.start == self.place:  # a part of the same word: "haselnuss|milch"
            return False
        if self._crosses(item.start):
            return True
        return item.meaning.role in _LISTED and not self.depth and self.has_thing and not self.is_joined

    def take(self, item: Found) -> None:
        """Go on behind a phrase."""
        self.place = item.end
        self.index += 1
        role = item.meaning.role
        if role is Role.FILLER:
            phrase = self.text[item.start : item.end]
            is_joint = item.meaning.joins or self.reach.kind is ClauseKind.SUITABILITY
            self.is_joined = self.is_joined or is_joint or phrase in _GENITIVES
        elif role not in WITHOUT_THING:
            self.has_thing, self.is_joined, self.last = True, False, item

    def _crosses(self, until: int) -> bool:
        """Whether the way to a place leaves the absence: by a colon, or a bracket of something else."""
        for position in range(self.place, until):
            character = self.text[position]
            if character.isalpha():  # of a word that was not understood
                self.has_thing, self.is_joined, self.last = True, False, None
            elif character in _JOINING:
                self.is_joined = True
            elif character in "([":
                if self.has_thing and not self.depth and not self._tells_kinds(position):
                    return self._leave(position)
                self.depth += 1
            elif character in ")]":
                self.depth = max(0, self.depth - 1)
            elif character in ":=" and self.has_thing and not self.depth:
                return self._leave(position)
        return False

    def _leave(self, position: int) -> bool:
        self.place = position
        self.is_over = self.last is not None and not self.reach.is_declared(self.last)
        return True

    def _tells_kinds(self, bracket: int) -> bool:
        """Whether a bracket names nothing but kinds of what is absent: "gluten (wheat, rye)"."""
        if self.last is None or not self.reach.is_declared(self.last):
            return False
        families = {code.partition(".")[0] for code in self.last.meaning.codes}
        closing = _CLOSING.search(self.text, bracket, self.end)
        close = closing.start() if closing else self.end
        return all(
            code.partition(".")[0] in families
            for item in self.reach.following(close, after=self.index)
            if item.meaning.role in _LISTED
            for code in item.meaning.codes
        )
