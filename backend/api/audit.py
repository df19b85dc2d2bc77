"""What happened on one's account."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api import problems
from backend.api.dependencies import CurrentUser, Keys, PageLimit, Reader
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.audit import ActivityPage
from backend.services import audit

router = APIRouter(prefix="/users/me/activity", tags=["users"], route_class=StrictRoute)


@router.get("", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_activity(
    reader: Reader,
    user: CurrentUser,
    keyring: Keys,
    limit: PageLimit = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> ActivityPage:
    """List what happened on one's account, the newest first."""
    rows = await audit.list_activity(reader, user.id, before=cursor, limit=limit + 1, keyring=keyring)
    next_cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return ActivityPage(items=tuple(rows[:limit]), next_cursor=next_cursor)
