"""Another address: proved where it leads, told to the old one, and undone from there.

The row of a link is written in the transaction of what asks for it, never later: whatever ends the links of
an account then ends this one too, although its letter may not have left yet.
"""

from secrets import token_urlsafe

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.core.tokens import AccessTokenInvalidError
from backend.models.audit import AuditAction
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User
from backend.schemas.credentials import EmailChange, EmailChangeConfirm, EmailChangeUndo, MailedProof
from backend.services import audit, factors, jobs, sessions, users
from backend.services.auth import SignInParts
from backend.services.credentials import proofs
from backend.services.credentials.links import LIVES, LinkInvalidError, discard, issue
from backend.services.mail import Occasion
from backend.services.users import Identity

UNDO_PAGE = "undo-email-change"


async def request_change(
    session: AsyncSession, user: Identity, data: EmailChange, *, keyring: Keyring
) -> None:
    """Ask for another address, instead of any that was asked for before.

    Whether somebody else has it is found out after the answer.

    Raises:
        AccessTokenInvalidError: The session ended meanwhile.
    """
    account = await session.get(User, user.id, with_for_update=True)
    # Whatever ended the session has ended its requests too: none may come back after it.
    if account is None or not await sessions.is_live(session, user.session_id):
        raise AccessTokenInvalidError
    await discard(session, user.id, OneTimeToken.purpose == TokenPurpose.CHANGE_EMAIL)
    row = OneTimeToken(email=data.new_email, session_id=user.session_id)
    mailed = await issue(session, account, TokenPurpose.CHANGE_EMAIL, keyring=keyring, row=row)
    payload = jobs.ForChange(token_id=mailed.id, token=mailed.token, code=mailed.code)
    await jobs.enqueue(session, JobKind.CHANGE_EMAIL, payload, keyring=keyring)
    await audit.record(session, audit.Event(AuditAction.EMAIL_CHANGE_REQUESTED, user.id), keyring=keyring)


async def confirm_change(session: AsyncSession, data: EmailChangeConfirm, *, parts: SignInParts) -> None:
    """Give the account the address whose reader shows what was mailed there, and the password.

    Every session ends but the one that asked, and so does every other link. The old address is told, and can
    undo it if it had been proved: one that never was may be a stranger's.

    Raises:
        LinkInvalidError: The link or code is not good any more, or the session that asked has been ended.
        CredentialsInvalidError: The password is not the account's; the link stays good.
        EmailTakenError: Another account has taken the address meanwhile; the link stays good.
        RateLimitedError: Too many guesses lately.
    """
    keyring = parts.keyring
    claim = await proofs.look_up(data, TokenPurpose.CHANGE_EMAIL, parts=parts)
    user, token = await proofs.find_with_password(session, claim, data.password, parts=parts)
    if not await sessions.is_live(session, token.session_id):
        raise LinkInvalidError  # who ends a stranger's session ends what the stranger asked for
    await proofs.use_up(session, token)
    notice = await _notice(session, user, keyring)
    await users.set_email(session, user, token.email or user.email)
    await sessions.end_all(session, user.id, reason=RevocationReason.EMAIL_CHANGED, but=token.session_id)
    await discard(session, user.id, OneTimeToken.purpose != TokenPurpose.UNDO_EMAIL_CHANGE)
    await jobs.enqueue(session, JobKind.LETTER, notice, keyring=keyring)
    if claim.attempt is not None:
        await parts.attempts.forgive(session, claim.attempt)
    await audit.record(session, audit.Event(AuditAction.EMAIL_CHANGED, user.id), keyring=keyring)


async def undo_change(session: AsyncSession, data: EmailChangeUndo, *, parts: SignInParts) -> None:
    """Bring the old address back, for whoever reads what was mailed there.

    Somebody else may know the password, and hold sessions, links, and factors of their own: all of them end,
    and the restored address gets a link that sets a new password. If they had the account wait to be erased,
    it stays. Factors that were there long before the change stay. Earlier changes can still be undone, or
    whoever made two could undo the second to keep the first; later ones cannot.

    Raises:
        LinkInvalidError: The link is not good any more.
        EmailTakenError: Another account has taken the address meanwhile; the link stays good.
        ErasureDueError: The account is being erased.
    """
    keyring = parts.keyring
    claim = await proofs.look_up(MailedProof(token=data.token), TokenPurpose.UNDO_EMAIL_CHANGE, parts=parts)
    nobodys_password = await parts.passwords.hash(token_urlsafe())
    user, token = await proofs.find(session, claim, keyring=keyring)
    await proofs.use_up(session, token)
    await users.set_email(session, user, token.email or user.email)
    user.password_hash = nobodys_password
    if user.erase_at is not None:
        await users.keep(session, user.id)
        await audit.record(session, audit.Event(AuditAction.ERASURE_UNDONE, user.id), keyring=keyring)
    await sessions.end_all(session, user.id, reason=RevocationReason.EMAIL_CHANGED)
    undoable = LIVES[TokenPurpose.UNDO_EMAIL_CHANGE]
    await factors.forget_since(session, user.id, token.created_at - undoable)
    await discard(
        session,
        user.id,
        (OneTimeToken.purpose != TokenPurpose.UNDO_EMAIL_CHANGE)
        | (OneTimeToken.created_at >= token.created_at),
    )
    reset = jobs.ForAddress(email_key=user.email_key, is_recorded=True)
    await jobs.enqueue(session, JobKind.RESET_PASSWORD, reset, keyring=keyring)
    await audit.record(session, audit.Event(AuditAction.EMAIL_CHANGE_UNDONE, user.id), keyring=keyring)


async def _notice(session: AsyncSession, user: User, keyring: Keyring) -> jobs.ForReader:
    """Return the letter to the address that an account still has."""
    notice = jobs.ForReader(
        occasion=Occasion.EMAIL_CHANGED,
        email=user.email,
        username=user.username,
        locale=user.locale,
        user_id=user.id,
    )
    if not user.email_verified:
        return notice
    row = OneTimeToken(email=user.email)
    mailed = await issue(session, user, TokenPurpose.UNDO_EMAIL_CHANGE, keyring=keyring, row=row)
    undoable = {"occasion": Occasion.EMAIL_CHANGED_UNDOABLE, "page": UNDO_PAGE, "token": mailed.token}
    return notice.model_copy(update=undoable)
