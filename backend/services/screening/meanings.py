"""What the phrases of the lexicons can mean."""

from dataclasses import dataclass
from enum import StrEnum

from backend.schemas.screening import ClauseKind


class Role(StrEnum):
    """What a phrase does in a label. Where one language uses a phrase twice, the first role wins."""

    CLAUSE = "clause"  # opens a clause
    FREE_SUFFIX = "free_suffix"  # says that what precedes it is absent
    NEGATION = "negation"  # turns an absence that follows into a warning: "not free from"
    TERM = "term"  # is a substance, or made from it
    MAYBE = "maybe"  # has a source that the label does not tell
    TRAP = "trap"  # looks like an allergen and is none
    PLAIN = "plain"  # is of no concern
    FILLER = "filler"  # means nothing by itself


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase means in one language.

    Attributes:
        codes: For terms what it is, for `maybe` what it could be: codes of the catalogue.
        opens: The kind of clause that it opens.
        single: Whether the clause speaks of one thing alone: "no added".
        after: Whether what the clause speaks of may stand before the phrase.
        compound: Whether it is made of several things: naming one part of a `maybe` does not tell the others,
            and a term is what it stands for only by its usual recipe.
        joins: Whether it joins two things of a list: "and".
        exempt: For `maybe`: a law, and a code that it lets such an ingredient hide.
    """

    language: str
    role: Role
    codes: tuple[str, ...] = ()
    opens: ClauseKind | None = None
    single: bool = False
    after: bool = False
    compound: bool = False
    joins: bool = False
    exempt: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What some letters mean within a longer word.

    Attributes:
        begins: Whether the word may begin with it.
        ends: Whether the word may end with it.
    """

    meaning: Meaning
    begins: bool = True
    ends: bool = True


@dataclass(frozen=True, slots=True)
class Joints:
    """Letters that hold the parts of a language's words together, and those that end its words."""

    links: tuple[str, ...]
    endings: tuple[str, ...]
