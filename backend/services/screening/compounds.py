"""Taking long words apart: the German "Haselnussmark", the Swedish "vetemjöl", the Finnish "maitojauhetta".

A word is taken apart only if its parts leave no letter over, and so that they are as few as they can be: the
"milch" of "Kokosmilch" is no milk, since the word is listed as one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from backend.services.screening.clauses import Found
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Joints, Meaning, Part, Role

_PART_COST, _JOINT_COST = 2, 1  # of two ways to read a word, the one of fewer parts is meant
_MIN_INFLECTED = 5  # letters of a single part before an ending: "ei" and "s" are ice, and no egg
_MIN_FOREIGN = (
    5  # letters of a part that names something, where nothing else on the label is of that language
)
_SOURCES = {Role.TERM, Role.MAYBE}
_TELLING = {*_SOURCES, Role.FREE_SUFFIX}
_START = attrgetter("start")

Match = tuple[int, int, int]
"""A phrase in a folded text: its number in the lexicon, its start and its end; not always a whole word."""


class _Place(NamedTuple):
    start: int
    end: int
    part: Part


class _Step(NamedTuple):
    """The cheapest way to read a word up to the end of a part."""

    cost: int
    parts: int
    place: _Place
    before: "_Step | None"


def take_apart(
    text: str, word: tuple[int, int], inside: Sequence[Match], lexicon: Lexicon, languages: Collection[str]
) -> list[Found]:
    """Return the parts of a word that say something, or nothing if its letters do not all belong to parts.

    Args:
        text: The folded label.
        word: Where the word starts and ends.
        inside: The phrases in the word.
        lexicon: The words to read it with.
        languages: The languages of the label, the likeliest first; the others are tried after them, without
            endings: the German "Störe" are no English "store". Where no word tells the
            language, none is foreign.
    """
    parted = _places(inside, lexicon)
    foreign = [name for name in lexicon.joints if name in parted and name not in languages]
    for language in [*(name for name in languages if name in parted), *foreign]:
        joints, places = lexicon.joints[language], parted[language]
        if language in foreign:
            joints = _without_endings(joints) if languages else joints
            places = [place for place in places if _is_telling(place)]
        places.sort(key=_START)
        if last := _read(text, word, places, joints):
            return list(_tiled(word, last, language))
    return []


@cache
def _without_endings(joints: Joints) -> Joints:
    return replace(joints, endings=())


def _places(inside: Sequence[Match], lexicon: Lexicon) -> dict[str, list[_Place]]:
    """Return what may be parts of a word, for each language that knows any."""
    places: dict[str, list[_Place]] = {}
    for phrase, start, end in inside:
        for part in lexicon.parts[phrase]:
            places.setdefault(part.meaning.language, []).append(_Place(start, end, part))
    return places


def _is_telling(place: _Place) -> bool:
    """Whether a part counts where nothing else on the label is of its language."""
    return place.end - place.start >= _MIN_FOREIGN or place.part.meaning.role not in _SOURCES


def _read(text: str, word: tuple[int, int], places: Sequence[_Place], joints: Joints) -> _Step | None:
    """Return the last step of the cheapest way through a word; its time grows with the number of places."""
    begin, end = word
    steps: dict[int, _Step] = {}
    last: _Step | None = None
    for place in places:
        step = _step(text, place, begin, steps, joints)
        if step is None:
            continue
        if _is_cheaper(step, steps.get(place.end)):
            steps[place.end] = step
        closed = _closed(text, step, end, joints)
        if closed and _is_cheaper(closed, last):
            last = closed
    return last


def _step(text: str, place: _Place, begin: int, steps: dict[int, _Step], joints: Joints) -> _Step | None:
    start = place.start
    if start == begin:
        return _Step(_PART_COST, 1, place, None) if place.part.begins else None
    best = steps.get(start)
    cost = best.cost if best else 0
    for link in joints.links:
        earlier = steps.get(start - len(link))
        if earlier and text.endswith(link, begin, start) and (not best or earlier.cost + _JOINT_COST < cost):
            best, cost = earlier, earlier.cost + _JOINT_COST
    return _Step(cost + _PART_COST, best.parts + 1, place, best) if best else None


def _closed(text: str, step: _Step, end: int, joints: Joints) -> _Step | None:
    """Return a step with the cost of the ending after it, if it can be the last one of its word."""
    place = step.place
    if not place.part.ends:
        return None
    if place.end == end:
        return step if step.parts > 1 else None
    if text[place.end : end] not in joints.endings or (
        step.parts == 1 and place.end - place.start < _MIN_INFLECTED
    ):
        return None
    return _Step(step.cost + _JOINT_COST, step.parts, place, step.before)


def _is_cheaper(step: _Step, known: _Step | None) -> bool:
    return known is None or step.cost < known.cost


def _tiled(word: tuple[int, int], last: _Step, language: str) -> Iterator[Found]:
    """Yield what says something; the letters of the rest belong to what stands before them."""
    told: list[_Place] = []
    step: _Step | None = last
    while step is not None:
        if step.place.part.meaning.role in _TELLING:
            told.append(step.place)
        step = step.before
    if not told:
        yield Found(*word, Meaning(language, Role.PLAIN))
        return
    told.reverse()
    starts = [word[0], *(place.start for place in told[1:]), word[1]]
    for index, place in enumerate(told):
        yield Found(starts[index], starts[index + 1], place.part.meaning)
