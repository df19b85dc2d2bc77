"""What a label mentions, by the codes that requirements speak of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from backend.schemas.screening import ClauseKind
from backend.services.catalog import Catalog
from backend.services.screening.meanings import Role
from backend.services.screening.mentions import Mention

_MAX_PLACES = 25  # of one substance in one kind of clause: the first convince, a hostile text has thousands
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_FREE_FROM: Final = ClauseKind.FREE_FROM
_SUITABILITY: Final = ClauseKind.SUITABILITY


def by_code(mentions: Iterable[Mention], known: Catalog) -> dict[str, list[Mention]]:
    """Return what a label mentions, by code; what it says to be absent is left out."""
    groups: dict[str, list[Mention]] = {}
    counts: dict[str, Counter[tuple[ClauseKind, Role]]] = {}
    for mention in mentions:
        clause = mention.clause
        if clause is _FREE_FROM or clause is _SUITABILITY:
            continue  # they say what is not in the food
        for code in _meant(mention.codes, known):
            group = groups.get(code)
            if group is None:
                groups[code] = [mention]
            elif len(group) < _MAX_PLACES or _has_room(counts, code, group, mention):
                group.append(mention)
    return groups


def _has_room(
    counts: dict[str, Counter[tuple[ClauseKind, Role]]], code: str, group: Sequence[Mention], mention: Mention
) -> bool:
    """Whether a mention is among the first of its kind; they are counted once a group is as long as that."""
    if code not in counts:
        counts[code] = Counter((before.clause, before.role) for before in group)
    kind = (mention.clause, mention.role)
    counts[code][kind] += 1
    return counts[code][kind] <= _MAX_PLACES


@lru_cache(maxsize=4_096)  # a label names the same things again and again
def _meant(codes: tuple[str, ...], known: Catalog) -> tuple[str, ...]:
    """Return what codes stand for: "milk" and "raw milk" are cow's milk, "goat's milk" is not.

    In one order, since of equally bad findings the first is kept: two processes must say the same.
    """
    meant = set(codes)
    for code in codes:
        for wider in (code, *known.ancestors(code)):
            bare = known.substances[wider].bare
            if bare is not None and not code.startswith(f"{wider}."):
                meant.add(bare)
    return tuple(sorted(meant))
