"""What a label is divided into, and what turns a part of it round."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from backend.schemas.screening import ClauseKind
from backend.services.screening.meanings import Meaning, Role

_PART = re.compile(r"[.!?;:,()\[\]]")  # "not" has no say beyond these
_LOOK_BACK = 8  # phrases between a "not" and what it denies: "cannot guarantee that it is free from"


class Found(NamedTuple):
    """A phrase in a folded text, with the meaning that it has there; offsets into the folded text."""

    start: int
    end: int
    meaning: Meaning


def touch(text: str, before: Found, after: Found) -> bool:
    """Whether nothing but space stands between two phrases, or not even that within a word."""
    return not text[before.end : after.start].strip()


class Clauses(NamedTuple):
    """Where each clause begins, and its kind; the first begins at 0.

    Attributes:
        unsure: Stretches of absences that may as well be a list which goes on, in order.
    """

    starts: tuple[int, ...]
    kinds: tuple[ClauseKind, ...]
    unsure: tuple[tuple[int, int], ...] = ()

    def at(self, position: int) -> ClauseKind:
        """Return the kind of the clause around a position of the folded text."""
        return self.kinds[bisect_right(self.starts, position) - 1]

    def is_unsure(self, position: int) -> bool:
        """Whether what stands there may be listed, although it may belong to an absence."""
        place = bisect_right(self.unsure, (position, position)) - 1
        return any(start <= position < end for start, end in self.unsure[max(0, place) : place + 2])


def is_denied(index: int, found: Sequence[Found], text: str) -> bool:
    """Whether a "not" or a warning before a phrase turns what it says into its opposite."""
    for place in range(index - 1, max(-1, index - 1 - _LOOK_BACK), -1):
        earlier = found[place]
        if _PART.search(text, earlier.end, found[index].start):
            return False
        if earlier.meaning.role is Role.NEGATION or earlier.meaning.opens is ClauseKind.PRECAUTIONARY:
            return True
        if earlier.meaning.role in {Role.TERM, Role.CLAUSE}:
            return False
    return False
