"""Starting a session, and exchanging its refresh token for the next one."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.errors import BadRequestError, CorruptedError, ForbiddenError
from backend.core.tokens import Grant, Tokens, make_refresh, read_refresh
from backend.models.audit import AuditAction, AuditActor
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason, Session, TokenDelivery
from backend.models.users import User
from backend.services import audit, jobs
from backend.services.sessions.authentication import LIVE
from backend.services.sessions.devices import end
from backend.utils.identifiers import uuid7
from backend.utils.security import SealBrokenError, new_key

FAMILY_KEY = "family-key"
"""The purpose under which the keys of refresh tokens are wrapped."""


class RefreshTokenInvalidError(BadRequestError):
    """The refresh token is unknown, expired, another client's, or its session has ended."""

    code = "invalid-grant"
    title = "The refresh token is not valid"


class RefreshTokenReusedError(RefreshTokenInvalidError):
    """A spent refresh token came back: somebody else may hold a copy, so the whole session ends.

    To the caller it looks like any other invalid token. The revocation is stored although the request fails.
    """

    keeps_writes = True


class CrossSiteError(ForbiddenError):
    """A browser sends its cookie along on behalf of another site."""

    code = "cross-site"
    title = "A request that uses the cookie must come from our own pages"


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """Which client asks for tokens, and how its refresh token travels: a session is bound to both."""

    client_id: str
    delivery: TokenDelivery = TokenDelivery.BODY


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A pair of tokens for the caller (RFC 6749, 5.1)."""

    access_token: str
    refresh_token: str
    expires_in: int
    delivery: TokenDelivery
    token_type: str = "bearer"  # noqa: S105 - a scheme, no secret


_FAMILY = (
    select(
        Session.user_id,
        Session.family_key,
        Session.generation,
        Session.rotated_at,
        Session.client_id,
        Session.token_delivery,
        Session.authentication_methods,
        Session.created_at,
    )
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("session_id"), *LIVE)
)


async def start(
    session: AsyncSession, user_id: uuid.UUID, request: ClientRequest, *, methods: str, tokens: Tokens
) -> IssuedTokens:
    """Sign a device in.

    Args:
        session: The unit of work.
        user_id: Whose device; their row is locked by the caller, and they are neither disabled nor gone.
        request: What the session is bound to.
        methods: How the person showed who they are: names of RFC 8176, separated by spaces.
        tokens: What issues.
    """
    moment, session_id, family_key = now(), uuid7(), new_key()
    place = caller.current()
    session.add(
        Session(
            id=session_id,
            user_id=user_id,
            family_key=tokens.keyring.wrap(family_key, owner=session_id, purpose=FAMILY_KEY),
            created_at=moment,
            rotated_at=moment,
            last_used_at=moment,
            idle_expires_at=moment + tokens.settings.refresh_idle_ttl,
            expires_at=moment + tokens.settings.refresh_absolute_ttl,
            client_id=request.client_id,
            token_delivery=request.delivery,
            authentication_methods=methods,
            user_agent=place.user_agent,
            ip_prefix=place.ip_prefix,
        )
    )
    await session.flush()
    details = {"session": str(session_id), "methods": methods}
    event = audit.Event(AuditAction.SIGNED_IN, user_id, details=details)
    await audit.record(session, event, keyring=tokens.keyring)
    grant = Grant(user_id, session_id, request.client_id, methods, moment)
    return _issue(tokens, grant, request.delivery, make_refresh(family_key, session_id, 0))


async def rotate(
    session: AsyncSession, refresh_token: str, request: ClientRequest, *, tokens: Tokens
) -> IssuedTokens:
    """Exchange a refresh token for its successor.

    A token that comes again within the grace period gets the same successor (a lost answer, a double click).
    Later, or after the successor was used, it ends the session: one of the two holders is a thief.

    Raises:
        RefreshTokenInvalidError: Unknown, expired, ended, or bound to another client or way of delivery.
        RefreshTokenReusedError: Spent; the session is revoked.
        CorruptedError: The session's row was altered or swapped.
    """
    claims = read_refresh(refresh_token)
    if claims is None:
        raise RefreshTokenInvalidError
    moment = now()
    family = await _family(session, claims.session_id, moment)
    if request != ClientRequest(family.client_id, family.token_delivery):
        raise RefreshTokenInvalidError
    try:
        family_key = tokens.keyring.unwrap(family.family_key, owner=claims.session_id, purpose=FAMILY_KEY)
    except SealBrokenError as error:
        raise CorruptedError(family.user_id, {"session": str(claims.session_id)}) from error
    if not claims.is_of(family_key):
        raise RefreshTokenInvalidError
    if not await _advance(session, claims.session_id, claims.generation, tokens=tokens):
        # Someone was first. Read again: what they stored decides whether this is a retry or a replay.
        family = await _family(session, claims.session_id, moment)
        is_retry = family.generation == claims.generation + 1
        if not (is_retry and _is_recent(family.rotated_at, moment, tokens.settings.refresh_grace)):
            await _revoke_stolen(session, family.user_id, claims.session_id, tokens=tokens)
            raise RefreshTokenReusedError
    grant = Grant(
        family.user_id, claims.session_id, family.client_id, family.authentication_methods, family.created_at
    )
    successor = make_refresh(family_key, claims.session_id, claims.generation + 1)
    return _issue(tokens, grant, family.token_delivery, successor)


async def _family(session: AsyncSession, session_id: uuid.UUID, moment: datetime) -> Row[*tuple[object, ...]]:
    family = (await session.execute(_FAMILY, {"session_id": session_id, "now": moment})).one_or_none()
    if family is None:
        raise RefreshTokenInvalidError
    return family


async def _advance(session: AsyncSession, session_id: uuid.UUID, generation: int, *, tokens: Tokens) -> bool:
    """Move the session to its next generation in one atomic statement; false where another request did."""
    moment = now()
    moved = await session.execute(
        update(Session)
        .where(
            Session.id == session_id,
            Session.generation == generation,
            Session.revoked_at.is_(None),
        )
        .values(
            generation=generation + 1,
            rotated_at=moment,
            last_used_at=moment,
            idle_expires_at=moment + tokens.settings.refresh_idle_ttl,
        )
        .returning(Session.id)
    )
    return moved.one_or_none() is not None


async def _revoke_stolen(
    session: AsyncSession, user_id: uuid.UUID, session_id: uuid.UUID, *, tokens: Tokens
) -> None:
    await end(session, session_id, reason=RevocationReason.REUSE_DETECTED)
    details = {"session": str(session_id)}
    event = audit.Event(AuditAction.REUSE_DETECTED, user_id, AuditActor.ANYONE, details=details)
    await audit.record(session, event, keyring=tokens.keyring)
    notice = jobs.ForPerson(user_id=user_id, occasion="session_stolen")
    await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=tokens.keyring)


def _is_recent(earlier: datetime, moment: datetime, grace: timedelta) -> bool:
    return moment - earlier <= grace


def _issue(tokens: Tokens, grant: Grant, delivery: TokenDelivery, refresh_token: str) -> IssuedTokens:
    return IssuedTokens(tokens.issue_access(grant), refresh_token, tokens.access_seconds, delivery)
