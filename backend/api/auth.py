"""Signing in and out."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form

from backend.api import problems
from backend.api.dependencies import (
    CurrentUser,
    Database,
    Device,
    PageCursor,
    PageLimit,
    Passwords,
    Reader,
    Session,
    StrictRoute,
    Tokens,
    limited,
)
from backend.core.errors import InvalidInputError, RateLimitedError, UnavailableError
from backend.core.tokens import AccessTokenInvalidError
from backend.models.sessions import RevocationReason
from backend.schemas.auth import LoginForm, RefreshRequest, SessionPage, TokenResponse
from backend.services import auth, sessions
from backend.services.sessions import IssuedTokens

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/login",
    response_model=TokenResponse,
    dependencies=[limited("login")],
    responses=problems.responses(
        auth.CredentialsInvalidError, InvalidInputError, RateLimitedError, UnavailableError
    ),
)
async def login(
    session: Session,
    data: Annotated[LoginForm, Form()],
    database: Database,
    passwords: Passwords,
    tokens: Tokens,
    device: Device,
) -> IssuedTokens:
    """Sign in with address or user name and password (OAuth 2.0 password form)."""
    return await auth.sign_in(
        session, data, database=database, passwords=passwords, tokens=tokens, device=device
    )


@router.post(
    "/refresh",
    response_model=TokenResponse,
    dependencies=[limited("refresh")],
    responses=problems.responses(sessions.RefreshTokenInvalidError, InvalidInputError, RateLimitedError),
)
async def refresh(session: Session, data: RefreshRequest, tokens: Tokens) -> IssuedTokens:
    """Exchange a refresh token for a new pair. Each is good for one exchange."""
    return await sessions.rotate(session, data.refresh_token.get_secret_value(), tokens=tokens)


@router.post(
    "/logout", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(AccessTokenInvalidError)
)
async def logout(session: Session, user: CurrentUser) -> None:
    """End the session of this token; both its tokens are refused from now on."""
    await sessions.end(session, user.session_id, reason=RevocationReason.SIGNED_OUT)


@router.post(
    "/logout-all", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(AccessTokenInvalidError)
)
async def logout_all(session: Session, user: CurrentUser) -> None:
    """End all of one's sessions, this one included."""
    await sessions.end_all(session, user.id, reason=RevocationReason.SIGNED_OUT)


@router.get("/sessions", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_sessions(
    reader: Reader, user: CurrentUser, limit: PageLimit = 50, cursor: PageCursor = None
) -> SessionPage:
    """List the devices that are signed in to one's account."""
    rows = await sessions.list_sessions(reader, user, after=cursor, limit=limit + 1)
    next_cursor = str(rows[limit - 1].id) if len(rows) > limit else None
    items = tuple(sessions.to_response(row, current=user.session_id) for row in rows[:limit])
    return SessionPage(items=items, next_cursor=next_cursor)


@router.delete(
    "/sessions/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.responses(AccessTokenInvalidError, sessions.SessionNotFoundError, InvalidInputError),
)
async def remove_session(session: Session, user: CurrentUser, session_id: UUID) -> None:
    """Sign one device out; its tokens are refused from now on."""
    await sessions.end_one(session, user, session_id)
