"""Links and codes that are mailed: made once, stored as keyed hashes."""

import uuid
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import BadRequestError
from backend.core.keys import Keyring
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.users import User
from backend.utils.security import new_code, new_link_token

LIVES: Final = {
    TokenPurpose.VERIFY_EMAIL: timedelta(hours=24),
    TokenPurpose.RESET_PASSWORD: timedelta(hours=1),
    TokenPurpose.CHANGE_EMAIL: timedelta(hours=24),
    TokenPurpose.UNDO_EMAIL_CHANGE: timedelta(days=7),
}
"""How long a link works. That of an erasure works until the account is erased."""

_KEPT: Final = timedelta(days=7)

CODE_LIFE: Final = timedelta(minutes=10)
CODE_TRIES: Final = 5


class LinkInvalidError(BadRequestError):
    """The link or code is unknown, used or expired, or was for an address that the account no longer has."""

    code = "link-invalid"
    title = "The link or code is not valid any more"


class Mailed(NamedTuple):
    """What a letter is to hold; nothing else knows it."""

    id: uuid.UUID
    token: str
    code: str


async def issue(
    session: AsyncSession,
    user: User,
    purpose: TokenPurpose,
    *,
    keyring: Keyring,
    row: OneTimeToken | None = None,
    expires_at: datetime | None = None,
) -> Mailed:
    """Make a link and its code for an account whose row is locked. An earlier code of the purpose dies.

    One code at a time: with many alive, a guess would be right for any of them. Earlier links live on.

    Args:
        session: A unit of work.
        user: Whose link.
        purpose: What it is good for.
        keyring: Makes the hashes.
        row: What the link says beyond that (see `OneTimeToken`).
        expires_at: Its end, where its purpose alone does not say.
    """
    row = row or OneTimeToken()
    token, code = new_link_token(), new_code()
    await session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.user_id == user.id, OneTimeToken.purpose == purpose)
        .values(code_digest=None)
        .execution_options(synchronize_session=False)
    )
    row.user_id, row.purpose, row.email_key = user.id, purpose, user.email_key
    row.digest = digest_of(purpose, token, keyring)
    row.code_digest = code_digest_of(purpose, user.id, code, keyring)
    row.expires_at = expires_at or now() + LIVES[purpose]
    session.add(row)
    await session.flush()
    return Mailed(row.id, token, code)


async def discard(session: AsyncSession, user_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
    """Make links and codes of an account useless."""
    await session.execute(
        delete(OneTimeToken)
        .where(OneTimeToken.user_id == user_id, *which)
        .execution_options(synchronize_session=False)
    )


async def purge(database: Database) -> None:
    """Delete links that ran out: some hold an address that their owner has given up since."""
    async with database.unit() as session:
        # A letter that is tried again looks for the link of its first attempt: longer than that.
        await session.execute(delete(OneTimeToken).where(OneTimeToken.expires_at < now() - _KEPT))


def digest_of(purpose: TokenPurpose, token: str, keyring: Keyring) -> str:
    """Return what is stored of a link's token."""
    # The purpose is part of the key: a token of one purpose is not even found under another.
    return keyring.fingerprint(f"one-time-token {purpose}", token)


def code_digest_of(purpose: TokenPurpose, user_id: uuid.UUID, code: str, keyring: Keyring) -> str:
    """Return what is stored of a code: it is right for one account and one purpose."""
    return keyring.fingerprint(f"one-time-code {purpose}", f"{user_id} {code}")
