"""Sessions: signed-in devices, their tokens, and who acts in a request."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import BadRequestError, NotFoundError
from backend.core.tokens import AccessTokenInvalidError, Tokens, make_refresh, read_refresh
from backend.models.jobs import JobKind
from backend.models.sessions import RevocationReason, Session
from backend.models.users import User
from backend.schemas.auth import SessionResponse
from backend.services import jobs
from backend.services.users import Identity
from backend.utils.devices import device_name
from backend.utils.identifiers import uuid7
from backend.utils.security import new_key

FAMILY_KEY = "family-key"
"""The purpose under which the keys of refresh tokens are wrapped."""


class RefreshTokenInvalidError(BadRequestError):
    """The refresh token is unknown, expired, or its session has ended."""

    code = "invalid-grant"
    title = "The refresh token is not valid"


class RefreshTokenReusedError(RefreshTokenInvalidError):
    """A spent refresh token came back: somebody else may hold a copy, so the whole session ends.

    To the caller it looks like any other invalid token. The revocation is stored although the request fails.
    """

    keeps_writes = True


class SessionNotFoundError(NotFoundError):
    """There is no such session, it has ended, or it is somebody else's."""

    code = "session-not-found"
    title = "There is no such session"


@dataclass(frozen=True, slots=True)
class Device:
    """What is kept about the device that signs in: its user agent, and its network without the host part."""

    user_agent: str
    ip_prefix: str


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A pair of tokens for the caller (RFC 6749, 5.1)."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - a scheme, no secret


_LIVE = (
    Session.revoked_at.is_(None),
    Session.expires_at > bindparam("now"),
    Session.idle_expires_at > bindparam("now"),
    User.disabled_at.is_(None),
)

# The hot path of every request: one statement through Core, built once.
_IDENTITY = (
    select(
        User.id,
        Session.id.label("session_id"),
        User.email,
        User.username,
        User.email_verified_at,
        User.role,
        User.locale,
        User.created_at,
        User.data_key,
    )
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("session_id"), User.id == bindparam("user_id"), *_LIVE)
)

_FAMILY = (
    select(Session.user_id, Session.family_key, Session.generation, Session.rotated_at)
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("session_id"), *_LIVE)
)


async def authenticate(database: Database, token: str, *, tokens: Tokens) -> Identity:
    """Return who acts with an access token.

    Sign-out, disabling and deletion act at once, since the session is asked on every request.

    Raises:
        AccessTokenInvalidError: The token is not valid or its session has ended.
    """
    claims = tokens.read_access(token)
    parameters = {"session_id": claims.session_id, "user_id": claims.user_id, "now": now()}
    async with database.statement() as connection:
        row = (await connection.execute(_IDENTITY, parameters)).one_or_none()
    if row is None:
        raise AccessTokenInvalidError
    return Identity(*row)


async def start(session: AsyncSession, user_id: uuid.UUID, *, device: Device, tokens: Tokens) -> IssuedTokens:
    """Sign a device in."""
    moment, session_id, family_key = now(), uuid7(), new_key()
    session.add(
        Session(
            id=session_id,
            user_id=user_id,
            family_key=tokens.keyring.wrap(family_key, owner=session_id, purpose=FAMILY_KEY),
            rotated_at=moment,
            last_used_at=moment,
            idle_expires_at=moment + tokens.settings.refresh_idle_ttl,
            expires_at=moment + tokens.settings.refresh_absolute_ttl,
            user_agent=device.user_agent,
            ip_prefix=device.ip_prefix,
        )
    )
    await session.flush()
    return _issue(tokens, user_id, session_id, make_refresh(family_key, session_id, 0))


