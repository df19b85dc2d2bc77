"""What the law of a label makes of its silence."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from backend.services.catalog import Catalog, declared_on


class UnknownRegimeError(Exception):
    """The catalogue has no such food law; the message names those that it has."""


@dataclass(frozen=True, slots=True)
class Law:
    """The food law that a label follows.

    Attributes:
        code: Its code in the catalogue; none if it is not known.
        declared: What it requires to be named on labels, kinds included: there alone, silence means absence.
    """

    code: str | None
    declared: frozenset[str]


NO_LAW = Law(None, frozenset())


def law_on(code: str, known: Catalog, day: date | None) -> Law:
    """Return a food law as it stands on a day; None means including what is yet to come.

    Raises:
        UnknownRegimeError: The catalogue has no such law.
    """
    regime = known.regimes.get(code)
    if regime is None:
        raise UnknownRegimeError(f"a food law is one of: {', '.join(known.regimes)}")
    declared = (kind for root in declared_on(regime, day) for kind in known.descendants(root))
    return Law(code, frozenset(declared))


@lru_cache(maxsize=1_024)  # of the sets of codes that people avoid
def undeclared(codes: frozenset[str], law: Law, known: Catalog) -> tuple[str, ...]:
    """Return which of some allergens a law does not require on labels: its silence about them tells nothing.

    Every ingredient must be listed, but none by its own name that is a part of a flavouring, of "spices", of
    a small compound ingredient, or that was carried over: only for what a law requires do these not count.

    Where it hides every kind of something, that is named and not each kind: "molluscs", but "barley"
    and "rye" beside a law that requires wheat.
    """
    hidden = {
        code
        for code in codes & known.allergens.keys()
        if code not in law.declared and not _is_told_with(code, law, known)
    }
    # Rye may be hidden though triticale, a kind of it and of wheat, may not; "nuts" are what their kinds are.
    whole = {code for code in hidden if known.substances[code].parents or _kinds(code, known) <= hidden}
    return tuple(sorted(code for code in whole if whole.isdisjoint(known.ancestors(code))))


def _kinds(code: str, known: Catalog) -> frozenset[str]:
    return frozenset(known.descendants(code)) & known.allergens.keys()


def _is_told_with(code: str, law: Law, known: Catalog) -> bool:
    """Whether it is in nothing but what the law requires: lactose is in milk alone."""
    holders = known.allergens[code].found_in
    return bool(holders) and law.declared.issuperset(holders)
