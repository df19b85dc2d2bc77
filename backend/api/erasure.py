"""Erasing one's own account, taking that back, and holding a receipt against what is stored."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from backend.api import problems
from backend.api.cookies import Browser
from backend.api.dependencies import (
    Erasing,
    Keys,
    Reader,
    RecentUser,
    Session,
    SigningIn,
    limited,
)
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.erasure import (
    ErasureUndo,
    PendingErasure,
    ReceiptFindings,
    ReceiptPresented,
    SignedReceipt,
)
from backend.services import erasure
from backend.services.credentials import LinkInvalidError
from backend.services.sessions import SignInNotRecentError
from backend.services.users import AccountGoneError

router = APIRouter(route_class=StrictRoute)

_OUTCOMES: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.OK): {"model": SignedReceipt, "description": "Erased at once: the receipt, to keep"},
    int(HTTPStatus.ACCEPTED): {"model": PendingErasure, "description": "It will be erased; a letter follows"},
}


@router.delete(
    "/users/me",
    tags=["users"],
    status_code=HTTPStatus.ACCEPTED,
    response_model=None,
    responses=problems.responses(
        AccessTokenInvalidError, SignInNotRecentError, AccountGoneError, InvalidInputError
    )
    | _OUTCOMES,
)
async def remove_me(
    session: Session,
    user: RecentUser,
    browser: Browser,
    terms: Erasing,
    response: Response,
    *,
    immediately: Annotated[bool, Query(description="Now and for good, without a grace.")] = False,
) -> PendingErasure | SignedReceipt:
    """Have one's own account erased: after a grace, until which a mailed link takes it back, or at once.

    Either way every device is signed out now. The answer to an immediate erasure is its receipt.
    """
    browser.forget()
    if immediately:
        response.status_code = HTTPStatus.OK
        return await erasure.erase_at_once(session, user, keyring=terms.keyring)
    erase_at = await erasure.request(session, user, terms=terms)
    return PendingErasure(erase_at=erase_at)


@router.post(
    "/auth/erasure/undo",
    tags=["auth"],
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[limited("login")],
    responses=problems.responses(LinkInvalidError, InvalidInputError, RateLimitedError),
)
async def undo_erasure(session: Session, data: ErasureUndo, signing_in: SigningIn) -> None:
    """Keep the account, with the link that was mailed when it was asked to be erased. Sign in again after."""
    await erasure.undo(session, data, parts=signing_in)


@router.post(
    "/erasure-receipts/verify",
    tags=["users"],
    dependencies=[limited("login")],
    responses=problems.responses(erasure.ReceiptInvalidError, InvalidInputError, RateLimitedError),
)
async def verify_erasure_receipt(reader: Reader, data: ReceiptPresented, keyring: Keys) -> ReceiptFindings:
    """Check a receipt: that it is ours and unaltered, and whether anything is left of the account."""
    receipt = erasure.read_signature(data.receipt, data.signature, signing=keyring.signing)
    return await erasure.examine(reader, receipt)
