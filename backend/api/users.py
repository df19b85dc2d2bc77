"""Accounts."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from backend.api import problems
from backend.api.dependencies import (
    Configuration,
    CurrentUser,
    Keys,
    Passwords,
    Session,
    StrictRoute,
    limited,
)
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.models.users import User
from backend.schemas.users import UserCreate, UserResponse, UserUpdate
from backend.services import users
from backend.services.users import Identity

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.ACCEPTED): {"description": "Asked for: a letter says how it went", "content": {}}
}


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=UserResponse,
    dependencies=[limited("registration")],
    responses=problems.responses(
        users.EmailTakenError, users.UsernameTakenError, InvalidInputError, RateLimitedError
    )
    | _ACCEPTED,
)
async def register(
    session: Session, data: UserCreate, passwords: Passwords, keyring: Keys, settings: Configuration
) -> User | Response:
    """Create an account.

    Where the service does not disclose who has one, the answer is always 202: the account comes a moment
    later, and a letter says how it went.
    """
    if settings.registration.disclosure == "silent":
        await users.request_registration(session, data, passwords=passwords, keyring=keyring)
        return JSONResponse(None, HTTPStatus.ACCEPTED)
    return await users.register(session, data, passwords=passwords, keyring=keyring)


@router.get("/me", response_model=UserResponse, responses=problems.responses(AccessTokenInvalidError))
async def read_me(user: CurrentUser) -> Identity:
    """Read one's own account."""
    return user


@router.patch(
    "/me",
    response_model=UserResponse,
    responses=problems.responses(
        AccessTokenInvalidError, users.AccountGoneError, users.UsernameTakenError, InvalidInputError
    ),
)
async def update_me(session: Session, user: CurrentUser, data: UserUpdate, keyring: Keys) -> User:
    """Change one's own account."""
    return await users.update(session, user, data, keyring=keyring)
