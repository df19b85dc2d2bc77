"""Sentences of nothing but absences: "without milk, eggs or soya"."""

import re

from backend.schemas.screening import ClauseKind
from backend.services.screening.absences import WITHOUT_THING
from backend.services.screening.clauses import Found
from backend.services.screening.reach import Reach, last_character, starts_sentence
from backend.utils.text import Folded

_ROW = re.compile(r"[\s,/&+]*")  # between things that are absent together
_CLOSED = re.compile(r"\s*(?:[.!?](?:\s|\Z)|\Z)")
_GOES_ON = (",", ";", ":", "(")  # what stands behind these is no beginning of a sentence
_NEITHER = {  # what says of a whole row that none of it is there, by the language of the opener; folded
    "cs": {"nebo", "ani", "ci"},
    "da": {"eller"},
    "de": {"oder", "noch"},
    "en": {"or", "nor"},
    "es": {"o", "u", "ni"},
    "fi": {"tai", "eika"},
    "fr": {"ou", "ni"},
    "hr": {"ili", "ni", "niti"},
    "hu": {"vagy", "sem"},
    "it": {"o", "od", "ne"},
    "nl": {"of", "noch"},
    "no": {"eller"},
    "pl": {"lub", "ani", "albo"},
    "pt": {"ou", "nem"},
    "ro": {"sau", "ori", "nici"},
    "sv": {"eller"},
}


def joined_end(label: Folded, original: str, reach: Reach) -> int:
    """Return where a sentence of nothing but absences ends: "without milk, eggs or soya".

    Nought anywhere else, since in a list the same words may go on: "tofu, pasta without milk and eggs, salt".
    """
    end = _row_end(label, original, reach) if reach.opener.meaning.single else 0
    return end if end and _begins_with_absence(label, original, reach) else 0


def _row_end(label: Folded, original: str, reach: Reach) -> int:
    """Return where a row of allergens ends that a joint leads to the last of, and a sentence with it.

    "Without milk and eggs" names what is absent. After a comma or on another line, "and" may as well end a
    list: "without gluten, milk and eggs" clears no milk. Only "or" and "nor" speak of the whole row.
    """
    place, things, joint = reach.opener.end, 0, None
    is_parted = False
    for item in reach.following(reach.limit):
        if not _ROW.fullmatch(label.text, place, item.start):
            return 0
        is_parted = is_parted or _is_parted(label, original, place, item.start)
        if reach.is_declared(item):
            things, place = things + 1, item.end
            if things > 1 and joint is not None:
                is_row = _is_neither(label.text, joint, reach.opener) if is_parted else True
                return place if is_row and _is_closed(label, original, reach, place) else 0
            is_parted, joint = is_parted or things > 1, None
        elif not item.meaning.joins:
            return 0
        else:
            joint, place = item, item.end
    return 0


def _is_parted(label: Folded, original: str, start: int, end: int) -> bool:
    """Whether a comma, another mark or the end of a line stands between two phrases."""
    between = label.text[start:end]
    return bool(between.strip()) or "\n" in original[label.starts[start] : label.starts[end]]


def _is_neither(text: str, joint: Found, opener: Found) -> bool:
    """Whether a joint is an "or" of the language in which an absence is said."""
    words = _NEITHER.get(opener.meaning.language, ())
    return joint.meaning.language == opener.meaning.language and text[joint.start : joint.end] in words


def _is_closed(label: Folded, original: str, reach: Reach, place: int) -> bool:
    """Whether a sentence ends at a place, or the next statement begins on a line of its own."""
    if _CLOSED.match(label.text, place):
        return True
    return label.text[place : reach.limit] == " " and starts_sentence(label, original, reach.limit)


def _begins_with_absence(label: Folded, original: str, reach: Reach) -> bool:
    place, first = reach.index, reach.opener
    while not starts_sentence(label, original, first.start):
        before = reach.found[place - 1] if place else None
        if before is None or not _ROW.fullmatch(label.text, before.end, first.start):
            return False
        if not reach.is_declared(before) and before.meaning.role not in WITHOUT_THING:
            return False
        place, first = place - 1, before
    return (
        first.meaning.opens is ClauseKind.FREE_FROM
        and last_character(label.text, first.start) not in _GOES_ON
    )
