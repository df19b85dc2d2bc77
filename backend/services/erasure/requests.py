"""Asking for an account to be erased, and taking it back."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.models.audit import AuditAction, AuditActor
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User
from backend.schemas.credentials import MailedProof
from backend.schemas.erasure import ErasureUndo, SignedReceipt
from backend.services import audit, factors, jobs, sessions, users
from backend.services.auth import SignInParts
from backend.services.credentials import LinkInvalidError, links, proofs
from backend.services.erasure.destruction import Doer, erase
from backend.services.mail import Occasion
from backend.services.users import AccountGoneError, ErasureDueError, Identity

_UNDO_PAGE: Final = "undo-erasure"
_OWNER: Final = Doer(AuditActor.OWNER)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms accounts are erased.

    Attributes:
        grace: How long they wait.
    """

    grace: timedelta
    keyring: Keyring


async def request(session: AsyncSession, user: Identity, *, terms: Terms) -> datetime:
    """Ask for one's own account to be erased after a grace, and return when that is.

    Of several who ask at once the first decides.

    Raises:
        AccessTokenInvalidError: The session ended meanwhile.
        AccountGoneError: The account was erased meanwhile.
    """
    account = await _lock(session, user.id)
    if account.erase_at is not None:
        return account.erase_at
    await _require_live(session, user)
    return await schedule(session, account, _OWNER, terms=terms)


async def erase_at_once(session: AsyncSession, user: Identity, *, keyring: Keyring) -> SignedReceipt:
    """Erase one's own account now.

    Raises:
        AccessTokenInvalidError: The session ended meanwhile.
        AccountGoneError: The account was erased meanwhile.
    """
    account = await _lock(session, user.id)
    await _require_live(session, user)
    return await erase(session, account, _OWNER, keyring=keyring)


async def schedule(session: AsyncSession, account: User, doer: Doer, *, terms: Terms) -> datetime:
    """Have an account, whose row is locked, wait to be erased; return when that is.

    Whoever is signed in to it, or about to be, is not any more. Its owner gets a link that takes it back.
    """
    erase_at, keyring = now() + terms.grace, terms.keyring
    account.erase_at = erase_at
    await sessions.end_all(session, account.id, reason=RevocationReason.ERASURE_REQUESTED)
    await factors.forget_challenges(session, account.id)
    # A change of address can still be undone, and the erasure with it: who made the one may have asked for
    # the other.
    await links.discard(session, account.id, OneTimeToken.purpose != TokenPurpose.UNDO_EMAIL_CHANGE)
    purpose = TokenPurpose.UNDO_ERASURE
    mailed = await links.issue(session, account, purpose, keyring=keyring, expires_at=erase_at)
    letter = jobs.ForReader(
        occasion=Occasion.ERASURE_REQUESTED,
        email=account.email,
        username=account.username,
        locale=account.locale,
        page=_UNDO_PAGE,
        token=mailed.token,
        date=f"{erase_at:%Y-%m-%d}",
        user_id=account.id,
    )
    await jobs.enqueue(session, JobKind.LETTER, letter, keyring=keyring)
    await _record(session, AuditAction.ERASURE_REQUESTED, account.id, doer, keyring)
    return erase_at


async def undo(session: AsyncSession, data: ErasureUndo, *, parts: SignInParts) -> None:
    """Take back that an account shall be erased, for whoever reads what was mailed. Its sessions stay ended.

    Raises:
        LinkInvalidError: The link is not good any more: it was used, or the time has come.
    """
    keyring = parts.keyring
    claim = await proofs.look_up(MailedProof(token=data.token), TokenPurpose.UNDO_ERASURE, parts=parts)
    user, token = await proofs.find(session, claim, keyring=keyring)
    await proofs.use_up(session, token)
    try:
        await take_back(session, user, _OWNER, keyring=keyring)
    except ErasureDueError as error:
        raise LinkInvalidError from error


async def take_back(session: AsyncSession, account: User, doer: Doer, *, keyring: Keyring) -> None:
    """Take back that an account, whose row is locked, shall be erased.

    Raises:
        ErasureDueError: The time has come.
    """
    await users.keep(session, account.id)
    await links.discard(session, account.id, OneTimeToken.purpose == TokenPurpose.UNDO_ERASURE)
    await _record(session, AuditAction.ERASURE_UNDONE, account.id, doer, keyring)


async def _lock(session: AsyncSession, user_id: uuid.UUID) -> User:
    account = await session.get(User, user_id, with_for_update=True)
    if account is None:
        raise AccountGoneError
    return account


async def _require_live(session: AsyncSession, user: Identity) -> None:
    # Whatever ended the session has ended what it may ask for.
    if not await sessions.is_live(session, user.session_id):
        raise AccessTokenInvalidError


async def _record(
    session: AsyncSession, action: AuditAction, owner_id: uuid.UUID, doer: Doer, keyring: Keyring
) -> None:
    await audit.record(session, audit.Event(action, owner_id, doer.actor, doer.admin_id), keyring=keyring)
