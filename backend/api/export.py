"""A copy of everything that is kept about oneself."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from backend.api import problems, system
from backend.api.dependencies import (
    CurrentUser,
    Database,
    Keys,
    PageCursor,
    PageLimit,
    Reader,
    RecentUser,
    Session,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.export import ExportPage, ExportResponse
from backend.services import export
from backend.services.sessions import SignInNotRecentError
from backend.services.users import AccountGoneError

_PREFIX = "/users/me/export"
_ZIP = "application/zip"
_FILE: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.OK): {
        "description": "The file",
        "content": {_ZIP: {"schema": {"contentMediaType": _ZIP}}},
    }
}

router = APIRouter(prefix=_PREFIX, tags=["users"], route_class=StrictRoute)


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    responses=problems.responses(
        AccessTokenInvalidError, SignInNotRecentError, AccountGoneError, export.TooManyExportsError
    ),
)
async def request_export(
    session: Session, user: RecentUser, keyring: Keys, response: Response
) -> ExportResponse:
    """Ask for a copy of everything that is kept about oneself; a letter tells when it is ready.

    While one is pending, that one is the answer.
    """
    requested = await export.request(session, user, keyring=keyring)
    response.headers["Location"] = f"/api/v1{_PREFIX}/{requested.id}"
    return export.to_response(requested)


@router.get("", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_exports(
    reader: Reader, user: CurrentUser, limit: PageLimit = 50, cursor: PageCursor = None
) -> ExportPage:
    """List one's exports of the last 30 days, the newest first."""
    rows = await export.list_exports(reader, user, before=cursor, limit=limit + 1)
    items = tuple(export.to_response(row) for row in rows[:limit])
    return ExportPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


@router.get("/{export_id}", responses=problems.responses(AccessTokenInvalidError, export.ExportNotFoundError))
async def read_export(reader: Reader, user: CurrentUser, export_id: UUID) -> ExportResponse:
    """Read how far an export is."""
    return export.to_response(await export.read(reader, user, export_id))


@router.get(
    "/{export_id}/download",
    response_class=StreamingResponse,
    responses=_FILE
    | problems.responses(
        AccessTokenInvalidError,
        SignInNotRecentError,
        export.ExportNotFoundError,
        export.ExportExpiredError,
        export.ExportNotReadyError,
    ),
)
async def read_export_file(
    session: Session,
    user: RecentUser,
    export_id: UUID,
    keyring: Keys,
    database: Database,
    request: Request,
) -> StreamingResponse:
    """Download an export: a zip, for 24 hours from when it was ready."""
    file = await export.open_file(session, user, export_id, keyring=keyring)
    headers = {
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Content-Length": str(file.size),
        "Cache-Control": "no-store",
    }
    body = system.watched(request, file.read(database))
    return StreamingResponse(body, headers=headers, media_type=_ZIP)
