"""Recovery codes: ten, shown once, each good for one sign-in where the other factors are lost."""

import secrets
import uuid

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.keys import Keyring
from backend.models.factors import Credential, FactorKind
from backend.services.factors.errors import FactorInvalidError

COUNT = 10
# Crockford's base 32: no I, L, O or U, which are misread. 16 of 32 characters are 80 bits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
_GROUP = 4
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})


async def replace(session: AsyncSession, user_id: uuid.UUID, *, keyring: Keyring) -> tuple[str, ...]:
    """Return new codes; all earlier ones are void."""
    await forget(session, user_id)
    codes = tuple(_new_code() for _ in range(COUNT))
    session.add_all(
        Credential(
            user_id=user_id,
            kind=FactorKind.RECOVERY_CODE,
            name="",
            digest=_digest(user_id, code, keyring),
            confirmed_at=now(),
        )
        for code in codes
    )
    await session.flush()
    return codes


async def accept(session: AsyncSession, user_id: uuid.UUID, code: str, *, keyring: Keyring) -> None:
    """Use a code up, in one atomic statement.

    Raises:
        FactorInvalidError: It is wrong or used.
    """
    moment = now()
    used = await session.execute(
        update(Credential)
        .where(
            Credential.digest == _digest(user_id, code, keyring),
            Credential.user_id == user_id,
            Credential.kind == FactorKind.RECOVERY_CODE,
            Credential.consumed_at.is_(None),
        )
        .values(consumed_at=moment, last_used_at=moment)
        .returning(Credential.id)
    )
    if used.one_or_none() is None:
        raise FactorInvalidError


async def forget(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Delete somebody's codes."""
    await session.execute(
        delete(Credential).where(Credential.user_id == user_id, Credential.kind == FactorKind.RECOVERY_CODE)
    )


def _new_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def _digest(user_id: uuid.UUID, code: str, keyring: Keyring) -> str:
    normal = "".join(code.upper().split()).translate(_MISREAD)
    return keyring.fingerprint("recovery-code", f"{user_id} {normal}")
