"""One's factors: seen, set up, renamed, removed.

Whatever changes how somebody can sign in ends their other sessions and is told to them.
"""

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.core.passkeys import RelyingParty
from backend.core.tokens import AccessTokenInvalidError
from backend.models.audit import AuditAction
from backend.models.factors import ChallengePurpose, Credential, FactorKind
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason
from backend.models.users import User
from backend.schemas.factors import (
    FactorList,
    FactorResponse,
    FactorUpdate,
    PasskeyChallenge,
    PasskeyCreate,
    RecoveryCodes,
    TotpBegin,
    TotpConfirm,
    TotpEnrolment,
)
from backend.services import audit, jobs, sessions
from backend.services.factors import challenges, passkeys, recovery, totp
from backend.services.factors.errors import ChallengeInvalidError, FactorMissingError, FactorNotFoundError
from backend.services.factors.ports import Ports
from backend.services.mail import Occasion
from backend.services.users import AccountGoneError, Identity


async def list_factors(
    session: AsyncSession, user: Identity, *, after: uuid.UUID | None, limit: int
) -> FactorList:
    """Return some of one's factors, the oldest first, and how many recovery codes are left."""
    query = _factors_of(user.id).order_by(Credential.id).limit(limit + 1)
    rows = (await session.scalars(query if after is None else query.where(Credential.id > after))).all()
    left = await session.scalar(select(func.count()).select_from(Credential).where(*unused_codes_of(user.id)))
    items = tuple(FactorResponse.model_validate(row) for row in rows[:limit])
    next_cursor = str(items[-1].id) if len(rows) > limit else None
    return FactorList(items=items, next_cursor=next_cursor, recovery_codes_left=left or 0)


async def begin_totp(
    session: AsyncSession, user: Identity, data: TotpBegin, *, keyring: Keyring
) -> TotpEnrolment:
    """Make a secret for an authenticator app, which a code must confirm.

    Raises:
        FactorExistsError: An app is set up already.
        AccountGoneError: The account was deleted meanwhile.
    """
    await _lock(session, user)
    return await totp.begin(session, user, data, keyring=keyring)


async def confirm_totp(
    session: AsyncSession, user: Identity, data: TotpConfirm, *, keyring: Keyring
) -> FactorResponse:
    """Turn the authenticator app on.

    Raises:
        FactorNotFoundError: No app waits for a code.
        InvalidInputError: The code is not right.
        AccountGoneError: The account was deleted meanwhile.
    """
    await _lock(session, user)
    added = await totp.confirm(session, user, data.code.get_secret_value(), keyring=keyring)
    await _record(session, user, AuditAction.FACTOR_ADDED, added, keyring=keyring)
    await _end_others(session, user, Occasion.FACTOR_ADDED, keyring=keyring)
    return FactorResponse.model_validate(added)


async def request_passkey(
    session: AsyncSession, user: Identity, *, keyring: Keyring, party: RelyingParty
) -> PasskeyChallenge:
    """Return what a browser needs to make a passkey."""
    existing = await passkeys.descriptors(session, user, keyring=keyring)
    challenge = await challenges.issue(
        session, ChallengePurpose.REGISTER_PASSKEY, user_id=user.id, keyring=keyring
    )
    options = passkeys.creation_options(user, existing, challenge=challenge, party=party)
    return challenges.to_response(challenge, options)


async def add_passkey(
    session: AsyncSession, user: Identity, data: PasskeyCreate, ports: Ports
) -> FactorResponse:
    """Keep a new passkey.

    Raises:
        ChallengeInvalidError: The challenge is not good any more, or was somebody else's.
        InvalidInputError: The answer does not hold.
        FactorExistsError: The passkey is registered already.
        TooManyFactorsError: There are enough.
        AccountGoneError: The account was deleted meanwhile.
    """
    purpose, keyring = ChallengePurpose.REGISTER_PASSKEY, ports.keyring
    pending = await challenges.find(ports.database, purpose, data.challenge, keyring=keyring)
    if pending.user_id != user.id:
        raise ChallengeInvalidError
    await _lock(session, user)
    await challenges.consume(session, pending)
    added = await passkeys.register(session, user, data, keyring=keyring, party=ports.party)
    await _record(session, user, AuditAction.FACTOR_ADDED, added, keyring=keyring)
    await _end_others(session, user, Occasion.FACTOR_ADDED, keyring=keyring)
    return FactorResponse.model_validate(added)


