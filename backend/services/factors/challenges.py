"""Questions that wait for an answer: made once, stored as a keyed hash, answered once."""

import uuid
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.models.factors import Challenge, ChallengePurpose
from backend.schemas.auth import FIRST_PARTY
from backend.schemas.factors import PasskeyChallenge
from backend.services.factors.errors import ChallengeInvalidError
from backend.services.sessions import ClientRequest
from backend.utils.security import new_key, to_base64url

LIFE: Final = timedelta(minutes=5)
"""How long a question waits."""

SECONDS: Final = int(LIFE.total_seconds())
_NO_SESSION: Final = ClientRequest(FIRST_PARTY)
_SWEPT: Final = 100


class Pending(NamedTuple):
    """A question that waits, with what has to be known when the answer comes.

    Attributes:
        user_id: Who is asked; none where nobody was named yet.
        request: What the session will be bound to.
        methods: How the person has shown already who they are: names of RFC 8176, separated by spaces.
    """

    id: uuid.UUID
    user_id: uuid.UUID | None
    request: ClientRequest
    methods: str


async def issue(
    session: AsyncSession,
    purpose: ChallengePurpose,
    *,
    user_id: uuid.UUID | None,
    keyring: Keyring,
    request: ClientRequest = _NO_SESSION,
    methods: str = "",
) -> bytes:
    """Return the 32 random bytes of a new question."""
    await _sweep(session)
    secret = new_key()
    session.add(
        Challenge(
            purpose=purpose,
            user_id=user_id,
            digest=_digest(purpose, to_base64url(secret), keyring),
            client_id=request.client_id,
            token_delivery=request.delivery,
            authentication_methods=methods,
            expires_at=now() + LIFE,
        )
    )
    await session.flush()
    return secret


async def find(database: Database, purpose: ChallengePurpose, token: str, *, keyring: Keyring) -> Pending:
    """Return a question that still waits, without answering it.

    Raises:
        ChallengeInvalidError: There is none.
    """
    query = select(
        Challenge.id,
        Challenge.user_id,
        Challenge.client_id,
        Challenge.token_delivery,
        Challenge.authentication_methods,
    ).where(
        Challenge.digest == _digest(purpose, token, keyring),
        Challenge.consumed_at.is_(None),
        Challenge.expires_at > now(),
    )
    async with database.statement() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise ChallengeInvalidError
    request = ClientRequest(row.client_id, row.token_delivery)
    return Pending(row.id, row.user_id, request, row.authentication_methods)


async def consume(session: AsyncSession, pending: Pending) -> None:
    """Answer a question, in one atomic statement: of many who try, one succeeds.

    Raises:
        ChallengeInvalidError: Somebody was first, or time ran out.
    """
    moment = now()
    used = await session.execute(
        update(Challenge)
        .where(Challenge.id == pending.id, Challenge.consumed_at.is_(None), Challenge.expires_at > moment)
        .values(consumed_at=moment)
        .returning(Challenge.id)
    )
    if used.one_or_none() is None:
        raise ChallengeInvalidError


async def forget(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Give up all of somebody's questions: a sign-in that began under an old password must not end."""
    await session.execute(delete(Challenge).where(Challenge.user_id == user_id))


def to_response(challenge: bytes, options: dict[str, Any]) -> PasskeyChallenge:
    """Return a question as its asker sees it."""
    return PasskeyChallenge(challenge=to_base64url(challenge), options=options, expires_in=SECONDS)


async def _sweep(session: AsyncSession) -> None:
    """Delete some that ran out, since anybody may ask for more."""
    stale = (
        select(Challenge.id)
        .where(Challenge.expires_at < now())
        .limit(_SWEPT)
        # Two that sweep at once must not wait for each other.
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        delete(Challenge)
        .where(Challenge.id.in_(list(await session.scalars(stale))))
        .execution_options(synchronize_session=False)
    )


def _digest(purpose: ChallengePurpose, token: str, keyring: Keyring) -> str:
    # The purpose is part of the key: a challenge of one purpose is not even found under another.
    return keyring.fingerprint(f"challenge {purpose}", token)
