"""Checking every chain, event by event, and against the heads that were written elsewhere."""

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.keys import Keyring
from backend.models.audit import AuditChain, AuditEvent
from backend.services.audit.chain import CHAIN_KEY, FIRST_CODE, PLACE_KEY, code_of, open_place
from backend.services.audit.heads import Head
from backend.utils.security import SealBrokenError, is_equal

_PAGE = 1_000


class ChainBrokenError(Exception):
    """A chain is not as it was written; the message names the first link that is not, and how."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, and found whole."""

    chains: int
    events: int
    heads: int


async def verify(session: AsyncSession, heads: Iterable[Head], *, keyring: Keyring) -> Verified:
    """Check all chains.

    Args:
        session: Reads; chains may grow meanwhile.
        heads: What was written outside the database.
        keyring: Opens the keys of the chains.

    Raises:
        ChainBrokenError: A link is altered, missing or cut off.
    """
    written: dict[uuid.UUID, dict[int, bytes]] = defaultdict(dict)
    head_count = 0
    for head in heads:
        head_count += 1
        if not is_equal(written[head.owner_id].setdefault(head.sequence, head.code), head.code):
            raise ChainBrokenError(f"two heads of chain {head.owner_id} at event {head.sequence} differ")
    chain_count = event_count = 0
    async for chain in _chains(session):
        chain_count += 1
        event_count += await _verify_chain(session, chain, written.pop(chain.owner_id, {}), keyring)
    if written:
        raise ChainBrokenError(f"chain {min(written)} is gone: a head of it was written")
    stray = (
        select(AuditEvent.owner_id).where(AuditEvent.owner_id.not_in(select(AuditChain.owner_id))).limit(1)
    )
    if (owner_id := await session.scalar(stray)) is not None:
        raise ChainBrokenError(f"chain {owner_id} is gone: events of it are there")
    return Verified(chain_count, event_count, head_count)


async def _chains(session: AsyncSession) -> AsyncIterator[AuditChain]:
    last = uuid.UUID(int=0)
    query = select(AuditChain).order_by(AuditChain.owner_id).limit(_PAGE)
    page = list(await session.scalars(query))
    while page:
        for chain in page:
            yield chain
        last = page[-1].owner_id
        session.expunge_all()
        page = list(await session.scalars(query.where(AuditChain.owner_id > last)))


async def _verify_chain(
    session: AsyncSession, chain: AuditChain, heads: Mapping[int, bytes], keyring: Keyring
) -> int:
    """Check one chain up to its head, and return how many events it has."""
    name = f"chain {chain.owner_id}"
    try:
        key = keyring.unwrap(chain.key, owner=chain.owner_id, purpose=CHAIN_KEY)
    except SealBrokenError as error:
        raise ChainBrokenError(f"{name}: its key does not open") from error
    sequence, code = 0, FIRST_CODE
    async for event in _events(session, chain):
        sequence += 1
        if event.sequence != sequence:
            raise ChainBrokenError(f"{name}: event {sequence} is missing")
        if not is_equal(event.code, code_of(event, before=code, key=key)):
            raise ChainBrokenError(f"{name}: event {sequence} was altered")
        code = event.code
        _require_open(name, event, chain, keyring)
        if not is_equal(heads.get(sequence, code), code):
            raise ChainBrokenError(f"{name}: event {sequence} is not the one whose head was written")
    # The heads may be of a moment before or after the chain was read: it must reach the furthest of them.
    if sequence < max(chain.sequence, *heads, 0):
        raise ChainBrokenError(f"{name}: cut off after event {sequence}")
    if sequence == chain.sequence and not is_equal(chain.code, code):
        raise ChainBrokenError(f"{name}: its head is not its last event's")
    return sequence


def _require_open(name: str, event: AuditEvent, chain: AuditChain, keyring: Keyring) -> None:
    """Check that where an event came from can be read, as long as there is a key for it."""
    if chain.place_key is None or event.place is None:
        return
    try:
        open_place(event, keyring.unwrap(chain.place_key, owner=chain.owner_id, purpose=PLACE_KEY))
    except SealBrokenError as error:
        raise ChainBrokenError(f"{name}: where event {event.sequence} came from does not open") from error


async def _events(session: AsyncSession, chain: AuditChain) -> AsyncIterator[AuditEvent]:
    last = 0
    query = select(AuditEvent).where(AuditEvent.owner_id == chain.owner_id).order_by(AuditEvent.sequence)
    while page := list(await session.scalars(query.where(AuditEvent.sequence > last).limit(_PAGE))):
        for event in page:
            yield event
        last = page[-1].sequence
