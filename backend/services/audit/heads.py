"""The heads of the chains, signed and written outside the database: against a tail that is cut off."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, update

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.ledger import Ledger
from backend.models.audit import AuditChain
from backend.utils.jose import TokenInvalidError

HEAD_TYPE: Final = "audit-head+jwt"
_BATCH = 100


class HeadInvalidError(Exception):
    """A line of the record is no head that this service signed; the message says which."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain had grown at some moment."""

    owner_id: uuid.UUID
    sequence: int
    code: bytes


async def anchor(database: Database, ledger: Ledger, *, keyring: Keyring) -> int:
    """Write down the heads of the chains that have grown, and return how many there were.

    Each chain is met once, in the order of the owners: one that grows all the time keeps no other waiting.
    A head is marked as written in the transaction that waits for the ledger: if that fails, it is written
    again, and twice does no harm.
    """
    count, last = 0, uuid.UUID(int=0)
    while heads := await _anchor_some(database, ledger, after=last, keyring=keyring):
        count, last = count + len(heads), heads[-1].owner_id
        if len(heads) < _BATCH:
            break
    return count


async def _anchor_some(
    database: Database, ledger: Ledger, *, after: uuid.UUID, keyring: Keyring
) -> list[Head]:
    async with database.unit() as session:
        grown = (
            select(AuditChain.owner_id, AuditChain.sequence, AuditChain.code)
            .where(AuditChain.sequence > AuditChain.anchored, AuditChain.owner_id >= after)
            .order_by(AuditChain.owner_id)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        heads = [Head(*row) for row in await session.execute(grown)]
        if not heads:
            return []
        await session.execute(
            update(AuditChain)
            .where(AuditChain.owner_id.in_([head.owner_id for head in heads]))
            .values(anchored=AuditChain.sequence)
            .execution_options(synchronize_session=False)
        )
        await ledger.append([_sign(head, keyring) for head in heads])
    return heads


def read_heads(lines: Iterable[str], *, keyring: Keyring) -> Iterator[Head]:
    """Return the heads of a record, each with its signature checked.

    A line may begin with what a system's log puts before a message.

    Raises:
        HeadInvalidError: A line was altered, or is not ours.
    """
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        try:
            yield _head(keyring.signing.read_document(words[-1], typ=HEAD_TYPE))
        except (TokenInvalidError, KeyError, TypeError, ValueError) as error:
            raise HeadInvalidError(
                f"line {number} of the heads is not one that this service signed"
            ) from error


def _sign(head: Head, keyring: Keyring) -> str:
    document = {
        "chain": str(head.owner_id),
        "sequence": head.sequence,
        "code": head.code.hex(),
        "iat": int(now().timestamp()),
    }
    return keyring.signing.sign_document(document, typ=HEAD_TYPE)


def _head(document: dict[str, Any]) -> Head:
    return Head(uuid.UUID(document["chain"]), int(document["sequence"]), bytes.fromhex(document["code"]))