async def rotate(session: AsyncSession, refresh_token: str, *, tokens: Tokens) -> IssuedTokens:
    """Exchange a refresh token for its successor.

    A token that comes again within the grace period gets the same successor (a lost answer, a double click).
    Later, or after the successor was used, it ends the session: one of the two holders is a thief.

    Raises:
        RefreshTokenInvalidError: Unknown, expired or ended.
        RefreshTokenReusedError: Spent; the session is revoked.
    """
    claims = read_refresh(refresh_token)
    if claims is None:
        raise RefreshTokenInvalidError
    moment, parameters = now(), {"session_id": claims.session_id, "now": now()}
    family = (await session.execute(_FAMILY, parameters)).one_or_none()
    if family is None:
        raise RefreshTokenInvalidError
    family_key = tokens.keyring.unwrap(family.family_key, owner=claims.session_id, purpose=FAMILY_KEY)
    if not claims.is_of(family_key):
        raise RefreshTokenInvalidError
    if not await _advance(session, claims.session_id, claims.generation, tokens=tokens):
        # Someone was first. Read again: what they stored decides whether this is a retry or a replay.
        family = (await session.execute(_FAMILY, parameters)).one_or_none()
        if family is None:
            raise RefreshTokenInvalidError
        is_retry = family.generation == claims.generation + 1
        if not (is_retry and _is_recent(family.rotated_at, moment, tokens.settings.refresh_grace)):
            await end(session, claims.session_id, reason=RevocationReason.REUSE_DETECTED)
            notice = jobs.ForPerson(user_id=family.user_id, occasion="session_stolen")
            await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=tokens.keyring)
            raise RefreshTokenReusedError
    successor = make_refresh(family_key, claims.session_id, claims.generation + 1)
    return _issue(tokens, family.user_id, claims.session_id, successor)


async def list_sessions(
    session: AsyncSession, user: Identity, *, after: uuid.UUID | None, limit: int
) -> list[Session]:
    """Return some of one's signed-in devices, oldest first, beginning after an identifier."""
    query = _sessions_of(user).order_by(Session.id).limit(limit)
    if after is not None:
        query = query.where(Session.id > after)
    return list(await session.scalars(query))


async def end_one(session: AsyncSession, user: Identity, session_id: uuid.UUID) -> None:
    """End one of one's sessions.

    Raises:
        SessionNotFoundError: It does not exist, has ended, or is somebody else's.
    """
    found = await session.scalar(_sessions_of(user).where(Session.id == session_id).with_for_update())
    if found is None:
        raise SessionNotFoundError
    await end(session, session_id, reason=RevocationReason.SIGNED_OUT)


async def end_all(
    session: AsyncSession, user_id: uuid.UUID, *, reason: RevocationReason, but: uuid.UUID | None = None
) -> None:
    """End all of somebody's sessions, except one if it is named."""
    query = update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    if but is not None:
        query = query.where(Session.id != but)
    await session.execute(query.values(revoked_at=now(), revoked_reason=reason))


async def end(session: AsyncSession, session_id: uuid.UUID, *, reason: RevocationReason) -> None:
    """End a session; its access tokens are refused from the commit on."""
    await session.execute(
        update(Session)
        .where(Session.id == session_id, Session.revoked_at.is_(None))
        .values(revoked_at=now(), revoked_reason=reason)
    )


def to_response(session: Session, *, current: uuid.UUID) -> SessionResponse:
    """Return a session as its owner sees it."""
    return SessionResponse(
        id=session.id,
        device=device_name(session.user_agent),
        ip_prefix=session.ip_prefix,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=min(session.idle_expires_at, session.expires_at),
        current=session.id == current,
    )


def _sessions_of(user: Identity) -> Select[Session]:
    moment = now()
    return select(Session).where(
        Session.user_id == user.id,
        Session.revoked_at.is_(None),
        Session.idle_expires_at > moment,
        Session.expires_at > moment,
    )


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


def _is_recent(earlier: datetime, moment: datetime, grace: timedelta) -> bool:
    return moment - earlier <= grace


def _issue(tokens: Tokens, user_id: uuid.UUID, session_id: uuid.UUID, refresh_token: str) -> IssuedTokens:
    access = tokens.issue_access(user_id, session_id)
    return IssuedTokens(access, refresh_token, expires_in=tokens.access_seconds)
