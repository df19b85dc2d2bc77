"""What a food law of the catalogue must keep to, beyond its form."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import combinations
from typing import Final

from backend.services.catalog.entries import Dated, Duty, Exemption, Regime
from backend.services.catalog.entry_checks import CODE, language_faults, source_faults
from backend.services.catalog.relations import Relatives, unknown

_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_YEARS: Final = (1990, 2040)  # of laws on allergens, and of those that are to come


def regime_faults(
    regime: Regime, allergens: AbstractSet[str], ancestors: Relatives, *, in_full: bool, sourced: bool
) -> Iterator[str]:
    """Yield what is wrong with a food law.

    Args:
        regime: The law.
        allergens: The codes that it can speak of.
        ancestors: What each substance is a kind of.
        in_full: Whether its exemptions must have a name in every language.
        sourced: Whether its sources must say which authority they are from.
    """
    if missing := unknown((duty.allergen for duty in regime.duties), allergens):
        yield f"declares unknown {', '.join(missing)}"
    if bad := [country for country in regime.countries if not _COUNTRY.fullmatch(country)]:
        yield f"has {', '.join(bad)} for countries"
    yield from _overlaps(regime)
    dated: list[Dated] = [*regime.duties, *regime.exemptions]
    for source in (regime.source, *(item.source for item in dated if item.source)):
        yield from source_faults(source, sourced=sourced)
    for item in dated:
        yield from _date_faults(item)
    counts = Counter(exemption.code for exemption in regime.exemptions)
    yield from (f"has two exemptions {code}" for code, n in counts.items() if n > 1)
    covered = {duty.allergen for duty in regime.duties}
    for exemption in regime.exemptions:
        for fault in language_faults(exemption.names, in_full=in_full):
            yield f"exemption {exemption.code} {fault}"
        for fault in _exemption_faults(exemption, allergens, covered, ancestors):
            yield f"exemption {exemption.code} {fault}"


def _exemption_faults(
    exemption: Exemption, allergens: AbstractSet[str], covered: AbstractSet[str], ancestors: Relatives
) -> Iterator[str]:
    if not CODE.fullmatch(exemption.code):
        yield "has a code that is none"
    if not exemption.allergens:
        yield "is made from nothing"
    for code in exemption.allergens:
        if code not in allergens:
            yield f"is made from unknown {code}"
        elif not {code, *ancestors[code]} & covered:
            yield f"exempts {code}, which the law does not ask for"


def _overlaps(regime: Regime) -> Iterator[str]:
    by_allergen: dict[str, list[Duty]] = defaultdict(list)
    for duty in regime.duties:
        by_allergen[duty.allergen].append(duty)
    for allergen, duties in by_allergen.items():
        for one, other in combinations(duties, 2):
            if _begins(one) < _ends(other) and _begins(other) < _ends(one):
                yield f"declares {allergen} twice at the same time"


def _begins(item: Dated) -> date:
    return item.since or date.min


def _ends(item: Dated) -> date:
    return item.until or date.max


def _date_faults(item: Dated) -> Iterator[str]:
    days = [item.since, item.until, item.old_labels_until if isinstance(item, Duty) else None]
    for day in days:
        if day is not None and not _YEARS[0] <= day.year <= _YEARS[1]:
            yield f"has the day {day}"
    if item.since and item.until and item.until <= item.since:
        yield f"has a duty or exemption that ends on {item.until}, before it begins"
    if isinstance(item, Duty) and item.old_labels_until and _begins(item) > item.old_labels_until:
        yield f"lets labels be sold until {item.old_labels_until}, before the duty begins"
