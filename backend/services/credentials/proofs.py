"""Showing what was mailed: a link's token, which nobody guesses, or a code, which somebody might.

Before a unit of work begins, `look_up` finds the account and counts the guess. In the unit `find` decides,
with the account locked, and `use_up` uses link and code up together. A code for an address that nobody has
takes the same path to the same answer.
"""

import uuid
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic import SecretStr
from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.credentials import MailedProof
from backend.services import audit, sessions
from backend.services.attempts import Attempt
from backend.services.auth import SignInFailedError, SignInParts, record_failure
from backend.services.credentials.links import (
    CODE_LIFE,
    CODE_TRIES,
    LinkInvalidError,
    code_digest_of,
    digest_of,
)
from backend.utils.security import is_equal
from backend.utils.validators import identity_key

_METHOD: Final = "code"
_PASSWORD: Final = "pwd"  # noqa: S105 - a method (RFC 8176, 2)
_WITH_PASSWORD: Final = {TokenPurpose.VERIFY_EMAIL, TokenPurpose.CHANGE_EMAIL}
# Whoever took an account by changing its address must not keep it from its owner by having it erased.
_WHILE_ERASING: Final = {TokenPurpose.UNDO_ERASURE, TokenPurpose.UNDO_EMAIL_CHANGE}


class CodeInvalidError(LinkInvalidError):
    """The same to the caller; that somebody tried is stored although the request fails."""

    keeps_writes = True


class Account(NamedTuple):
    """What checking or setting a password needs of an account; an empty one where nobody has the address."""

    id: uuid.UUID | None = None
    email: str = ""
    username: str = ""
    password_hash: str | None = None
    is_known_device: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody presents, and whom it is for.

    Attributes:
        owner_id: The account, or the owner of the chain for what concerns none.
        digest: The keyed hash of the token or the code.
        attempt: The guess that was counted, where something can be guessed.
    """

    purpose: TokenPurpose
    account: Account
    owner_id: uuid.UUID
    digest: str
    is_code: bool
    attempt: Attempt | None


class Found(NamedTuple):
    """A link that is good, and its account; both are locked."""

    user: User
    token: OneTimeToken


async def look_up(data: MailedProof, purpose: TokenPurpose, *, parts: SignInParts) -> Claim:
    """Find out whom a proof is for, and count the guess: at a code, or at the password beside a link.

    Nothing is decided yet: somebody else may use the link meanwhile.

    Raises:
        LinkInvalidError: There is no such link.
        RateLimitedError: Too many guesses lately.
    """
    if data.token is not None:
        return await _look_up_link(data.token.get_secret_value(), purpose, parts)
    if data.email is None or data.code is None:
        raise LinkInvalidError  # the schema lets nobody come here
    name = identity_key(data.email)
    account = await account_where(parts.database, User.email_key == name)
    attempt = await parts.attempts.count(str(account.id or name))
    owner_id = account.id or audit.nobody(name)
    digest = code_digest_of(purpose, owner_id, data.code.get_secret_value(), parts.keyring)
    return Claim(purpose, account, owner_id, digest, is_code=True, attempt=attempt)


async def find(session: AsyncSession, claim: Claim, *, keyring: Keyring) -> Found:
    """Return the link that a proof is good for, and lock its account. Write nothing before.

    Raises:
        LinkInvalidError: The link or code is not good any more. A wrong code is counted and written down.
    """
    # The account first, then its links: two uses at once wait for each other, and never in a circle.
    user = await session.get(User, claim.owner_id, with_for_update=True)
    by_code = (OneTimeToken.user_id == claim.owner_id, OneTimeToken.code_digest.is_not(None))
    mine = by_code if claim.is_code else (OneTimeToken.digest == claim.digest,)
    token = await session.scalar(
        select(OneTimeToken).where(OneTimeToken.purpose == claim.purpose, *mine, *_live())
    )
    if user is not None and token is not None and _is_good(token, user, claim):
        return Found(user, token)
    if not claim.is_code:
        raise LinkInvalidError
    if token is not None:
        token.code_failures += 1
    await record_failure(session, claim.owner_id, _METHOD, keyring=keyring)
    raise CodeInvalidError


async def find_with_password(
    session: AsyncSession, claim: Claim, password: SecretStr, *, parts: SignInParts
) -> Found:
    """Return the link that a proof is good for, if the account's password is shown too.

    What was mailed shows that somebody reads the address, the password that the account is theirs. Otherwise
    somebody could have a stranger confirm, with one press of a button, what they did themselves.

    Raises:
        LinkInvalidError: The link or code is not good any more.
        CredentialsInvalidError: The password is not the account's; the link stays good.
    """
    checked = await parts.passwords.check(password.get_secret_value(), claim.account.password_hash)
    found = await find(session, claim, keyring=parts.keyring)
    if not checked.matches or found.user.password_hash != claim.account.password_hash:
        await record_failure(session, found.user.id, _PASSWORD, keyring=parts.keyring)
        raise SignInFailedError
    return found


async def use_up(session: AsyncSession, token: OneTimeToken) -> None:
    """Use a link and its code up, in one atomic statement.

    Raises:
        LinkInvalidError: They are used.
    """
    used = await session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.id == token.id, OneTimeToken.consumed_at.is_(None))
        .values(consumed_at=now())
        .returning(OneTimeToken.id)
        .execution_options(synchronize_session=False)
    )
    if used.one_or_none() is None:
        raise LinkInvalidError


async def _look_up_link(token: str, purpose: TokenPurpose, parts: SignInParts) -> Claim:
    digest = digest_of(purpose, token, parts.keyring)
    mine = exists().where(OneTimeToken.user_id == User.id, OneTimeToken.digest == digest, *_live())
    account = await account_where(parts.database, mine)
    if account.id is None:
        raise LinkInvalidError
    attempt = None
    if purpose in _WITH_PASSWORD:
        attempt = await parts.attempts.count(str(account.id), is_known_device=account.is_known_device)
    return Claim(purpose, account, account.id, digest, is_code=False, attempt=attempt)


async def account_where(database: Database, condition: ColumnElement[bool]) -> Account:
    """Return what is known of the account for which something is true; nothing where it is true for none."""
    known = exists().where(Session.user_id == User.id, *sessions.is_from_here())
    query = select(User.id, User.email, User.username, User.password_hash, known).where(condition)
    async with database.statement() as connection:
        row = (await connection.execute(query)).one_or_none()
    return Account(*row) if row else Account()


def _live() -> tuple[ColumnElement[bool], ...]:
    return (OneTimeToken.consumed_at.is_(None), OneTimeToken.expires_at > now())


def _is_good(token: OneTimeToken, user: User, claim: Claim) -> bool:
    if user.disabled_at is not None or not _is_open(user, claim.purpose):
        return False
    if claim.purpose is not TokenPurpose.UNDO_EMAIL_CHANGE and token.email_key != user.email_key:
        return False
    if not claim.is_code:
        return True
    in_time = now() < token.created_at + CODE_LIFE and token.code_failures < CODE_TRIES
    return in_time and is_equal((token.code_digest or "").encode(), claim.digest.encode())


def _is_open(user: User, purpose: TokenPurpose) -> bool:
    return user.erase_at is None or (purpose in _WHILE_ERASING and now() < user.erase_at)
