"""Ending a sign-in with a second factor, and signing in with a passkey alone."""

import uuid
from collections.abc import Awaitable, Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.models.audit import AuditAction, AuditActor
from backend.models.factors import ChallengePurpose, Credential, FactorKind
from backend.models.jobs import JobKind
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.auth import ClientChoice
from backend.schemas.factors import CodeAnswer, PasskeyAnswer, PasskeyChallenge
from backend.services import audit, jobs, sessions
from backend.services.factors import challenges, passkeys, recovery, totp
from backend.services.factors.challenges import Pending
from backend.services.factors.enrolment import kinds_of, unused_codes_of
from backend.services.factors.errors import FactorInvalidError, MfaRequiredError
from backend.services.factors.ports import Ports
from backend.services.mail import Occasion
from backend.services.sessions import ClientRequest, IssuedTokens
from backend.utils.security import from_base64url, to_base64url

# Names of RFC 8176, 2. `swk` is a key that may be copied to other devices, `hwk` one that may not.
_TOTP, _HARDWARE, _SOFTWARE, _SEVERAL = "otp", "hwk", "swk", "mfa"

_Accept = Callable[[User], Awaitable[str]]
"""Takes what somebody shows, and returns the name of its method."""


async def require_factor(
    session: AsyncSession, user: User, request: ClientRequest, *, methods: str, ports: Ports
) -> None:
    """Ask for a second factor where the account has one; its row is locked by the caller.

    Raises:
        MfaRequiredError: It has one; the question is stored although the request fails.
    """
    keyring = ports.keyring
    kinds = await kinds_of(session, user.id)
    if not kinds:
        return
    purpose = ChallengePurpose.SIGN_IN
    challenge = await challenges.issue(
        session, purpose, user_id=user.id, keyring=keyring, request=request, methods=methods
    )
    offered = [kind.value for kind in (FactorKind.TOTP, FactorKind.PASSKEY) if kind in kinds]
    if await session.scalar(select(Credential.id).where(*unused_codes_of(user.id)).limit(1)):
        offered.append("recovery")
    options = None
    if FactorKind.PASSKEY in kinds:
        allowed = await passkeys.descriptors(session, user, keyring=keyring)
        options = ports.party.request_options(challenge, allow=allowed)
    event = audit.Event(AuditAction.SIGN_IN_CHALLENGED, user.id, details={"methods": " ".join(offered)})
    await audit.record(session, event, keyring=keyring)
    raise MfaRequiredError(
        challenge=to_base64url(challenge), methods=offered, expires_in=challenges.SECONDS, options=options
    )


async def complete_with_totp(session: AsyncSession, data: CodeAnswer, ports: Ports) -> IssuedTokens:
    """End a sign-in with an authenticator app's code.

    Raises:
        ChallengeInvalidError: The challenge is not good any more.
        FactorInvalidError: The code is wrong or used.
        ErasurePendingError: All is right, and the account waits to be erased.
        RateLimitedError: Too many guesses lately.
    """

    async def accept(user: User) -> str:
        await totp.accept(session, user, data.code.get_secret_value(), keyring=ports.keyring)
        return _TOTP

    return await _complete(session, await _pending(data, ports), accept, ports)


async def complete_with_recovery_code(session: AsyncSession, data: CodeAnswer, ports: Ports) -> IssuedTokens:
    """End a sign-in with a recovery code, of which the owner is told.

    Raises:
        ChallengeInvalidError: The challenge is not good any more.
        FactorInvalidError: The code is wrong or used.
        ErasurePendingError: All is right, and the account waits to be erased.
        RateLimitedError: Too many guesses lately.
    """
    keyring = ports.keyring

    async def accept(user: User) -> str:
        await recovery.accept(session, user.id, data.code.get_secret_value(), keyring=keyring)
        await audit.record(session, audit.Event(AuditAction.RECOVERY_CODE_USED, user.id), keyring=keyring)
        notice = jobs.ForPerson(user_id=user.id, occasion=Occasion.RECOVERY_CODE_USED)
        await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
        return _TOTP

    return await _complete(session, await _pending(data, ports), accept, ports)


async def complete_with_passkey(session: AsyncSession, data: PasskeyAnswer, ports: Ports) -> IssuedTokens:
    """End a sign-in with a passkey.

    Raises:
        ChallengeInvalidError: The challenge is not good any more.
        FactorInvalidError: The passkey is not this person's, or its answer does not hold.
        ErasurePendingError: All is right, and the account waits to be erased.
        RateLimitedError: Too many guesses lately.
    """

    async def accept(user: User) -> str:
        return await _accept_passkey(session, user, data, ports)

    return await _complete(session, await _pending(data, ports), accept, ports)


