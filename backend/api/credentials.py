"""Proving an address, and setting a new password."""

from http import HTTPStatus

from fastapi import APIRouter

from backend.api import problems
from backend.api.dependencies import CurrentUser, Database, Keys, Passwords, Session, StrictRoute, limited
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.credentials import AddressRequest, EmailVerify, PasswordChange, PasswordReset
from backend.services import credentials
from backend.services.auth import CredentialsInvalidError

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/email/resend",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[limited("recovery")],
    responses=problems.responses(InvalidInputError, RateLimitedError),
)
async def request_verification(session: Session, data: AddressRequest, keyring: Keys) -> None:
    """Ask for another link that proves an address. The answer is the same whether anybody has it."""
    await credentials.request_verification(session, data, keyring=keyring)


@router.post(
    "/email/verify",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        credentials.LinkInvalidError, CredentialsInvalidError, InvalidInputError, RateLimitedError
    ),
)
async def verify_email(
    session: Session, data: EmailVerify, database: Database, passwords: Passwords, keyring: Keys
) -> None:
    """Prove an address with a mailed link and the account's password."""
    await credentials.verify_email(session, data, database=database, passwords=passwords, keyring=keyring)


@router.post(
    "/password/forgot",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[limited("recovery")],
    responses=problems.responses(InvalidInputError, RateLimitedError),
)
async def request_reset(session: Session, data: AddressRequest, keyring: Keys) -> None:
    """Ask for a link that sets a new password. The answer is the same whether anybody has the address."""
    await credentials.request_reset(session, data, keyring=keyring)


@router.post(
    "/password/reset",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(credentials.LinkInvalidError, InvalidInputError, RateLimitedError),
)
async def reset_password(
    session: Session, data: PasswordReset, database: Database, passwords: Passwords, keyring: Keys
) -> None:
    """Set a new password with a mailed link; every device is signed out."""
    await credentials.reset_password(session, data, database=database, passwords=passwords, keyring=keyring)


@router.post(
    "/password/change",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(
        AccessTokenInvalidError, CredentialsInvalidError, InvalidInputError, RateLimitedError
    ),
)
async def change_password(
    session: Session,
    user: CurrentUser,
    data: PasswordChange,
    database: Database,
    passwords: Passwords,
    keyring: Keys,
) -> None:
    """Set a new password by the current one; every other device is signed out."""
    await credentials.change_password(
        session, user, data, database=database, passwords=passwords, keyring=keyring
    )
