"""Writing down what happened, so that no event can be altered, removed or put elsewhere unseen.

Each owner has a chain of their own: one for everybody would be one lock for everybody. An event's code is the
HMAC of the event and of the code before it, under a key of the chain. A tail that was cut off cannot be seen
from inside: the heads are written outside the database too (`heads.py`).
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.clock import now
from backend.core.database import insert_into, metadata, violates
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditActor, AuditChain, AuditEvent
from backend.utils.security import SealBrokenError, keyed_hash, new_key, open_sealed, seal

CHAIN_KEY: Final = "audit-chain"
PLACE_KEY: Final = "audit-place"
FIRST_CODE: Final = bytes(32)
"""What the code of a chain's first event is computed over, as if one had been before it."""

# Whatever is read is written down first: tables without mapped rows took a fifth of the time off that.
_CHAINS = metadata.tables[AuditChain.__tablename__]
_EVENTS = metadata.tables[AuditEvent.__tablename__]
_WRITTEN = [column.key for column in _EVENTS.columns if not column.primary_key]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODYS_CHAINS = 16  # guesses at names that nobody has must not all wait for one row
NOBODY: Final = frozenset(uuid.UUID(int=number) for number in range(_NOBODYS_CHAINS))
"""Owners of the chains of what concerns no account: attempts to sign in under names that nobody has."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to write down.

    Attributes:
        owner_id: On whose account.
        actor_id: Which administrator did it, where one did.
        details: Names of what was touched; never a value, an address or a secret.
    """

    action: AuditAction
    owner_id: uuid.UUID
    actor: AuditActor = AuditActor.OWNER
    actor_id: uuid.UUID | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class _Head(NamedTuple):
    sequence: int
    code: bytes
    key: bytes
    place_key: bytes | None


def nobody(name: str) -> uuid.UUID:
    """Return the owner of the chain for attempts under a name that nobody has."""
    return uuid.UUID(int=sum(name.encode()) % _NOBODYS_CHAINS)


async def record(session: AsyncSession, event: Event, *, keyring: Keyring) -> None:
    """Write down what happens in this transaction: stored with it or, like it, not at all.

    The row of the chain stays locked until the end, so that the chain has no forks and no gaps.

    Raises:
        CorruptedError: The chain was altered and cannot grow: nothing happens that nobody would be told of.
    """
    try:
        await _append(session, event, keyring)
    except SealBrokenError as error:
        raise CorruptedError(event.owner_id) from error
    except IntegrityError as error:
        if violates(error, "uq_audit_events_owner_id_sequence"):  # its head is behind its events
            raise CorruptedError(event.owner_id) from error
        raise


async def _append(session: AsyncSession, event: Event, keyring: Keyring) -> None:
    head = await _lock(session, event.owner_id, keyring)
    row = AuditEvent(
        owner_id=event.owner_id,
        sequence=head.sequence,
        action=event.action,
        actor=event.actor,
        actor_id=event.actor_id,
        details=json.dumps(dict(event.details), sort_keys=True),
        place=_seal_place(head, event.owner_id, keyring),
        recorded_at=now(),
    )
    key = keyring.unwrap(head.key, owner=event.owner_id, purpose=CHAIN_KEY)
    row.code = code_of(row, before=head.code, key=key)
    await session.execute(insert(_EVENTS).values({name: getattr(row, name) for name in _WRITTEN}))
    await session.execute(
        update(_CHAINS)
        .where(_CHAINS.c.owner_id == event.owner_id)
        .values(sequence=row.sequence, code=row.code)
    )


async def forget_places(session: AsyncSession, owner_id: uuid.UUID) -> bytes | None:
    """Destroy the key of where an owner's events came from, and return it as it was wrapped.

    What happened, and when, stays.
    """
    mine = AuditChain.owner_id == owner_id
    wrapped = await session.scalar(select(AuditChain.place_key).where(mine).with_for_update())
    await session.execute(
        update(AuditChain).where(mine).values(place_key=None).execution_options(synchronize_session=False)
    )
    return wrapped


def code_of(event: AuditEvent, *, before: bytes, key: bytes) -> bytes:
    """Return the code that an event must have after the one with the code `before`."""
    content = [
        str(event.owner_id),
        event.sequence,
        event.action,
        event.actor,
        str(event.actor_id),
        event.details,
        (event.place or b"").hex(),
        (event.recorded_at - _EPOCH) // timedelta(microseconds=1),
    ]
    return keyed_hash(key, before + json.dumps(content, separators=(",", ":")).encode())


def open_place(event: AuditEvent, place_key: bytes) -> caller.Caller:
    """Return where an event came from.

    Raises:
        SealBrokenError: It was altered or belongs to another event.
    """
    if event.place is None:
        return caller.Caller()
    plain = open_sealed(place_key, event.place, associated=_binding(event.owner_id, event.sequence))
    return caller.Caller(**json.loads(plain))


async def _lock(session: AsyncSession, owner_id: uuid.UUID, keyring: Keyring) -> _Head:
    """Lock the chain, and return its head with the number of the next event; begin one if there is none."""
    head = (
        select(_CHAINS.c.sequence + 1, _CHAINS.c.code, _CHAINS.c.key, _CHAINS.c.place_key)
        .where(_CHAINS.c.owner_id == owner_id)
        .with_for_update()  # on SQLite the unit has the one lock since it began
    )
    row = (await session.execute(head)).one_or_none()
    if row is None:
        beginning = {
            "owner_id": owner_id,
            "key": keyring.wrap(new_key(), owner=owner_id, purpose=CHAIN_KEY),
            "place_key": keyring.wrap(new_key(), owner=owner_id, purpose=PLACE_KEY),
            "sequence": 0,
            "code": FIRST_CODE,
            "anchored": 0,
        }
        await session.execute(insert_into(session, AuditChain, beginning).on_conflict_do_nothing())
        row = (await session.execute(head)).one()
    return _Head(*row)


def _seal_place(head: _Head, owner_id: uuid.UUID, keyring: Keyring) -> bytes | None:
    if head.place_key is None:
        return None
    key = keyring.unwrap(head.place_key, owner=owner_id, purpose=PLACE_KEY)
    plain = json.dumps(asdict(caller.current())).encode()
    return seal(key, plain, associated=_binding(owner_id, head.sequence))


def _binding(owner_id: uuid.UUID, sequence: int) -> bytes:
    return owner_id.bytes + sequence.to_bytes(8)