async def request_passkey_login(session: AsyncSession, data: ClientChoice, ports: Ports) -> PasskeyChallenge:
    """Return what a browser needs to sign somebody in whom nobody has named."""
    request = ClientRequest(data.client_id, data.refresh_token_in)
    challenge = await challenges.issue(
        session,
        ChallengePurpose.PASSKEY_SIGN_IN,
        user_id=None,
        keyring=ports.keyring,
        request=request,
    )
    return challenges.to_response(challenge, ports.party.request_options(challenge, allow=()))


async def login_with_passkey(session: AsyncSession, data: PasskeyAnswer, ports: Ports) -> IssuedTokens:
    """Sign in with a passkey alone: it is something that one has, opened by something that one knows or is.

    Raises:
        ChallengeInvalidError: The challenge is not good any more.
        FactorInvalidError: Nobody here has the passkey, its answer does not hold, or the account is disabled.
        ErasurePendingError: All is right, and the account waits to be erased.
        RateLimitedError: Too many guesses lately.
    """
    purpose, keyring = ChallengePurpose.PASSKEY_SIGN_IN, ports.keyring
    pending = await challenges.find(ports.database, purpose, data.challenge, keyring=keyring)
    owner_id = await passkeys.owner_of(ports.database, data.credential.raw_id, keyring=keyring)

    async def accept(user: User) -> str:
        if data.credential.response.user_handle is None:
            raise FactorInvalidError  # it must say whose it is where nobody was named (WebAuthn 3, 7.2)
        return await _accept_passkey(session, user, data, ports)

    found = pending._replace(user_id=owner_id)
    return await _complete(session, found, accept, ports)


async def _pending(data: CodeAnswer | PasskeyAnswer, ports: Ports) -> Pending:
    keyring = ports.keyring
    return await challenges.find(ports.database, ChallengePurpose.SIGN_IN, data.challenge, keyring=keyring)


async def _complete(session: AsyncSession, pending: Pending, accept: _Accept, ports: Ports) -> IssuedTokens:
    """Count, check, use the challenge up, and sign the device in.

    The challenge is used up last: it outlives wrong answers, and of many right ones one succeeds.
    """
    known = await _is_known_device(ports.database, pending.user_id)
    attempt = await ports.attempts.count(str(pending.user_id or pending.id), is_known_device=known)
    try:
        user = await _lock(session, pending.user_id)
        method = await accept(user)
    except FactorInvalidError as error:
        await _record_failure(session, pending, error, ports)
        raise
    await challenges.consume(session, pending)
    await ports.attempts.forgive(session, attempt)
    methods = " ".join(filter(None, (pending.methods, method, _SEVERAL)))
    await sessions.require_kept(session, user, methods=methods, keyring=ports.keyring)
    return await sessions.start(session, user.id, pending.request, methods=methods, tokens=ports.tokens)


async def _lock(session: AsyncSession, user_id: uuid.UUID | None) -> User:
    user = await session.get(User, user_id, with_for_update=True) if user_id else None
    if user is None or user.disabled_at is not None:
        raise FactorInvalidError
    return user


async def _accept_passkey(session: AsyncSession, user: User, data: PasskeyAnswer, ports: Ports) -> str:
    used = await passkeys.accept(
        session,
        user,
        data.credential,
        challenge=from_base64url(data.challenge),
        keyring=ports.keyring,
        party=ports.party,
    )
    return _SOFTWARE if used.backup_eligible else _HARDWARE


async def _record_failure(
    session: AsyncSession, pending: Pending, error: FactorInvalidError, ports: Ports
) -> None:
    """Write down that somebody tried; where a passkey may have been copied, tell its owner."""
    keyring = ports.keyring
    owner_id = pending.user_id or audit.nobody(str(pending.id))
    details = {"reason": error.reason}
    event = audit.Event(AuditAction.FACTOR_FAILED, owner_id, AuditActor.ANYONE, details=details)
    await audit.record(session, event, keyring=keyring)
    if isinstance(error, passkeys.SignCountError):
        notice = jobs.ForPerson(user_id=owner_id, occasion=Occasion.PASSKEY_COPIED)
        await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)


async def _is_known_device(database: Database, user_id: uuid.UUID | None) -> bool:
    if user_id is None:
        return False
    query = select(Session.id).where(Session.user_id == user_id, *sessions.is_from_here())
    async with database.statement() as connection:
        return await connection.scalar(query.limit(1)) is not None
