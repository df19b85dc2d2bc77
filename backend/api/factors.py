"""Second factors and passkeys: set up, and shown at sign-in."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from backend.api import problems
from backend.api.cookies import Browser
from backend.api.dependencies import (
    CurrentUser,
    Keys,
    PageCursor,
    PageLimit,
    Reader,
    RecentUser,
    RelyingParty,
    Session,
    SigningIn,
    limited,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.auth import ClientChoice, TokenResponse
from backend.schemas.factors import (
    CodeAnswer,
    FactorList,
    FactorResponse,
    FactorUpdate,
    PasskeyAnswer,
    PasskeyChallenge,
    PasskeyCreate,
    RecoveryCodes,
    TotpBegin,
    TotpConfirm,
    TotpEnrolment,
)
from backend.services import factors, sessions
from backend.services.users import AccountGoneError, ErasurePendingError

router = APIRouter(prefix="/auth", tags=["factors"], route_class=StrictRoute)


_SIGN_IN = problems.responses(
    factors.ChallengeInvalidError,
    factors.FactorInvalidError,
    sessions.CrossSiteError,
    ErasurePendingError,
    InvalidInputError,
    RateLimitedError,
)
_RECENT = (AccessTokenInvalidError, sessions.SignInNotRecentError)
_CHANGE = (*_RECENT, InvalidInputError, AccountGoneError)


@router.post("/mfa/totp", dependencies=[limited("login")], responses=_SIGN_IN)
async def verify_totp(
    session: Session, browser: Browser, data: CodeAnswer, signing_in: SigningIn
) -> TokenResponse:
    """End a sign-in with a code of one's authenticator app. A code works once."""
    issued = await factors.complete_with_totp(session, data, signing_in)
    browser.require_same_site(issued.delivery)
    return browser.deliver(issued)


@router.post("/mfa/passkey", dependencies=[limited("login")], responses=_SIGN_IN)
async def verify_passkey(
    session: Session, browser: Browser, data: PasskeyAnswer, signing_in: SigningIn
) -> TokenResponse:
    """End a sign-in with a passkey."""
    issued = await factors.complete_with_passkey(session, data, signing_in)
    browser.require_same_site(issued.delivery)
    return browser.deliver(issued)


@router.post("/mfa/recovery", dependencies=[limited("login")], responses=_SIGN_IN)
async def verify_recovery_code(
    session: Session, browser: Browser, data: CodeAnswer, signing_in: SigningIn
) -> TokenResponse:
    """End a sign-in with a recovery code. A code works once."""
    issued = await factors.complete_with_recovery_code(session, data, signing_in)
    browser.require_same_site(issued.delivery)
    return browser.deliver(issued)


@router.post(
    "/passkey/options",
    dependencies=[limited("login")],
    responses=problems.responses(InvalidInputError, RateLimitedError),
)
async def request_passkey_login(
    session: Session, data: ClientChoice, signing_in: SigningIn
) -> PasskeyChallenge:
    """Ask for what a browser needs to sign in with a passkey; nobody is named."""
    return await factors.request_passkey_login(session, data, signing_in)


@router.post("/passkey/login", dependencies=[limited("login")], responses=_SIGN_IN)
async def login_with_passkey(
    session: Session, browser: Browser, data: PasskeyAnswer, signing_in: SigningIn
) -> TokenResponse:
    """Sign in with a passkey alone."""
    issued = await factors.login_with_passkey(session, data, signing_in)
    browser.require_same_site(issued.delivery)
    return browser.deliver(issued)


@router.get("/factors", responses=problems.responses(AccessTokenInvalidError, InvalidInputError))
async def list_factors(
    reader: Reader, user: CurrentUser, limit: PageLimit = 50, cursor: PageCursor = None
) -> FactorList:
    """List one's authenticator app and passkeys, and how many recovery codes are left."""
    return await factors.list_factors(reader, user, after=cursor, limit=limit)


@router.post(
    "/factors/totp",
    status_code=HTTPStatus.CREATED,
    responses=problems.responses(*_CHANGE, factors.FactorExistsError),
)
async def request_totp(session: Session, user: RecentUser, data: TotpBegin, keyring: Keys) -> TotpEnrolment:
    """Ask for a secret for an authenticator app. It counts for nothing until a code confirms it."""
    return await factors.begin_totp(session, user, data, keyring=keyring)


@router.post(
    "/factors/totp/confirm",
    responses=problems.responses(*_CHANGE, factors.FactorNotFoundError),
)
async def create_totp(session: Session, user: RecentUser, data: TotpConfirm, keyring: Keys) -> FactorResponse:
    """Turn the authenticator app on with one of its codes; every other device is signed out."""
    return await factors.confirm_totp(session, user, data, keyring=keyring)


@router.post("/factors/passkeys/options", responses=problems.responses(*_RECENT))
async def request_passkey(
    session: Session, user: RecentUser, keyring: Keys, party: RelyingParty
) -> PasskeyChallenge:
    """Ask for what a browser needs to make a passkey."""
    return await factors.request_passkey(session, user, keyring=keyring, party=party)


@router.post(
    "/factors/passkeys",
    status_code=HTTPStatus.CREATED,
    responses=problems.responses(
        *_CHANGE, factors.ChallengeInvalidError, factors.FactorExistsError, factors.TooManyFactorsError
    ),
)
async def create_passkey(
    session: Session, user: RecentUser, data: PasskeyCreate, signing_in: SigningIn
) -> FactorResponse:
    """Keep a new passkey; every other device is signed out."""
    return await factors.add_passkey(session, user, data, signing_in)


@router.post(
    "/factors/recovery-codes",
    status_code=HTTPStatus.CREATED,
    responses=problems.responses(*_RECENT, AccountGoneError, factors.FactorMissingError),
)
async def replace_recovery_codes(session: Session, user: RecentUser, keyring: Keys) -> RecoveryCodes:
    """Make ten new recovery codes, shown once. Earlier ones are void; every other device is signed out."""
    return await factors.replace_recovery_codes(session, user, keyring=keyring)


@router.patch(
    "/factors/{factor_id:uuid}",
    responses=problems.responses(*_RECENT, InvalidInputError, factors.FactorNotFoundError),
)
async def update_factor(
    session: Session, user: RecentUser, factor_id: UUID, data: FactorUpdate, keyring: Keys
) -> FactorResponse:
    """Give a factor another name."""
    return await factors.rename(session, user, factor_id, data, keyring=keyring)


@router.delete(
    "/factors/{factor_id:uuid}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.responses(*_CHANGE, factors.FactorNotFoundError),
)
async def remove_factor(session: Session, user: RecentUser, factor_id: UUID, keyring: Keys) -> None:
    """Remove a factor, and with the last one the recovery codes; every other device is signed out."""
    await factors.remove(session, user, factor_id, keyring=keyring)
