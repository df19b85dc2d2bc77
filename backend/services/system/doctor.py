"""Looking at everything that is stored, beside a service that runs: what is broken, and exactly where."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditChain, AuditEvent
from backend.models.jobs import Job
from backend.models.users import User
from backend.schemas.system import Finding, FindingState
from backend.services import audit, factors, health, idempotency
from backend.services.system.readiness import NotReadyError, require_ready
from backend.services.system.wrapped import WRAPPED, count_by_master, values
from backend.services.users import Owner

_PAGE = 100
_SHOWN = 100  # faults of one check: more tell nothing new
_LATE = timedelta(minutes=15)
_AGAIN = 0.5  # seconds until what seems wrong is looked at again: somebody may be changing it


@dataclass(frozen=True, slots=True)
class _Owner:
    id: uuid.UUID
    data_key: bytes


class _Find(Protocol):
    """Looks at what one account has."""

    async def __call__(self, session: AsyncSession, owner: Owner, *, keyring: Keyring) -> list[str]: ...


async def examine_data(
    database: Database, heads: Iterable[str] | None, *, keyring: Keyring
) -> AsyncIterator[Finding]:
    """Look at everything in the database, one account or page at a time.

    Args:
        database: It may be in use.
        heads: Lines with the heads of the audit chains; None where there are none.
        keyring: Opens what is sealed.
    """
    try:
        await require_ready(database)
    except NotReadyError as error:
        yield _finding("schema", FindingState.WRONG, str(error.detail))
        return
    yield _finding("schema", FindingState.OK, "is this release's")
    async with database.reader() as session:
        yield await _examine_masters(session, keyring)
        for check, faults, whole in (
            ("keys", _key_faults(session, keyring), "every wrapped key opens"),
            ("accounts", _account_faults(session), "none is gone unless an event tells of it"),
            (
                "profiles",
                _faults(health.find_faults, session, keyring),
                "every profile and version opens and fits",
            ),
            ("factors", _faults(factors.find_faults, session, keyring), "every second factor opens"),
            ("answers", _faults(idempotency.find_faults, session, keyring), "every kept answer opens"),
        ):
            async for finding in _told(check, faults, whole):
                yield finding
        yield await _examine_audit(session, heads, keyring)
        yield await _examine_jobs(session)


async def _told(check: str, faults: AsyncIterator[str], whole: str) -> AsyncIterator[Finding]:
    count = 0
    async for fault in faults:
        count += 1
        if count <= _SHOWN:
            yield _finding(check, FindingState.WRONG, fault)
    if count > _SHOWN:
        yield _finding(check, FindingState.WRONG, f"{count - _SHOWN} more")
    if not count:
        yield _finding(check, FindingState.OK, whole)


async def _examine_masters(session: AsyncSession, keyring: Keyring) -> Finding:
    counts = await count_by_master(session)
    unknown = {key_id.hex(): count for key_id, count in counts.items() if not keyring.masters.find(key_id)}
    if unknown:
        names = ", ".join(f"{count} under {name}" for name, count in sorted(unknown.items()))
        return _finding(
            "master keys", FindingState.WRONG, f"values are under keys that are not here: {names}"
        )
    older = counts.total() - counts[keyring.masters.wrapper.id]
    detail = f"all {counts.total()} values are under keys that are here, {older} of them under older ones"
    return _finding("master keys", FindingState.OK, detail)


async def _key_faults(session: AsyncSession, keyring: Keyring) -> AsyncIterator[str]:
    for column in WRAPPED:
        async for row in values(session, column):
            if not column.is_whole(row, keyring):
                yield f"{column.name} of {row[0]} does not open"


async def _account_faults(session: AsyncSession) -> AsyncIterator[str]:
    def owners(action: AuditAction) -> Select[uuid.UUID]:
        return select(AuditEvent.owner_id).where(AuditEvent.action == action)

    gone = (
        owners(AuditAction.ACCOUNT_REGISTERED)
        .where(AuditEvent.owner_id.not_in(select(User.id)))
        .where(AuditEvent.owner_id.not_in(owners(AuditAction.ACCOUNT_REMOVED)))
        .order_by(AuditEvent.owner_id)
        .limit(_SHOWN + 1)
    )
    for owner_id in await session.scalars(gone):
        yield f"account {owner_id}: is gone, and no event tells of it"
    back = (
        select(User.id)
        .where(User.id.in_(owners(AuditAction.ACCOUNT_REMOVED)))
        .order_by(User.id)
        .limit(_SHOWN + 1)
    )
    for owner_id in await session.scalars(back):
        yield f"account {owner_id}: is there, and an event tells that it was erased"


async def _faults(find: _Find, session: AsyncSession, keyring: Keyring) -> AsyncIterator[str]:
    query = select(User.id, User.data_key).order_by(User.id).limit(_PAGE)
    page = list(await session.execute(query))
    while page:
        for user_id, data_key in page:
            look = partial(find, session, _Owner(user_id, data_key), keyring=keyring)
            for fault in await _lasting(look):
                yield fault
        page = list(await session.execute(query.where(User.id > page[-1].id)))


async def _lasting(find: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Return the faults that are still there when one looks again."""
    faults = await find()
    for _ in range(2):
        if faults:
            await asyncio.sleep(_AGAIN)
            again = await find()
            faults = [fault for fault in faults if fault in again]
    return faults


async def _examine_audit(session: AsyncSession, heads: Iterable[str] | None, keyring: Keyring) -> Finding:
    written = await session.scalar(select(func.max(AuditChain.anchored))) or 0
    try:
        found = audit.read_heads(heads or (), keyring=keyring)
        result = await audit.verify(session, found, keyring=keyring)
    except (audit.ChainBrokenError, audit.HeadInvalidError) as error:
        return _finding("audit", FindingState.WRONG, str(error))
    whole = f"{result.events} events in {result.chains} chains are whole"
    if heads is None and written:
        return _finding(
            "audit", FindingState.WRONG, f"{whole}, but the heads that were written are not there"
        )
    return _finding("audit", FindingState.OK, f"{whole}, held against {result.heads} heads")


async def _examine_jobs(session: AsyncSession) -> Finding:
    failed = await _count(session, Job.failed_at.is_not(None))
    moment = now()
    # What somebody holds is being done, however long that takes; a lease that ended says that nobody does.
    is_free = or_(Job.locked_until.is_(None), Job.locked_until <= moment)
    overdue = await _count(session, Job.failed_at.is_(None), Job.run_at < moment - _LATE, is_free)
    if overdue:
        detail = f"{overdue} should have been done {_LATE.seconds // 60} minutes ago: nobody does them"
        return _finding("jobs", FindingState.WRONG, detail)
    if failed:
        return _finding("jobs", FindingState.NOTE, f"{failed} failed for good, and are kept for 30 days")
    return _finding("jobs", FindingState.OK, "none has failed or is late")


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(Job).where(*conditions)) or 0


def _finding(check: str, state: FindingState, detail: str) -> Finding:
    return Finding(check=check, state=state, detail=detail)
