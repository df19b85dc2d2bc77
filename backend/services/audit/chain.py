"""Writing down what happened, so that no event can be altered, removed or put elsewhere unseen.

Each owner has a chain of their own: one for everybody would be one lock for everybody. An event's code is the
HMAC of the event and of the code before it, under a key of the chain. A tail that was cut off cannot be seen
from inside: the heads are written outside the database too (`heads.py`).
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import ARRAY, any_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller
from backend.core.caller import Caller
from backend.core.clock import now
from backend.core.database import DriverStatement, DriverUnit, insert_into, metadata, violates
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditActor, AuditChain, AuditEvent
from backend.utils.identifiers import uuid7
from backend.utils.security import SealBrokenError, keyed_hash, new_key, open_sealed, seal

CHAIN_KEY: Final = "audit-chain"
PLACE_KEY: Final = "audit-place"
FIRST_CODE: Final = bytes(32)
"""What the code of a chain's first event is computed over, as if one had been before it."""

# Whatever is read is written down first: tables without mapped rows took a fifth of the time off that.
_CHAINS = metadata.tables[AuditChain.__tablename__]
_EVENTS = metadata.tables[AuditEvent.__tablename__]
_ADD = insert(_EVENTS)
_HEADS = select(
    _CHAINS.c.owner_id, _CHAINS.c.sequence + 1, _CHAINS.c.code, _CHAINS.c.key, _CHAINS.c.place_key
)
# On SQLite the unit has the one lock since it began.
_HEAD = _HEADS.where(_CHAINS.c.owner_id == bindparam("owner")).with_for_update()
_FREE_HEADS = _HEADS.where(_CHAINS.c.owner_id.in_(bindparam("owners", expanding=True))).with_for_update(
    skip_locked=True
)
_MOVE = (
    update(_CHAINS)
    .where(_CHAINS.c.owner_id == bindparam("owner"))
    .values(sequence=bindparam("last"), code=bindparam("code_of_last"))
)
_FREE_HEADS_OF_DRIVER = DriverStatement(
    _HEADS.where(
        _CHAINS.c.owner_id == any_(bindparam("owners", type_=ARRAY(_CHAINS.c.owner_id.type)))
    ).with_for_update(skip_locked=True)
)
_ADD_BY_DRIVER = DriverStatement(_ADD, _EVENTS.c.keys())
_MOVE_BY_DRIVER = DriverStatement(_MOVE)
_OF_PLACE: Final = tuple(member.name for member in fields(Caller))
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


class Content(Protocol):
    """What of an event its code is computed over."""

    owner_id: uuid.UUID
    sequence: int
    action: AuditAction
    actor: AuditActor
    actor_id: uuid.UUID | None
    details: str
    place: bytes | None
    recorded_at: datetime


@dataclass(slots=True)
class _Row:
    """A new row of events: the model's own would be watched by a session."""

    owner_id: uuid.UUID
    sequence: int
    action: AuditAction
    actor: AuditActor
    actor_id: uuid.UUID | None
    details: str
    place: bytes | None
    recorded_at: datetime
    code: bytes = b""

    def values(self) -> dict[str, Any]:
        """Return the columns."""
        return {"id": uuid7()} | {name: getattr(self, name) for name in self.__slots__}


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
    await _store(session, _chained(event.owner_id, head, [(event, caller.current())], keyring))


async def record_free(
    session: AsyncSession, events: Sequence[tuple[Event, Caller]], *, keyring: Keyring
) -> set[uuid.UUID]:
    """Write down what happened at some places, on those chains that exist and that nobody has locked.

    Returns:
        The owners of those chains. Whoever waited for the others' locks would keep all these waiting.
    """
    mine = _by_owner(events)
    free = await session.execute(_FREE_HEADS, {"owners": sorted(mine)})
    heads = {owner_id: _Head(*head) for owner_id, *head in free}
    await _store(session, _all_chained(heads, mine, keyring))
    return set(heads)


