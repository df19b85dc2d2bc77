"""Operators' entries of the catalogue. A change is heard by every process at once, or a moment later."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from backend.api import problems
from backend.api.dependencies import (
    CatalogChange,
    CurrentAdmin,
    IfMatch,
    Keys,
    Reader,
    RecentAdmin,
    Session,
    set_tag,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, PreconditionFailedError, PreconditionRequiredError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.catalog import (
    CatalogEntryCreate,
    CatalogEntryPage,
    CatalogEntryQuery,
    CatalogEntryResponse,
    CatalogEntryUpdate,
    EntryCode,
)
from backend.services import admin
from backend.services.catalog import CodeUnknownError
from backend.services.sessions import SignInNotRecentError

router = APIRouter(prefix="/admin/catalog/entries", route_class=StrictRoute)

_ANY: Final = (AccessTokenInvalidError, admin.AdminOnlyError, InvalidInputError)
_CHANGE: Final = (*_ANY, SignInNotRecentError)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problems.responses(*_CHANGE, admin.EntryCodeTakenError),
)
async def create_catalog_entry(
    _: CatalogChange,
    session: Session,
    authority: RecentAdmin,
    data: CatalogEntryCreate,
    keyring: Keys,
    response: Response,
) -> CatalogEntryResponse:
    """Add an allergen, diet or condition. Its names and synonyms are looked for on labels."""
    row = await admin.add_entry(session, authority, data, keyring=keyring)
    set_tag(response, str(row.version))
    response.headers["Location"] = f"/api/v1/admin/catalog/entries/{row.code}"
    return admin.to_entry_response(row)


@router.get("", responses=problems.responses(*_ANY))
async def list_catalog_entries(
    session: Reader,
    authority: CurrentAdmin,  # noqa: ARG001 - to be one is enough
    query: Annotated[CatalogEntryQuery, Query()],
) -> CatalogEntryPage:
    """List what operators added, by code, retired entries too."""
    rows = await admin.list_entries(session, after=query.cursor, limit=query.limit + 1)
    items = tuple(admin.to_entry_response(row) for row in rows[: query.limit])
    return CatalogEntryPage(items=items, next_cursor=items[-1].code if len(rows) > len(items) else None)


@router.get("/{code}", responses=problems.responses(*_ANY, CodeUnknownError))
async def read_catalog_entry(
    session: Reader,
    authority: CurrentAdmin,  # noqa: ARG001 - as above
    code: EntryCode,
    response: Response,
) -> CatalogEntryResponse:
    """Read what an operator added."""
    row = await admin.read_entry(session, code)
    set_tag(response, str(row.version))
    return admin.to_entry_response(row)


@router.patch(
    "/{code}",
    responses=problems.responses(
        *_CHANGE, CodeUnknownError, PreconditionFailedError, PreconditionRequiredError
    ),
)
async def update_catalog_entry(  # noqa: PLR0913, PLR0917 - as above, and from which version
    _: CatalogChange,
    session: Session,
    authority: RecentAdmin,
    code: EntryCode,
    data: CatalogEntryUpdate,
    versions: IfMatch,
    keyring: Keys,
    response: Response,
) -> CatalogEntryResponse:
    """Change an entry, or retire it: who has it keeps it, and nobody records it anew. Send the ETag."""
    row = await admin.update_entry(session, authority, code, data, versions=versions, keyring=keyring)
    set_tag(response, str(row.version))
    return admin.to_entry_response(row)
