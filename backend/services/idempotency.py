"""Requests that may be repeated: the second of the same key is answered like the first, and does nothing.

The key is written in the transaction of what the request does: stored with it or, like it, not at all. Of two
that come at once the second waits for the first.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import insert_into, violates
from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.models.idempotency import IdempotencyKey
from backend.services.users import DATA_KEY, AccountGoneError, Identity, Owner
from backend.utils.security import open_sealed, seal

LIFE: Final = timedelta(hours=24)
"""How long an answer is kept."""

_SWEPT: Final = 100


class IdempotencyKeyReusedError(InvalidInputError):
    """The key was sent before, with another request."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used for another request"

    def __init__(self) -> None:
        super().__init__([Violation("header:idempotency-key", "reused", "was sent with another request")])


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that somebody has sent.

    Attributes:
        answer: What was answered before; None for the first.
    """

    key: str
    answer: bytes | None = field(repr=False)


async def claim(session: AsyncSession, user: Identity, key: str, *, request: str, keyring: Keyring) -> Claim:
    """Take a key for a request, or find what was answered to that request before.

    Args:
        session: The unit of work of what the request does.
        user: Who sends it: another person's key of the same name is another key.
        key: As the caller chose it.
        request: What tells this request from others.
        keyring: Makes the hashes, opens the person's key.

    Raises:
        IdempotencyKeyReusedError: The key was sent before, with another request.
        AccountGoneError: The account was deleted meanwhile.
    """
    await _sweep(session)
    hashed = keyring.fingerprint("idempotency-key", f"{user.id} {key}")
    digest = keyring.fingerprint("idempotency-request", request)
    row = {"key": hashed, "user_id": user.id, "request": digest, "answer": b"", "expires_at": now() + LIFE}
    insertion = insert_into(session, IdempotencyKey, row).on_conflict_do_nothing(index_elements=["key"])
    try:
        first = await session.scalar(insertion.returning(IdempotencyKey.key))
    except IntegrityError as error:
        if violates(error, "fk_idempotency_keys_user_id_users"):
            raise AccountGoneError from error
        raise
    if first is not None:
        return Claim(hashed, None)
    before = (await session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == hashed))).one()
    if before.request != digest:
        raise IdempotencyKeyReusedError
    return Claim(hashed, open_answer(before, owner=user, keyring=keyring))


async def keep(
    session: AsyncSession, user: Identity, claimed: Claim, answer: bytes, *, keyring: Keyring
) -> None:
    """Keep the answer to a request, for whoever sends it again."""
    data_key = keyring.unwrap(user.data_key, owner=user.id, purpose=DATA_KEY)
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.key == claimed.key)
        .values(answer=seal(data_key, answer, associated=_binding(user, claimed.key)))
        .execution_options(synchronize_session=False)
    )


def open_answer(row: IdempotencyKey, *, owner: Owner, keyring: Keyring) -> bytes:
    """Return what was answered.

    Raises:
        SealBrokenError: The row was altered or moved.
    """
    data_key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    return open_sealed(data_key, row.answer, associated=_binding(owner, row.key))


async def _sweep(session: AsyncSession) -> None:
    """Delete some that ran out."""
    stale = (
        select(IdempotencyKey.key)
        .where(IdempotencyKey.expires_at <= now())
        .limit(_SWEPT)
        # Two that sweep at once must not wait for each other.
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.key.in_(list(await session.scalars(stale))))
        .execution_options(synchronize_session=False)
    )


def _binding(user: Owner, key: str) -> bytes:
    return b"idempotent-answer" + user.id.bytes + key.encode()
