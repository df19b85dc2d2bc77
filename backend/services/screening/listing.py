"""Whether a label lists anything: absences, warnings and praise alone leave open what is in the food."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from backend.schemas.screening import ClauseKind
from backend.services.catalog import Catalog
from backend.services.screening.clauses import Clauses, Found
from backend.services.screening.files import File
from backend.services.screening.meanings import Role
from backend.utils.text import fold

_LISTS = {ClauseKind.INGREDIENTS, ClauseKind.CONTAINS}
_NAMES = {Role.TERM, Role.MAYBE, Role.TRAP}
_CLAIMING = ("suitability", "free_from")
_MIN_LETTERS = 5  # of a word that makes a claim: "suitable", not "for"


def claiming_words(file: File, known: Catalog) -> Iterator[str]:
    """Yield the words that make a phrase a claim: those of "suitable for", and the names of diets."""
    phrases = [phrase for kind in _CLAIMING for phrase in file.clauses.get(kind, ())]
    for diet in known.diets.values():
        phrases += [*diet.names.values(), *(name for group in diet.synonyms.values() for name in group)]
    for phrase in phrases:
        yield from (word for word in fold(phrase).split() if len(word) >= _MIN_LETTERS)


def lists_anything(
    text: str,
    found: Sequence[Found],
    strange: Sequence[tuple[int, int]],
    clauses: Clauses,
    claims: AbstractSet[str],
) -> bool:
    """Whether a label names something as an ingredient, be it that nobody understands it.

    Args:
        text: The folded label.
        found: The phrases in it.
        strange: The words that were not understood.
        clauses: What each part of it says.
        claims: Words that make a phrase a claim, which names nothing.
    """
    for item in found:
        role = item.meaning.role
        is_plain = role is Role.PLAIN and claims.isdisjoint(text[item.start : item.end].split())
        if (role in _NAMES or is_plain) and _is_open(clauses, item.start):
            return True
    return any(_is_open(clauses, start) for start, _ in strange)


def _is_open(clauses: Clauses, position: int) -> bool:
    return clauses.at(position) in _LISTS or clauses.is_unsure(position)