async def rename(
    session: AsyncSession, user: Identity, factor_id: uuid.UUID, data: FactorUpdate, *, keyring: Keyring
) -> FactorResponse:
    """Call a factor something else. Nobody is signed out: a name opens nothing.

    Raises:
        FactorNotFoundError: It does not exist or is somebody else's.
    """
    factor = await _get(session, user, factor_id)
    factor.name = data.name
    await _record(session, user, AuditAction.FACTOR_RENAMED, factor, keyring=keyring)
    return FactorResponse.model_validate(factor)


async def remove(session: AsyncSession, user: Identity, factor_id: uuid.UUID, *, keyring: Keyring) -> None:
    """Remove a factor; with the last one go the recovery codes.

    Raises:
        FactorNotFoundError: It does not exist or is somebody else's.
        AccountGoneError: The account was deleted meanwhile.
    """
    await _lock(session, user)
    factor = await _get(session, user, factor_id)
    await session.delete(factor)
    await session.flush()
    if not await kinds_of(session, user.id):
        await recovery.forget(session, user.id)
    await _record(session, user, AuditAction.FACTOR_REMOVED, factor, keyring=keyring)
    await _end_others(session, user, Occasion.FACTOR_REMOVED, keyring=keyring)


async def replace_recovery_codes(session: AsyncSession, user: Identity, *, keyring: Keyring) -> RecoveryCodes:
    """Return ten new recovery codes; all earlier ones are void.

    Raises:
        FactorMissingError: There is nothing that they could stand in for.
        AccountGoneError: The account was deleted meanwhile.
    """
    await _lock(session, user)
    if not await kinds_of(session, user.id):
        raise FactorMissingError
    codes = await recovery.replace(session, user.id, keyring=keyring)
    await audit.record(session, audit.Event(AuditAction.RECOVERY_CODES_CREATED, user.id), keyring=keyring)
    await _end_others(session, user, Occasion.RECOVERY_CODES_MADE, keyring=keyring)
    return RecoveryCodes(codes=codes)


async def forget_all(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Delete every factor and pending question of an account that was not its owner's before."""
    await session.execute(delete(Credential).where(Credential.user_id == user_id))
    await challenges.forget(session, user_id)


async def forget_since(session: AsyncSession, user_id: uuid.UUID, moment: datetime) -> None:
    """Delete the factors that an account got since a moment, and every pending question."""
    await session.execute(
        delete(Credential).where(Credential.user_id == user_id, Credential.created_at >= moment)
    )
    await challenges.forget(session, user_id)


async def kinds_of(session: AsyncSession, user_id: uuid.UUID) -> set[FactorKind]:
    """Return the kinds of factors that somebody has beside their password."""
    return {factor.kind for factor in await session.scalars(_factors_of(user_id))}


def unused_codes_of(user_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of somebody's recovery codes that are left."""
    return (
        Credential.user_id == user_id,
        Credential.kind == FactorKind.RECOVERY_CODE,
        Credential.consumed_at.is_(None),
    )


def _factors_of(user_id: uuid.UUID) -> Select[Credential]:
    """Select what stands beside a password: no app that no code has confirmed, and no recovery code."""
    return select(Credential).where(
        Credential.user_id == user_id,
        Credential.kind != FactorKind.RECOVERY_CODE,
        Credential.confirmed_at.is_not(None),
    )


async def _get(session: AsyncSession, user: Identity, factor_id: uuid.UUID) -> Credential:
    query = _factors_of(user.id).where(Credential.id == factor_id)
    found = await session.scalar(query.with_for_update())
    if found is None:
        raise FactorNotFoundError
    return found


async def _lock(session: AsyncSession, user: Identity) -> None:
    """Take one change of an account's factors at a time, and none beside a sign-in."""
    if await session.get(User, user.id, with_for_update=True) is None:
        raise AccountGoneError
    # A reset of the password may have gone before: what it signed out must not get a factor after it.
    if not await sessions.is_live(session, user.session_id):
        raise AccessTokenInvalidError


async def _record(
    session: AsyncSession, user: Identity, action: AuditAction, factor: Credential, *, keyring: Keyring
) -> None:
    details = {"factor": str(factor.id), "kind": factor.kind.value}
    await audit.record(session, audit.Event(action, user.id, details=details), keyring=keyring)


async def _end_others(session: AsyncSession, user: Identity, occasion: Occasion, *, keyring: Keyring) -> None:
    await sessions.end_all(session, user.id, reason=RevocationReason.FACTOR_CHANGED, but=user.session_id)
    notice = jobs.ForPerson(user_id=user.id, occasion=occasion)
    await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=keyring)
