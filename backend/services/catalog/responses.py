"""From the catalogue to what everybody reads of it, with names in a language."""

from datetime import date
from operator import attrgetter
from typing import Any

from backend.models.catalog import RequirementType
from backend.schemas.catalog import (
    AllergenDetail,
    AllergenPage,
    CatalogQuery,
    DutyResponse,
    ExemptionResponse,
    RegimeDetail,
    RegimeList,
    RegimeListQuery,
    RegimeResponse,
    RuledPage,
    RuledResponse,
    SourceResponse,
)
from backend.services.catalog.duties import declared_on, situation_on
from backend.services.catalog.entries import Dated, Duty, Exemption, Named, Regime
from backend.services.catalog.loading import Catalog, CursorUnknownError
from backend.utils.pages import page_of


def to_page(
    requirement: RequirementType, query: CatalogQuery, known: Catalog, language: str
) -> AllergenPage | RuledPage:
    """Return a page of a part of the catalogue.

    Raises:
        CursorUnknownError: The query does not find the code after which to begin.
    """
    limit = query.limit
    found = known.search(requirement, query.q, after=query.cursor, limit=limit + 1)
    next_cursor = found[limit - 1].code if len(found) > limit else None
    listed = [_members(known, entry, language) for entry in found[:limit]]
    page = AllergenPage if requirement is RequirementType.ALLERGY else RuledPage
    return page.model_validate({"items": listed, "next_cursor": next_cursor})


def to_allergen(code: str, known: Catalog, language: str) -> AllergenDetail:
    """Return an allergen and what is related to it.

    Raises:
        CodeUnknownError: There is none with this code.
    """
    entry = known.entry(RequirementType.ALLERGY, code)
    children = sorted(other.code for other in known.substances.values() if code in other.parents)
    return AllergenDetail.model_validate(
        {
            **_members(known, entry, language),
            "children": children,
            "ancestors": sorted(known.ancestors(code)),
            "descendants": sorted(known.descendants(code) - {code}),
        }
    )


def to_ruled(requirement: RequirementType, code: str, known: Catalog, language: str) -> RuledResponse:
    """Return a diet or condition.

    Raises:
        CodeUnknownError: There is none with this code.
    """
    return RuledResponse.model_validate(_members(known, known.entry(requirement, code), language))


def to_regimes(query: RegimeListQuery, known: Catalog, language: str) -> RegimeList:
    """Return a page of the food laws.

    Raises:
        CursorUnknownError: There is none with the code after which to begin.
    """
    regimes = list(known.regimes.values())
    try:
        found, next_cursor = page_of(regimes, attrgetter("code"), after=query.cursor, limit=query.limit)
    except LookupError as error:
        raise CursorUnknownError from error
    return RegimeList(items=tuple(_regime(regime, language) for regime in found), next_cursor=next_cursor)


def to_regime(code: str, day: date, known: Catalog, language: str) -> RegimeDetail:
    """Return a food law on a day.

    Raises:
        CodeUnknownError: There is none with this code.
    """
    regime = known.regime(code)
    situation = situation_on(regime, day)
    return RegimeDetail(
        **dict(_regime(regime, language)),
        on=day,
        duties=tuple(_duty(known, regime, duty, language) for duty in situation.duties),
        silence_tells=tuple(sorted(declared_on(regime, day))),
        coming=tuple(_duty(known, regime, duty, language) for duty in situation.coming),
        exemptions=tuple(_exemption(regime, item, language) for item in situation.exemptions),
    )


def _members(known: Catalog, entry: Named, language: str) -> dict[str, Any]:  # of each member's own type
    return {
        **dict(entry),
        "name": entry.name(language),
        "own": entry.code in known.own,
        "retired": entry.code in known.retired,
    }


def _regime(regime: Regime, language: str) -> RegimeResponse:
    members = {**dict(regime), "name": regime.name(language), "declares": regime.declares}
    return RegimeResponse.model_validate(members)


def _duty(known: Catalog, regime: Regime, duty: Duty, language: str) -> DutyResponse:
    name = known.allergens[duty.allergen].name(language)
    return DutyResponse.model_validate({**dict(duty), "name": name, "source": _source(regime, duty)})


def _exemption(regime: Regime, item: Exemption, language: str) -> ExemptionResponse:
    members = {**dict(item), "name": item.name(language), "source": _source(regime, item)}
    return ExemptionResponse.model_validate(members)


def _source(regime: Regime, item: Dated) -> SourceResponse:
    return SourceResponse.model_validate(item.source or regime.source)
