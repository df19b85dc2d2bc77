"""The approved lists. Public: they are the same for everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from backend import __version__
from backend.api import problems
from backend.api.dependencies import StrictRoute
from backend.core.clock import now
from backend.core.errors import InvalidInputError
from backend.schemas.base import Outgoing
from backend.schemas.catalog import (
    AllergenDetail,
    AllergenPage,
    CatalogQuery,
    EntryCode,
    LanguageQuery,
    RegimeCode,
    RegimeDetail,
    RegimeList,
    RegimeQuery,
    RuledPage,
    RuledResponse,
)
from backend.services import catalog
from backend.services.catalog import Catalog, CodeUnknownError, CursorUnknownError, RequirementType
from backend.utils.text import preferred_language

router = APIRouter(prefix="/catalog", tags=["catalog"], route_class=StrictRoute)

_Search = Annotated[CatalogQuery, Query()]
_Language = Annotated[LanguageQuery, Query()]
_UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Nothing has changed since the ETag in If-None-Match"}
}
_QUERY: Final = problems.responses(InvalidInputError)
_LIST: Final = {**problems.responses(CursorUnknownError), **_UNCHANGED}
_ONE: Final = {**problems.responses(CodeUnknownError, InvalidInputError), **_UNCHANGED}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request says besides its query.

    Attributes:
        address: Path and query.
        language: The best of the catalogue's languages for the caller, English without any.
        seen: What the caller has, in `If-None-Match`.
    """

    address: str
    language: str
    seen: str


async def _asked(
    request: Request,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> _Asked:
    language = preferred_language(accept_language or "", catalog.LANGUAGES) or "en"
    return _Asked(f"{request.url.path}?{request.url.query}", language, if_none_match or "")


_Asking = Annotated[_Asked, Depends(_asked)]


@router.get("/allergens", response_model=AllergenPage, responses=_LIST)
async def list_allergens(asked: _Asking, search: _Search) -> Response:
    """List or search the approved allergens."""
    return _answer(asked, search.lang, partial(catalog.to_page, RequirementType.ALLERGY, search))


@router.get("/diets", response_model=RuledPage, responses=_LIST)
async def list_diets(asked: _Asking, search: _Search) -> Response:
    """List or search the approved diets, each with its rules."""
    return _answer(asked, search.lang, partial(catalog.to_page, RequirementType.DIET, search))


@router.get("/conditions", response_model=RuledPage, responses=_LIST)
async def list_conditions(asked: _Asking, search: _Search) -> Response:
    """List or search the approved medical conditions, each with its rules."""
    return _answer(asked, search.lang, partial(catalog.to_page, RequirementType.CONDITION, search))


@router.get("/allergens/{code}", response_model=AllergenDetail, responses=_ONE)
async def read_allergen(asked: _Asking, code: EntryCode, query: _Language) -> Response:
    """Read an allergen: its names, codes of medicine, and what is related to it."""
    return _answer(asked, query.lang, partial(catalog.to_allergen, code))


@router.get("/diets/{code}", response_model=RuledResponse, responses=_ONE)
async def read_diet(asked: _Asking, code: EntryCode, query: _Language) -> Response:
    """Read a diet and its rules."""
    return _answer(asked, query.lang, partial(catalog.to_ruled, RequirementType.DIET, code))


@router.get("/conditions/{code}", response_model=RuledResponse, responses=_ONE)
async def read_condition(asked: _Asking, code: EntryCode, query: _Language) -> Response:
    """Read a medical condition and its rules."""
    return _answer(asked, query.lang, partial(catalog.to_ruled, RequirementType.CONDITION, code))


@router.get("/regimes", response_model=RegimeList, responses={**_QUERY, **_UNCHANGED})
async def list_regimes(asked: _Asking, query: _Language) -> Response:
    """List the food laws that the catalogue knows, and what they require on labels."""
    return _answer(asked, query.lang, catalog.to_regimes)


@router.get("/regimes/{code}", response_model=RegimeDetail, responses=_ONE)
async def read_regime(asked: _Asking, code: RegimeCode, query: Annotated[RegimeQuery, Query()]) -> Response:
    """Read what a food law requires on a day, what it will require, and what it exempts.

    An exemption explains why a label is silent. It clears nothing for anybody who is allergic.
    """
    day = date.fromisoformat(query.on) if query.on else now().date()
    return _answer(asked, query.lang, partial(catalog.to_regime, code, day), day=day)


def _answer(
    asked: _Asked,
    language: str | None,
    build: Callable[[Catalog, str], Outgoing],
    *,
    day: date | None = None,
) -> Response:
    """Build an answer, or say that the caller has it already."""
    known, language = catalog.current(), language or asked.language
    state = f"{__version__} {known.version} {asked.address} {language} {day}"
    tag = f'"{sha256(state.encode()).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Language"}
    if tag in asked.seen or asked.seen.strip() == "*":
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(build(known, language).model_dump_json(), headers=headers, media_type="application/json")
