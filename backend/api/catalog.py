"""The approved lists. Public: they are the same for everybody."""

from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Header, Query, Response

from backend.api import problems
from backend.schemas.base import Outgoing
from backend.schemas.catalog import AllergenPage, AllergenResponse, CatalogQuery, RuledPage, RuledResponse
from backend.services import catalog
from backend.services.catalog import CursorUnknownError, Named, RequirementType

router = APIRouter(prefix="/catalog", tags=["catalog"])

_Item = TypeVar("_Item", bound=Outgoing)
_Search = Annotated[CatalogQuery, Query()]
_IfNoneMatch = Annotated[str | None, Header(max_length=500)]
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **problems.responses(CursorUnknownError),
    304: {"description": "Nothing has changed since the ETag in If-None-Match"},
}


@router.get("/allergens", response_model=AllergenPage, responses=_RESPONSES)
async def list_allergens(search: _Search, if_none_match: _IfNoneMatch = None) -> Response:
    """List or search the approved allergens."""
    return _answer(RequirementType.ALLERGY, AllergenPage, AllergenResponse, search, if_none_match)


@router.get("/diets", response_model=RuledPage, responses=_RESPONSES)
async def list_diets(search: _Search, if_none_match: _IfNoneMatch = None) -> Response:
    """List or search the approved diets, each with its rules."""
    return _answer(RequirementType.DIET, RuledPage, RuledResponse, search, if_none_match)


@router.get("/conditions", response_model=RuledPage, responses=_RESPONSES)
async def list_conditions(search: _Search, if_none_match: _IfNoneMatch = None) -> Response:
    """List or search the approved medical conditions, each with its rules."""
    return _answer(RequirementType.CONDITION, RuledPage, RuledResponse, search, if_none_match)


def _answer(
    part: RequirementType,
    page: type[AllergenPage | RuledPage],
    item: type[_Item],
    search: CatalogQuery,
    if_none_match: str | None,
) -> Response:
    """Build one page, or say that the caller has it already."""
    approved = catalog.shipped()
    digest = sha256(f"{approved.version} {part} {search.model_dump_json()}".encode()).hexdigest()[:20]
    headers = {"ETag": f'"{digest}"', "Cache-Control": "public, max-age=300"}
    if digest in (if_none_match or ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    found = approved.search(part, search.q, after=search.cursor, limit=search.limit + 1)
    items = [_show(entry, item, search.lang) for entry in found[: search.limit]]
    next_cursor = found[search.limit - 1].code if len(found) > search.limit else None
    body = page.model_validate({"items": items, "next_cursor": next_cursor})
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")


def _show(entry: Named, kind: type[_Item], language: str) -> _Item:
    return kind.model_validate({**entry.model_dump(), "name": entry.name(language)})
