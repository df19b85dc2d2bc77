"""Proving an address, changing it, and setting a new password."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from backend.api import problems
from backend.api.dependencies import Keys, RecentUser, Session, SigningIn, limited
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.credentials import (
    AddressRequest,
    EmailChange,
    EmailChangeConfirm,
    EmailChangeUndo,
    EmailVerify,
    PasswordChange,
    PasswordReset,
)
from backend.services import credentials
from backend.services.auth import CredentialsInvalidError
from backend.services.sessions import SignInNotRecentError
from backend.services.users import EmailTakenError, ErasureDueError

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/email/resend",
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    dependencies=[limited("recovery")],
    responses=problems.responses(InvalidInputError, RateLimitedError),
)
async def request_verification(session: Session, data: AddressRequest, keyring: Keys) -> Response:
    """Ask for another link that proves an address. The answer is the same whether anybody has it."""
    await credentials.request_verification(session, data, keyring=keyring)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/email/verify",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        credentials.LinkInvalidError, CredentialsInvalidError, InvalidInputError, RateLimitedError
    ),
)
async def verify_email(session: Session, data: EmailVerify, signing_in: SigningIn) -> None:
    """Prove an address with a mailed link or code, and the account's password."""
    await credentials.verify_email(session, data, parts=signing_in)


@router.post(
    "/password/forgot",
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    dependencies=[limited("recovery")],
    responses=problems.responses(InvalidInputError, RateLimitedError),
)
async def request_password_reset(session: Session, data: AddressRequest, keyring: Keys) -> Response:
    """Ask for a link that sets a new password. The answer is the same whether anybody has the address."""
    await credentials.request_reset(session, data, keyring=keyring)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/password/reset",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(credentials.LinkInvalidError, InvalidInputError, RateLimitedError),
)
async def reset_password(session: Session, data: PasswordReset, signing_in: SigningIn) -> None:
    """Set a new password with a mailed link or code; every device is signed out."""
    await credentials.reset_password(session, data, parts=signing_in)


@router.post(
    "/password/change",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        AccessTokenInvalidError,
        SignInNotRecentError,
        CredentialsInvalidError,
        InvalidInputError,
        RateLimitedError,
    ),
)
async def change_password(
    session: Session, user: RecentUser, data: PasswordChange, signing_in: SigningIn
) -> None:
    """Set a new password by the current one; every other device is signed out."""
    await credentials.change_password(session, user, data, parts=signing_in)


@router.post(
    "/email/change",
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    dependencies=[limited("recovery")],
    responses=problems.responses(
        AccessTokenInvalidError, SignInNotRecentError, InvalidInputError, RateLimitedError
    ),
)
async def request_email_change(
    session: Session, user: RecentUser, data: EmailChange, keyring: Keys
) -> Response:
    """Ask for another address: a link and a code go there. The answer is the same whether anybody has it.

    Another request replaces the one before.
    """
    await credentials.request_change(session, user, data, keyring=keyring)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/email/change/confirm",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        credentials.LinkInvalidError,
        CredentialsInvalidError,
        EmailTakenError,
        InvalidInputError,
        RateLimitedError,
    ),
)
async def confirm_email_change(session: Session, data: EmailChangeConfirm, signing_in: SigningIn) -> None:
    """Change the address with what was mailed to the new one, and the password; other devices are signed out.

    With a code, `email` is the address that the account still has.
    """
    await credentials.confirm_change(session, data, parts=signing_in)


@router.post(
    "/email/change/undo",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        credentials.LinkInvalidError,
        EmailTakenError,
        ErasureDueError,
        InvalidInputError,
        RateLimitedError,
    ),
)
async def undo_email_change(session: Session, data: EmailChangeUndo, signing_in: SigningIn) -> None:
    """Bring the old address back with the link that was mailed to it.

    Every device is signed out, the password does not work any more, and a link that sets a new one goes to
    the restored address.
    """
    await credentials.undo_change(session, data, parts=signing_in)
