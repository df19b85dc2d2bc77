"""Requests that may be repeated: the second of the same key is answered like the first, and does nothing.

The key is written in the transaction of what the request does: stored with it or, like it, not at all. Of two
that come at once the second waits for the first. A key that ran out is a new one, whether or not it is still
stored: the statement that takes it decides.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database, insert_into, violates
from backend.core.errors import ConflictError, InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.idempotency import IdempotencyKey
from backend.services import audit
from backend.services.users import DATA_KEY, AccountGoneError, Identity, Owner
from backend.utils.security import SealBrokenError, open_sealed, seal

LIFE: Final = timedelta(hours=24)
"""How long an answer is kept."""


class IdempotencyKeyReusedError(InvalidInputError):
    """The key was sent before, with another request."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used for another request"

    def __init__(self) -> None:
        super().__init__([Violation("header:idempotency-key", "reused", "was sent with another request")])


class AnswerGoneError(ConflictError):
    """What the request recorded was deleted since. To record it anew would bring back what nobody wants."""

    code = "answer-gone"
    title = "What this request recorded was deleted since"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to give again.

    Attributes:
        subject_id: The profile that it shows, and goes with.
        fields: What of the profile it shows, for its owner to know when it is given again.
    """

    content: str = field(repr=False)
    subject_id: uuid.UUID
    fields: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that somebody has sent.

    Attributes:
        answer: What was answered before; None for the first.
    """

    key: str
    answer: str | None = field(repr=False)


async def claim(session: AsyncSession, user: Identity, key: str, *, request: str, keyring: Keyring) -> Claim:
    """Take a key for a request, or find what was answered to that request before.

    To give that again is to read the profile that it shows, and is written down.

    Args:
        session: The unit of work of what the request does.
        user: Who sends it: another person's key of the same name is another key.
        key: As the caller chose it.
        request: What tells this request from others.
        keyring: Makes the hashes, opens the person's key.

    Raises:
        IdempotencyKeyReusedError: The key was sent before, with another request.
        AnswerGoneError: What the request recorded was deleted since.
        AccountGoneError: The account was deleted meanwhile.
    """
    hashed = keyring.fingerprint("idempotency-key", f"{user.id} {key}")
    digest = keyring.fingerprint("idempotency-request", request)
    if await _take(session, user, hashed, digest):
        return Claim(hashed, None)
    # Taking it has locked the row, taken or not: it cannot run out or be emptied meanwhile.
    before = (await session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == hashed))).one()
    if before.request != digest:
        raise IdempotencyKeyReusedError
    kept = open_answer(before, owner=user, keyring=keyring)
    reading = {"profiles": str(kept.subject_id), "fields": kept.fields, "purpose": "repeated-answer"}
    event = audit.Event(AuditAction.PROFILE_READ, user.id, details=reading)
    await audit.record(session, event, keyring=keyring)
    return Claim(hashed, kept.content)


async def keep(
    session: AsyncSession, user: Identity, claimed: Claim, answer: Answer, *, keyring: Keyring
) -> None:
    """Keep the answer to a request, for whoever sends it again."""
    data_key = keyring.unwrap(user.data_key, owner=user.id, purpose=DATA_KEY)
    plain = json.dumps({"content": answer.content, "fields": answer.fields}).encode()
    sealed = seal(data_key, plain, associated=_binding(user, claimed.key))
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.key == claimed.key)
        .values(answer=sealed, subject_id=answer.subject_id)
        .execution_options(synchronize_session=False)
    )


def open_answer(row: IdempotencyKey, *, owner: Owner, keyring: Keyring) -> Answer:
    """Return what was answered.

    Raises:
        AnswerGoneError: It was emptied, with the profile that it showed.
        SealBrokenError: The row was altered or moved.
    """
    if row.subject_id is None or not row.answer:
        raise AnswerGoneError
    data_key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    kept = json.loads(open_sealed(data_key, row.answer, associated=_binding(owner, row.key)))
    return Answer(kept["content"], row.subject_id, kept["fields"])


async def find_faults(session: AsyncSession, owner: Owner, *, keyring: Keyring) -> list[str]:
    """Return which of somebody's kept answers do not open, by the first digits of their keys."""
    faults = []
    for row in await session.scalars(select(IdempotencyKey).where(IdempotencyKey.user_id == owner.id)):
        try:
            open_answer(row, owner=owner, keyring=keyring)
        except AnswerGoneError:
            continue
        except SealBrokenError:
            faults.append(f"answer {row.key[:8]} of account {owner.id}: does not open")
    session.expunge_all()
    return faults


async def forget(session: AsyncSession, subject_id: uuid.UUID) -> None:
    """Empty the answers that show a profile. Their keys stay taken."""
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.subject_id == subject_id)
        .values(answer=b"")
        .execution_options(synchronize_session=False)
    )


async def purge(database: Database) -> None:
    """Delete the keys that ran out."""
    stale = (
        select(IdempotencyKey.key)
        .where(IdempotencyKey.expires_at <= now())
        # One that is being taken anew is left alone.
        .with_for_update(skip_locked=True)
    )
    async with database.unit() as session:
        await session.execute(
            delete(IdempotencyKey)
            .where(IdempotencyKey.key.in_(stale))
            .execution_options(synchronize_session=False)
        )


async def _take(session: AsyncSession, user: Identity, key: str, request: str) -> bool:
    """Tell whether a key is new, or so old that it is new again, and take it then."""
    moment = now()
    row = {"request": request, "answer": b"", "subject_id": None, "expires_at": moment + LIFE}
    insertion = insert_into(session, IdempotencyKey, row | {"key": key, "user_id": user.id})
    taking = insertion.on_conflict_do_update(
        index_elements=["key"],
        set_={name: insertion.excluded[name] for name in row},
        where=IdempotencyKey.expires_at <= moment,
    )
    try:
        return await session.scalar(taking.returning(IdempotencyKey.key)) is not None
    except IntegrityError as error:
        if violates(error, "fk_idempotency_keys_user_id_users"):
            raise AccountGoneError from error
        raise


def _binding(user: Owner, key: str) -> bytes:
    return b"idempotent-answer" + user.id.bytes + key.encode()
