"""Destroying what there is of an account, in one transaction, and saying what it was."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.audit import AuditAction, AuditActor, AuditChain, AuditEvent
from backend.models.credentials import OneTimeToken
from backend.models.jobs import JobKind
from backend.models.sessions import Session
from backend.models.users import User
from backend.schemas.erasure import AuditHead, ErasureReceipt, SignedReceipt
from backend.services import attempts, audit, jobs
from backend.services.erasure import receipts, tables
from backend.services.mail import Occasion
from backend.services.users import DATA_KEY
from backend.utils.identifiers import uuid7
from backend.utils.validators import identity_key


@dataclass(frozen=True, slots=True)
class Doer:
    """Who asks for something, or does it.

    Attributes:
        admin_id: Which administrator, where one does.
    """

    actor: AuditActor
    admin_id: uuid.UUID | None = None


async def erase(
    session: AsyncSession,
    account: User,
    doer: Doer,
    *,
    keyring: Keyring,
    again: ErasureReceipt | None = None,
) -> SignedReceipt:
    """Destroy an account whose row is locked, and everything of it, for good.

    Its keys go, and with them every copy of what they opened; its rows go; so does work that waits for it,
    except a last letter with the receipt. What happened on it stays under its identifier, which is nobody's
    now, without where it came from.

    Args:
        session: Of the transaction in which the row is locked.
        account: Whom to erase.
        doer: Who does it.
        keyring: Signs the receipt.
        again: The receipt of an erasure that a backup has undone. Its reader gets no second letter.
    """
    moment = now()
    if again is None:
        asked_at, asked_by = await _asked(session, account, doer, moment)
    else:
        asked_at, asked_by = again.asked_at, again.asked_by
    names = await _names(session, account)
    networks = await _networks(session, account.id)
    letter = jobs.ForReader(
        occasion=Occasion.ERASED, email=account.email, username=account.username, locale=account.locale
    )
    rows = {
        "attempts": await attempts.forget(session, str(account.id), networks, keyring=keyring),
        "jobs": await jobs.forget(session, names, keyring=keyring),
        **await tables.delete_all(session, account.id),
    }
    # The chain last, as everybody does who locks it: nobody then waits in a circle.
    wrapped = {DATA_KEY: account.data_key, audit.PLACE_KEY: await audit.forget_places(session, account.id)}
    receipt = ErasureReceipt(
        id=uuid7(),
        pseudonym=account.id,
        asked_at=asked_at,
        asked_by=asked_by,
        erased_at=moment,
        erased_by=doer.actor,
        rows=rows,
        keys=tuple(receipts.destroyed(name, key) for name, key in wrapped.items() if key is not None),
        audit=await _record(session, account.id, doer, keyring, again),
        remains=receipts.remains(wrapped.values()),
    )
    signed = receipts.sign(receipt, keyring=keyring)
    session.add(receipts.to_row(signed))
    await session.flush()
    if again is None:
        farewell = letter.model_copy(update={"document": signed.model_dump_json(indent=2)})
        await jobs.enqueue(session, JobKind.FAREWELL, farewell, keyring=keyring)
    await jobs.enqueue_scrub(session, keyring=keyring)
    return signed


async def _asked(
    session: AsyncSession, account: User, doer: Doer, moment: datetime
) -> tuple[datetime, AuditActor]:
    """Return when and by whom it was asked for: who waited asked before, and their chain says when.

    If it does not, somebody has taken events from it: who erases is all that is known then.
    """
    if account.erase_at is None:
        return moment, doer.actor
    query = (
        select(AuditEvent.recorded_at, AuditEvent.actor)
        .where(AuditEvent.owner_id == account.id, AuditEvent.action == AuditAction.ERASURE_REQUESTED)
        .order_by(AuditEvent.sequence.desc())
        .limit(1)
    )
    asked = (await session.execute(query)).one_or_none()
    return (asked.recorded_at, asked.actor) if asked else (moment, doer.actor)


async def _names(session: AsyncSession, account: User) -> frozenset[str]:
    """Return what stands for a person in work that waits: addresses that they had or asked for too."""
    links = select(OneTimeToken.id, OneTimeToken.email).where(OneTimeToken.user_id == account.id)
    names = {str(account.id), account.email, account.email_key}
    for token_id, email in await session.execute(links):
        names |= {str(token_id), *((email, identity_key(email)) if email else ())}
    return frozenset(names)


async def _networks(session: AsyncSession, user_id: uuid.UUID) -> set[str]:
    query = select(Session.ip_prefix).where(Session.user_id == user_id).distinct()
    return {caller.current().ip_prefix, *await session.scalars(query)}


async def _record(
    session: AsyncSession, owner_id: uuid.UUID, doer: Doer, keyring: Keyring, again: ErasureReceipt | None
) -> AuditHead | None:
    """Write down the erasure, and return the head of the chain with it.

    A chain that is broken cannot grow. That must not keep anybody from being erased: the receipt then names
    no head, and the log tells of it.
    """
    details = receipts.repeated(again) if again else {}
    event = audit.Event(AuditAction.ACCOUNT_REMOVED, owner_id, doer.actor, doer.admin_id, details)
    try:
        async with session.begin_nested():
            await audit.record(session, event, keyring=keyring)
    except CorruptedError as error:
        logger.error("erasure_unrecorded", user_id=str(owner_id), error=type(error).__name__)
        return None
    head = select(AuditChain.sequence, AuditChain.code).where(AuditChain.owner_id == owner_id)
    sequence, code = (await session.execute(head)).one()
    return AuditHead(sequence=sequence, code=code.hex())