async def record_free_by_driver(
    unit: DriverUnit, events: Sequence[tuple[Event, Caller]], *, keyring: Keyring
) -> set[uuid.UUID]:
    """Do the same on PostgreSQL's driver itself."""
    mine = _by_owner(events)
    free = await unit.fetch(_FREE_HEADS_OF_DRIVER, {"owners": sorted(mine)})
    heads = {owner_id: _Head(*head) for owner_id, *head in free}
    if rows := _all_chained(heads, mine, keyring):
        await unit.write(_ADD_BY_DRIVER, [row.values() for row in rows])
        await unit.write(_MOVE_BY_DRIVER, _moved(rows))
    return set(heads)


def _by_owner(events: Sequence[tuple[Event, Caller]]) -> dict[uuid.UUID, list[tuple[Event, Caller]]]:
    mine: dict[uuid.UUID, list[tuple[Event, Caller]]] = {}
    for event, place in events:
        mine.setdefault(event.owner_id, []).append((event, place))
    return mine


def _all_chained(
    heads: Mapping[uuid.UUID, _Head],
    events: Mapping[uuid.UUID, Sequence[tuple[Event, Caller]]],
    keyring: Keyring,
) -> list[_Row]:
    return [
        row for owner_id, head in heads.items() for row in _chained(owner_id, head, events[owner_id], keyring)
    ]


def _chained(
    owner_id: uuid.UUID, head: _Head, events: Sequence[tuple[Event, Caller]], keyring: Keyring
) -> list[_Row]:
    """Return the rows of events that come after a head, in their order."""
    key = keyring.unwrap(head.key, owner=owner_id, purpose=CHAIN_KEY)
    place_key = (
        None if head.place_key is None else keyring.unwrap(head.place_key, owner=owner_id, purpose=PLACE_KEY)
    )
    before, rows = head.code, []
    for sequence, (event, place) in enumerate(events, start=head.sequence):
        row = _Row(
            owner_id=owner_id,
            sequence=sequence,
            action=event.action,
            actor=event.actor,
            actor_id=event.actor_id,
            details=json.dumps(dict(event.details), sort_keys=True),
            place=place_key and _seal_place(place_key, place, owner_id, sequence),
            recorded_at=now(),
        )
        before = row.code = code_of(row, before=before, key=key)
        rows.append(row)
    return rows


async def _store(session: AsyncSession, rows: Sequence[_Row]) -> None:
    """Write rows, each chain's in their order, and move the heads of the chains to the last of them."""
    if not rows:
        return
    await session.execute(_ADD, [row.values() for row in rows])
    await session.execute(_MOVE, _moved(rows))


def _moved(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    heads = {row.owner_id: row for row in rows}
    return [
        {"owner": owner_id, "last": row.sequence, "code_of_last": row.code} for owner_id, row in heads.items()
    ]


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


def code_of(event: Content, *, before: bytes, key: bytes) -> bytes:
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


def open_place(event: AuditEvent, place_key: bytes) -> Caller:
    """Return where an event came from.

    Raises:
        SealBrokenError: It was altered or belongs to another event.
    """
    if event.place is None:
        return Caller()
    plain = open_sealed(place_key, event.place, associated=_binding(event.owner_id, event.sequence))
    return Caller(**json.loads(plain))


async def _lock(session: AsyncSession, owner_id: uuid.UUID, keyring: Keyring) -> _Head:
    """Lock the chain, and return its head with the number of the next event; begin one if there is none."""
    row = (await session.execute(_HEAD, {"owner": owner_id})).one_or_none()
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
        row = (await session.execute(_HEAD, {"owner": owner_id})).one()
    return _Head(*row[1:])


def _seal_place(key: bytes, place: Caller, owner_id: uuid.UUID, sequence: int) -> bytes:
    # Member by member: `asdict` takes longer than the sealing.
    members = {name: getattr(place, name) for name in _OF_PLACE}
    return seal(key, json.dumps(members).encode(), associated=_binding(owner_id, sequence))


def _binding(owner_id: uuid.UUID, sequence: int) -> bytes:
    return owner_id.bytes + sequence.to_bytes(8)
