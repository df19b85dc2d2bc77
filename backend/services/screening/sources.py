"""What is checked, as pieces of text: a label, the ingredients of a list, the parts of a recipe or a dish.

Every piece is read by itself, so that nothing in one speaks of another: a "free from" in one ingredient ends
with it. The readings are then put one behind the other, and places are told by piece again in the answer.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from backend.schemas.screening import Dish, Label, Recipe
from backend.services.catalog import Catalog
from backend.services.screening.groups import by_code
from backend.services.screening.judge import unread
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.match import Reading, read
from backend.services.screening.mentions import Mention
from backend.services.screening.reasons import Reason, Sentence

_ONLY_A_NAME: Final = Reason(Sentence.ONLY_A_NAME)
_NO_LIST: Final = Reason(Sentence.NO_LIST)


class PieceKind(StrEnum):
    """What a piece of text can tell."""

    LABEL = "label"  # lists everything, several ingredients in one text
    INGREDIENT = "ingredient"  # one of a list of everything
    DESCRIPTION = "description"  # tells of some things
    NAME = "name"  # suggests some things


_LISTED = {PieceKind.LABEL, PieceKind.INGREDIENT}


class Piece(NamedTuple):
    """A text of the caller's.

    Attributes:
        pointer: JSON Pointer (RFC 6901) into what the caller sent.
    """

    pointer: str
    text: str
    kind: PieceKind = PieceKind.LABEL

    @property
    def is_listed(self) -> bool:
        """Whether it belongs to a list of everything."""
        return self.kind in _LISTED


class Source(NamedTuple):
    """Everything that is known of one food.

    Attributes:
        gap: Why finding nothing in it would mean nothing; none where it lists everything.
    """

    pieces: tuple[Piece, ...]
    gap: Reason | None = None

    @property
    def characters(self) -> int:
        """How long it is."""
        return sum(len(piece.text) for piece in self.pieces)

    @property
    def is_listed(self) -> bool:
        """Whether all of it belongs to a list of everything."""
        return all(piece.is_listed for piece in self.pieces)


class SourceReading(NamedTuple):
    """A food as it was read, whoever asks.

    Attributes:
        reading: Of all pieces; offsets as if they stood one behind the other.
        bases: Where each piece begins there.
        mentioned: What is mentioned, by code.
        gaps: Why finding nothing in it means nothing.
    """

    source: Source
    reading: Reading
    bases: tuple[int, ...]
    mentioned: Mapping[str, Sequence[Mention]]
    gaps: tuple[Reason, ...]

    def place(self, offset: int) -> tuple[Piece, int]:
        """Return the piece around an offset, and where it begins."""
        index = bisect_right(self.bases, offset) - 1
        return self.source.pieces[index], self.bases[index]


def of_label(label: Label) -> Source:
    """Return what a label, a list of ingredients or a recipe consists of."""
    if label.text is not None:
        return Source((Piece("/text", label.text),))
    if label.recipe is not None:
        is_listed = all(part.ingredients for part in label.recipe.components)
        return Source(tuple(_of_recipe(label.recipe)), None if is_listed else _ONLY_A_NAME)
    return Source(_of_ingredients(label.ingredients or (), ""))


def of_dish(dish: Dish) -> Source:
    """Return what is known of a dish."""
    pieces = [Piece("/name", dish.name, PieceKind.NAME)]
    if dish.description is not None:
        pieces.append(Piece("/description", dish.description, PieceKind.DESCRIPTION))
    if dish.text is not None:
        pieces.append(Piece("/text", dish.text))
    pieces += _of_ingredients(dish.ingredients or (), "")
    if any(piece.is_listed for piece in pieces):
        return Source(tuple(pieces))
    return Source(tuple(pieces), _ONLY_A_NAME if dish.description is None else _NO_LIST)


def read_source(source: Source, words: Lexicon, known: Catalog, *, language: str | None) -> SourceReading:
    """Read every piece of a food.

    Args:
        source: The food.
        words: The words to read it with.
        known: The catalogue.
        language: The language's code, if known; else all pieces together tell it, as one alone could not.
    """
    pieces = source.pieces
    hint = language or (_language(pieces, words) if len(pieces) > 1 else None)
    readings = [read(piece.text, words, language=hint) for piece in pieces]
    reading, bases = _joined(pieces, readings)
    gaps = (source.gap,) if source.gap else unread(reading)
    return SourceReading(source, reading, bases, by_code(reading.mentions, known), gaps)


def _of_recipe(recipe: Recipe) -> Iterator[Piece]:
    if recipe.name is not None:
        yield Piece("/recipe/name", recipe.name, PieceKind.NAME)
    for index, component in enumerate(recipe.components):
        pointer = f"/recipe/components/{index}"
        yield Piece(f"{pointer}/name", component.name, PieceKind.NAME)
        yield from _of_ingredients(component.ingredients, pointer)


def _of_ingredients(ingredients: Sequence[str], pointer: str) -> tuple[Piece, ...]:
    return tuple(
        Piece(f"{pointer}/ingredients/{index}", text, PieceKind.INGREDIENT)
        for index, text in enumerate(ingredients)
    )


def _language(pieces: Sequence[Piece], words: Lexicon) -> str | None:
    together = read("\n".join(piece.text for piece in pieces), words, language=None)
    return next(iter(together.languages), None)


def _joined(pieces: Sequence[Piece], readings: Sequence[Reading]) -> tuple[Reading, tuple[int, ...]]:
    if len(pieces) == 1 and pieces[0].is_listed:
        return readings[0], (0,)
    bases, base = [], 0
    for piece in pieces:
        bases.append(base)
        base += len(piece.text) + 1
    placed = list(zip(pieces, bases, readings, strict=True))
    listed = [(base, reading) for piece, base, reading in placed if piece.is_listed]
    languages = dict.fromkeys(name for reading in readings for name in reading.languages)
    joined = Reading(
        mentions=tuple(
            mention._replace(start=mention.start + base, end=mention.end + base)
            for _, base, reading in placed
            for mention in reading.mentions
        ),
        understood=sum(reading.understood for _, reading in listed),
        total=sum(reading.total for _, reading in listed),
        unknown=tuple(
            span._replace(start=span.start + base, end=span.end + base)
            for base, reading in listed
            for span in reading.unknown
        ),
        languages=tuple(languages),
        clauses=tuple(
            (start + base, end + base, kind)
            for base, reading in listed
            for start, end, kind in reading.clauses
        ),
        lists=any(reading.lists for _, reading in listed),
    )
    return joined, tuple(bases)
