"""Signing in."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.errors import UnauthenticatedError
from backend.core.passwords import PasswordPool
from backend.core.tokens import Tokens
from backend.models.users import User
from backend.schemas.auth import LoginForm
from backend.services import sessions
from backend.services.sessions import Device, IssuedTokens
from backend.utils.validators import identity_key


class CredentialsInvalidError(UnauthenticatedError):
    """Unknown person, wrong password and disabled account: the same error, in text and in work."""

    code = "invalid-credentials"
    title = "The user name or the password is not right"


async def sign_in(
    session: AsyncSession,
    data: LoginForm,
    *,
    database: Database,
    passwords: PasswordPool,
    tokens: Tokens,
    device: Device,
) -> IssuedTokens:
    """Check a password and sign the device in.

    The look-up is a statement of its own, so that no transaction is open while the password is hashed.

    Raises:
        CredentialsInvalidError: The two do not belong together, or the account is disabled.
    """
    key = identity_key(data.username)
    column = User.email_key if "@" in key else User.username_key
    async with database.statement() as connection:
        query = select(User.id, User.password_hash, User.disabled_at).where(column == key)
        account = (await connection.execute(query)).one_or_none()
    stored = account.password_hash if account else None
    checked = await passwords.check(data.password.get_secret_value(), stored)
    if account is None or not checked.matches or account.disabled_at is not None:
        raise CredentialsInvalidError
    # The account may have changed while the hash was computed: only the same password opens a session.
    user = await session.get(User, account.id, with_for_update=True)
    if user is None or user.password_hash != stored or user.disabled_at is not None:
        raise CredentialsInvalidError
    user.password_hash = checked.replacement or stored
    return await sessions.start(session, account.id, device=device, tokens=tokens)
