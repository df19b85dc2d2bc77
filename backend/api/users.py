"""Accounts."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from backend.api import problems
from backend.api.dependencies import (
    Configuration,
    CurrentUser,
    IfMatchAny,
    Keys,
    Passwords,
    Session,
    limited,
    set_tag,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, PreconditionFailedError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.models.users import User
from backend.schemas.users import UserCreate, UserResponse, UserUpdate
from backend.services import users
from backend.services.users import Identity

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.ACCEPTED): {"description": "Asked for: a letter says how it went"}
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
async def register_user(
    session: Session,
    data: UserCreate,
    passwords: Passwords,
    keyring: Keys,
    settings: Configuration,
    response: Response,
) -> User | Response:
    """Create an account.

    Where the service does not disclose who has one, the answer is always 202: the account comes a moment
    later, and a letter says how it went.
    """
    if settings.registration.disclosure == "silent":
        await users.request_registration(session, data, passwords=passwords, keyring=keyring)
        return Response(status_code=HTTPStatus.ACCEPTED)
    response.headers["Location"] = "/api/v1/users/me"
    return await users.register(session, data, passwords=passwords, keyring=keyring)


@router.get("/me", response_model=UserResponse, responses=problems.responses(AccessTokenInvalidError))
async def read_me(user: CurrentUser, response: Response) -> Identity:
    """Read one's own account."""
    set_tag(response, users.tag_of(user))
    return user


@router.patch(
    "/me",
    response_model=UserResponse,
    responses=problems.responses(
        AccessTokenInvalidError,
        users.AccountGoneError,
        users.UsernameTakenError,
        PreconditionFailedError,
        InvalidInputError,
    ),
)
async def update_me(
    session: Session,
    user: CurrentUser,
    data: UserUpdate,
    versions: IfMatchAny,
    keyring: Keys,
    response: Response,
) -> User:
    """Change one's own account. With its ETag in `If-Match`, only if it is still as it was read."""
    account = await users.update(session, user, data, versions=versions, keyring=keyring)
    set_tag(response, users.tag_of(account))
    return account
