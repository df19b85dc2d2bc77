"""How far a clause goes: what its opener speaks of, and what stands between."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Found
from backend.services.screening.meanings import Role
from backend.utils.text import Folded

TO_THE_ITEM = {ClauseKind.FREE_FROM, ClauseKind.SUITABILITY}
NOWHERE = 2**31
_SENTENCE_ENDS = ".!?:"


@dataclass(frozen=True, slots=True)
class Reach:
    """What decides how far a clause goes: its opener, its kind, and where the next clause begins.

    Attributes:
        narrow: Whether it speaks of one item of a list alone.
        inline: Whether a list of ingredients goes on after it: "oats, free from gluten, milk, salt".
        thing_at: Where the first thing that it speaks of begins.
        declared_at: Where the first of them begins that some law requires on labels.
        turns_at: From where a list of ingredients may go on, as far as can be told.
    """

    found: Sequence[Found]
    index: int
    kind: ClauseKind
    limit: int
    narrow: bool
    declared: Collection[str]
    inline: bool = False
    thing_at: int = NOWHERE
    declared_at: int = NOWHERE
    turns_at: int = NOWHERE

    @property
    def opener(self) -> Found:
        """Return the phrase that opens the clause."""
        return self.found[self.index]

    def following(self, position: int, *, after: int | None = None) -> Iterator[Found]:
        """Yield the phrases between the opener, or a later phrase, and a position."""
        for place in range((self.index if after is None else after) + 1, len(self.found)):
            if self.found[place].start >= position:
                return
            yield self.found[place]

    @property
    def is_item(self) -> bool:
        """Whether a dash, a bullet or a semicolon ends the clause."""
        return self.narrow or self.kind in TO_THE_ITEM

    def lists(self, position: int) -> bool:
        """Whether a comma goes on with the same thing: "free from milk, eggs", not "no colours, milk"."""
        return self.declared_at < position and not (self.narrow or self.inline or self.opener.meaning.single)

    def is_declared(self, item: Found) -> bool:
        """Whether a phrase names what some law requires on labels."""
        return item.meaning.role is Role.TERM and any(code in self.declared for code in item.meaning.codes)


def starts_sentence(label: Folded, original: str, position: int) -> bool:
    """Whether a sentence, or a line, begins at a place of the folded text."""
    before = last_character(label.text, position)
    if not before or before in _SENTENCE_ENDS:
        return True
    space = position - 1
    return label.text[space] == " " and "\n" in original[label.starts[space] : label.starts[position]]


def last_character(text: str, position: int) -> str:
    """Return what stands before a position, spaces aside: folding leaves one of them at most."""
    return text[max(0, position - 2) : position].rstrip()[-1:]
