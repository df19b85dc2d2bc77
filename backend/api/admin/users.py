"""Administering accounts. No path here, or elsewhere, shows an administrator somebody's health profile."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from backend.api import problems
from backend.api.dependencies import (
    CurrentAdmin,
    Erasing,
    Keys,
    PageCursor,
    PageLimit,
    RecentAdmin,
    Session,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError
from backend.core.tokens import AccessTokenInvalidError
from backend.models.users import User
from backend.schemas.admin import AdminUserPage, AdminUserResponse, RoleChange, UserQuery
from backend.schemas.audit import ActivityPage
from backend.schemas.auth import SessionPage
from backend.schemas.erasure import PendingErasure
from backend.services import admin, sessions
from backend.services.sessions import SignInNotRecentError
from backend.services.users import ErasureDueError

router = APIRouter(prefix="/admin/users", route_class=StrictRoute)

_ANY: Final = (AccessTokenInvalidError, admin.AdminOnlyError, InvalidInputError)
_READ: Final = (*_ANY, admin.AccountNotFoundError)
_CHANGE: Final = (*_READ, SignInNotRecentError, admin.OwnAccountError)


@router.get("", responses=problems.responses(*_ANY))
async def list_users(
    session: Session, authority: CurrentAdmin, query: Annotated[UserQuery, Query()], keyring: Keys
) -> AdminUserPage:
    """List accounts, the oldest first."""
    rows = await admin.list_users(session, authority, query, keyring=keyring)
    items = tuple(AdminUserResponse.model_validate(row) for row in rows[: query.limit])
    return AdminUserPage(items=items, next_cursor=str(items[-1].id) if len(rows) > len(items) else None)


@router.get("/{user_id}", response_model=AdminUserResponse, responses=problems.responses(*_READ))
async def read_user(session: Session, authority: CurrentAdmin, user_id: UUID, keyring: Keys) -> User:
    """Read an account."""
    return await admin.read_user(session, authority, user_id, keyring=keyring)


@router.post("/{user_id}/disable", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*_CHANGE))
async def disable_user(session: Session, authority: RecentAdmin, user_id: UUID, keyring: Keys) -> None:
    """Shut an account: it is signed out everywhere at once, and nobody signs in to it."""
    await admin.disable(session, authority, user_id, keyring=keyring)


@router.post("/{user_id}/enable", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*_CHANGE))
async def enable_user(session: Session, authority: RecentAdmin, user_id: UUID, keyring: Keys) -> None:
    """Open a shut account again. Its sessions stay ended."""
    await admin.enable(session, authority, user_id, keyring=keyring)


@router.post("/{user_id}/erase", status_code=HTTPStatus.ACCEPTED, responses=problems.responses(*_CHANGE))
async def request_user_erasure(
    session: Session, authority: RecentAdmin, user_id: UUID, terms: Erasing
) -> PendingErasure:
    """Have an account erased after the grace. It is signed out at once; its owner can take it back."""
    return PendingErasure(erase_at=await admin.erase(session, authority, user_id, terms=terms))


@router.post(
    "/{user_id}/keep",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.responses(*_CHANGE, ErasureDueError),
)
async def undo_user_erasure(session: Session, authority: RecentAdmin, user_id: UUID, keyring: Keys) -> None:
    """Take back that an account shall be erased. Its sessions stay ended."""
    await admin.keep(session, authority, user_id, keyring=keyring)


@router.put("/{user_id}/role", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*_CHANGE))
async def replace_user_role(
    session: Session, authority: RecentAdmin, user_id: UUID, data: RoleChange, keyring: Keys
) -> None:
    """Give an account a role. If it is another one, the account is signed out everywhere at once."""
    await admin.change_role(session, authority, user_id, data.role, keyring=keyring)


@router.get("/{user_id}/sessions", responses=problems.responses(*_READ))
async def list_user_sessions(
    session: Session,
    authority: CurrentAdmin,
    user_id: UUID,
    keyring: Keys,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> SessionPage:
    """List the devices that are signed in to an account."""
    rows = await admin.list_sessions(
        session, authority, user_id, after=cursor, limit=limit + 1, keyring=keyring
    )
    items = tuple(sessions.to_response(row) for row in rows[:limit])
    return SessionPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


@router.delete(
    "/{user_id}/sessions", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(*_CHANGE)
)
async def remove_user_sessions(
    session: Session, authority: RecentAdmin, user_id: UUID, keyring: Keys
) -> None:
    """Sign every device of an account out, at once."""
    await admin.end_sessions(session, authority, user_id, keyring=keyring)


@router.get("/{user_id}/activity", responses=problems.responses(*_READ))
async def list_user_activity(
    session: Session,
    authority: CurrentAdmin,
    user_id: UUID,
    keyring: Keys,
    limit: PageLimit = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> ActivityPage:
    """List what happened on an account, the newest first, as its owner sees it."""
    rows = await admin.list_activity(
        session, authority, user_id, before=cursor, limit=limit + 1, keyring=keyring
    )
    next_cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return ActivityPage(items=tuple(rows[:limit]), next_cursor=next_cursor)
