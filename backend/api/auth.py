"""Signing in and out."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form

from backend.api import problems
from backend.api.cookies import Browser
from backend.api.dependencies import (
    CurrentUser,
    Keys,
    PageCursor,
    PageLimit,
    Reader,
    Session,
    SigningIn,
    Tokens,
    limited,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.auth import LoginForm, RefreshRequest, SessionPage, TokenResponse
from backend.services import auth, factors, sessions
from backend.services.users import ErasurePendingError

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/login",
    dependencies=[limited("login")],
    responses=problems.responses(
        auth.CredentialsInvalidError,
        factors.MfaRequiredError,
        ErasurePendingError,
        sessions.CrossSiteError,
        InvalidInputError,
        RateLimitedError,
    ),
)
async def login_user(
    session: Session, browser: Browser, data: Annotated[LoginForm, Form()], signing_in: SigningIn
) -> TokenResponse:
    """Sign in with address or user name and password (OAuth 2.0 password form).

    Where the account has a second factor, the answer is 401 `mfa-required`, with what ending the sign-in
    needs.
    """
    browser.require_same_site(data.refresh_token_in)
    issued = await auth.sign_in(session, data, parts=signing_in)
    return browser.deliver(issued)


@router.post(
    "/refresh",
    dependencies=[limited("refresh")],
    responses=problems.responses(
        sessions.RefreshTokenInvalidError, sessions.CrossSiteError, InvalidInputError, RateLimitedError
    ),
)
async def refresh_tokens(
    session: Session, browser: Browser, tokens: Tokens, data: RefreshRequest | None = None
) -> TokenResponse:
    """Exchange a refresh token for a new pair. Each is good for one exchange.

    The token is the body's; a page in a browser sends none, and its cookie is taken.
    """
    token, request = browser.presented(data or RefreshRequest())
    issued = await sessions.rotate(session, token, request, tokens=tokens)
    return browser.deliver(issued)


@router.post(
    "/logout", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(AccessTokenInvalidError)
)
async def logout_session(session: Session, user: CurrentUser, browser: Browser, keyring: Keys) -> None:
    """End the session of this token; both its tokens are refused from now on."""
    await sessions.sign_out(session, user, keyring=keyring)
    browser.forget()


@router.post(
    "/logout-all", status_code=HTTPStatus.NO_CONTENT, responses=problems.responses(AccessTokenInvalidError)
)
async def logout_all_sessions(session: Session, user: CurrentUser, browser: Browser, keyring: Keys) -> None:
    """End all of one's sessions, this one included."""
    await sessions.sign_out_everywhere(session, user, keyring=keyring)
    browser.forget()


@router.get("/sessions", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_sessions(
    reader: Reader, user: CurrentUser, limit: PageLimit = 50, cursor: PageCursor = None
) -> SessionPage:
    """List the devices that are signed in to one's account."""
    rows = await sessions.list_sessions(reader, user.id, after=cursor, limit=limit + 1)
    next_cursor = str(rows[limit - 1].id) if len(rows) > limit else None
    items = tuple(sessions.to_response(row, current=user.session_id) for row in rows[:limit])
    return SessionPage(items=items, next_cursor=next_cursor)


@router.delete(
    "/sessions/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.responses(AccessTokenInvalidError, sessions.SessionNotFoundError, InvalidInputError),
)
async def remove_session(session: Session, user: CurrentUser, session_id: UUID, keyring: Keys) -> None:
    """Sign one device out; its tokens are refused from now on."""
    await sessions.end_one(session, user, session_id, keyring=keyring)
