"""Links that are mailed: made once, stored as a keyed hash, used once."""

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import BadRequestError
from backend.core.keys import Keyring
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.users import User
from backend.utils.security import new_link_token

LIVES = {TokenPurpose.VERIFY_EMAIL: timedelta(hours=24), TokenPurpose.RESET_PASSWORD: timedelta(hours=1)}
"""How long a link works."""


class LinkInvalidError(BadRequestError):
    """The link is unknown, used or expired, or was sent to an address that is no longer the account's."""

    code = "link-invalid"
    title = "The link is not valid any more"


class Account(NamedTuple):
    """What checking or setting a password needs of an account."""

    id: uuid.UUID
    email: str
    username: str
    password_hash: str
    disabled_at: datetime | None


async def issue(session: AsyncSession, user: User, purpose: TokenPurpose, *, keyring: Keyring) -> str:
    """Return a new link's token, which is stored as a keyed hash."""
    token = new_link_token()
    session.add(
        OneTimeToken(
            user_id=user.id,
            purpose=purpose,
            digest=digest_of(purpose, token, keyring),
            email_key=user.email_key,
            expires_at=now() + LIVES[purpose],
        )
    )
    await session.flush()
    return token


async def account_of(database: Database, digest: str) -> Account:
    """Return the account that an unused link is for. The link may still be used meanwhile: `consume` decides.

    Raises:
        LinkInvalidError: There is no such link, or its time is over.
    """
    query = (
        select(User.id, User.email, User.username, User.password_hash, User.disabled_at)
        .join(OneTimeToken, OneTimeToken.user_id == User.id)
        .where(
            OneTimeToken.digest == digest,
            OneTimeToken.consumed_at.is_(None),
            OneTimeToken.expires_at > now(),
        )
    )
    async with database.statement() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise LinkInvalidError
    return Account(*row)


async def consume(session: AsyncSession, digest: str) -> User:
    """Use a link up, in one atomic statement, and return its account.

    Raises:
        LinkInvalidError: The link is not good any more.
    """
    moment = now()
    used = await session.execute(
        update(OneTimeToken)
        .where(
            OneTimeToken.digest == digest,
            OneTimeToken.consumed_at.is_(None),
            OneTimeToken.expires_at > moment,
        )
        .values(consumed_at=moment)
        .returning(OneTimeToken.user_id, OneTimeToken.email_key)
    )
    token = used.one_or_none()
    if token is None:
        raise LinkInvalidError
    user = await session.get(User, token.user_id, with_for_update=True)
    if user is None or user.email_key != token.email_key or user.disabled_at is not None:
        raise LinkInvalidError
    return user


def digest_of(purpose: TokenPurpose, token: str, keyring: Keyring) -> str:
    """Return what is stored of a link's token."""
    # The purpose is part of the key: a token of one purpose is not even found under another.
    return keyring.fingerprint(f"one-time-token {purpose}", token)
