"""How much of a food was understood: words, and ingredients to the last word."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from backend.schemas.screening import ClauseKind
from backend.services.screening.mentions import Span
from backend.services.screening.sources import Piece, PieceKind, SourceReading

_LISTS = {ClauseKind.INGREDIENTS, ClauseKind.CONTAINS}
_ITEM = re.compile(r"(?:[^,;()\[\]:•·|/\n.]+|\.(?!\s|\Z))+")
_LETTER = re.compile(r"[^\W\d_]")


class Coverage(NamedTuple):
    """How much was understood.

    Attributes:
        understood: Words that a lexicon knows.
        total: Words in lists and statements; one letter is a word in scripts that write words so.
        ingredients_understood: Ingredients without a word that was not understood.
        ingredients_listed: Ingredients between commas and brackets, or elements of a list.
        unknown: Stretches of words that were not understood, each with the piece that holds it.
    """

    understood: int
    total: int
    ingredients_understood: int
    ingredients_listed: int
    unknown: tuple[tuple[Piece, Span], ...]


def cover(read: SourceReading, *, most: int) -> Coverage:
    """Return how much of a food was understood, and at most so many stretches that were not."""
    reading = read.reading
    starts = [span.start for span in reading.unknown]
    ends = [span.end for span in reading.unknown]
    items = list(_ingredients(read))
    # The first stretch that ends behind an ingredient's beginning begins behind its end, or there is none.
    clear = sum(
        (place := bisect_left(ends, start + 1)) == len(ends) or starts[place] >= end for start, end in items
    )
    unknown = []
    for span in reading.unknown[:most]:
        piece, base = read.place(span.start)
        unknown.append((piece, Span(span.start - base, span.end - base, span.text)))
    return Coverage(reading.understood, reading.total, clear, len(items), tuple(unknown))


def _ingredients(read: SourceReading) -> Iterator[tuple[int, int]]:
    for piece, base in zip(read.source.pieces, read.bases, strict=True):
        if piece.kind is PieceKind.INGREDIENT:
            yield base, base + len(piece.text)
    for start, end, kind in read.reading.clauses:
        piece, base = read.place(start)
        if kind in _LISTS and piece.kind is PieceKind.LABEL:
            for item in _ITEM.finditer(piece.text, start - base, end - base):
                first, after = item.span()
                # "Ingredients:" and "emulsifier:" head what follows.
                if not piece.text.startswith(":", after) and _LETTER.search(piece.text, first, after):
                    yield base + first, base + after
