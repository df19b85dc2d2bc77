"""Receipts outside the database: whoever restores a backup must learn who was erased after it was made."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.ledger import Ledger
from backend.core.logging import logger
from backend.core.signing import SigningKeys
from backend.models.audit import AuditActor
from backend.models.erasure import ErasureReceipt as Row
from backend.models.users import User
from backend.schemas.erasure import ErasureReceipt
from backend.services.erasure.destruction import Doer, erase
from backend.services.erasure.receipts import ReceiptInvalidError, read, read_line

_BATCH: Final = 100
_OPERATOR: Final = Doer(AuditActor.OPERATOR)


async def anchor(database: Database, ledger: Ledger) -> int:
    """Write down some receipts that are not outside yet, and return how many there were.

    After the erasure was stored, never before: a receipt of one that was not would erase somebody later. It
    is marked as written in the transaction that waits for the ledger; if that fails, it is written again, and
    twice does no harm.
    """
    async with database.unit() as session:
        query = select(Row.id, Row.signature).where(~Row.anchored).limit(_BATCH)
        found = list(await session.execute(query.with_for_update(skip_locked=True)))
        if not found:
            return 0
        await session.execute(
            update(Row)
            .where(Row.id.in_([row.id for row in found]))
            .values(anchored=True)
            .execution_options(synchronize_session=False)
        )
        await ledger.append([row.signature for row in found])
    return len(found)


def read_receipts(text: str, *, signing: SigningKeys) -> Iterator[ErasureReceipt]:
    """Return the receipts of a file: one as its owner got it, or lines as they are written outside.

    A line may begin with what a system's log puts before a message.

    Raises:
        ReceiptInvalidError: One was altered, or is not ours; the detail says which.
    """
    if text.lstrip().startswith("{"):
        yield read(text, signing=signing)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            yield read_line(words[-1], signing=signing)
        except ReceiptInvalidError as error:
            raise ReceiptInvalidError(f"Line {number} is not a receipt that this service signed.") from error


async def replay(database: Database, receipts: Iterable[ErasureReceipt], *, keyring: Keyring) -> int:
    """Erase again whoever came back with a backup, each in a transaction of its own; return how many did.

    Nobody else is touched, so it can be done again at any time. No letter goes out: they have theirs.
    """
    erased = 0
    for receipt in {receipt.pseudonym: receipt for receipt in receipts}.values():
        async with database.unit() as session:
            erased += await _again(session, receipt, keyring)
    return erased


async def find_back(session: AsyncSession, receipts: Iterable[ErasureReceipt]) -> list[uuid.UUID]:
    """Return the pseudonyms under which there is an account again."""
    names = sorted({receipt.pseudonym for receipt in receipts})
    found: list[uuid.UUID] = []
    for start in range(0, len(names), _BATCH):
        query = select(User.id).where(User.id.in_(names[start : start + _BATCH]))
        found += await session.scalars(query)
    return found


async def _again(session: AsyncSession, receipt: ErasureReceipt, keyring: Keyring) -> int:
    account = await session.scalar(select(User).where(User.id == receipt.pseudonym).with_for_update())
    if account is None:
        return 0
    await erase(session, account, _OPERATOR, keyring=keyring, again=receipt)
    logger.info("erasure_repeated", user_id=str(receipt.pseudonym))
    return 1
