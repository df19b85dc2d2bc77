"""Chains of events: whoever alters, removes or cuts off is found out, and the first broken link is named."""

import asyncio
import json
import socket
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api.dependencies import Resources
from backend.core.ledger import FileLedger, SyslogLedger
from backend.models.audit import AuditAction, AuditActor, AuditChain, AuditEvent
from backend.services import audit
from backend.services.audit import Event, Verified

pytestmark = pytest.mark.anyio

AMIRA, BORIS = uuid.UUID(int=1 << 100), uuid.UUID(int=2 << 100)


async def _grow(resources: Resources, owner_id: uuid.UUID, events: int) -> None:
    for _ in range(events):
        async with resources.database.unit() as session:
            event = Event(AuditAction.SIGNED_IN, owner_id, details={"methods": "pwd"})
            await audit.record(session, event, keyring=resources.keyring)


async def _anchor(resources: Resources, path: Path) -> int:
    return await audit.anchor(resources.database, FileLedger(path), keyring=resources.keyring)


async def _verify(resources: Resources, path: Path | None = None) -> Verified:
    lines = await asyncio.to_thread(path.read_text) if path else ""
    heads = audit.read_heads(lines.splitlines(), keyring=resources.keyring)
    async with resources.database.reader() as session:
        return await audit.verify(session, heads, keyring=resources.keyring)


async def _change(resources: Resources, *statements: Any) -> None:
    async with resources.database.unit() as session:
        for statement in statements:
            await session.execute(statement)


def _event(sequence: int, owner_id: uuid.UUID = AMIRA) -> Any:
    return (AuditEvent.owner_id == owner_id) & (AuditEvent.sequence == sequence)


async def test_what_was_written_down_verifies(resources: Resources, tmp_path: Path) -> None:
    await _grow(resources, AMIRA, 3)
    await _anchor(resources, tmp_path / "heads")
    await _grow(resources, AMIRA, 1)
    await _grow(resources, BORIS, 2)
    await _anchor(resources, tmp_path / "heads")

    assert await _verify(resources, tmp_path / "heads") == Verified(chains=2, events=6, heads=3)


@pytest.mark.parametrize(
    "alteration",
    [
        pytest.param({"action": AuditAction.SIGNED_OUT}, id="action"),
        pytest.param({"actor": AuditActor.ADMIN}, id="actor"),
        pytest.param({"actor_id": BORIS}, id="actor-id"),
        pytest.param({"details": json.dumps({"methods": "otp"})}, id="details"),
        pytest.param({"place": b"elsewhere"}, id="place"),
        pytest.param({"place": None}, id="no-place"),
        pytest.param({"recorded_at": datetime(2020, 1, 1, tzinfo=UTC)}, id="time"),
        pytest.param({"code": bytes(32)}, id="code"),
    ],
)
async def test_an_altered_event_is_named(resources: Resources, alteration: dict[str, Any]) -> None:
    await _grow(resources, BORIS, 1)
    await _grow(resources, AMIRA, 4)
    await _change(resources, update(AuditEvent).where(_event(2)).values(alteration))

    with pytest.raises(audit.ChainBrokenError, match=f"{AMIRA}: event 2 was altered"):
        await _verify(resources)


async def test_a_missing_event_is_named(resources: Resources) -> None:
    await _grow(resources, AMIRA, 4)
    await _change(resources, delete(AuditEvent).where(_event(3)))

    with pytest.raises(audit.ChainBrokenError, match="event 3 is missing"):
        await _verify(resources)


async def test_events_that_changed_places_are_named(resources: Resources) -> None:
    await _grow(resources, AMIRA, 4)
    await _change(
        resources,
        update(AuditEvent).where(_event(2)).values(sequence=99),
        update(AuditEvent).where(_event(3)).values(sequence=2),
        update(AuditEvent).where(_event(99)).values(sequence=3),
    )

    with pytest.raises(audit.ChainBrokenError, match="event 2 was altered"):
        await _verify(resources)


async def test_an_event_of_another_chain_is_named(resources: Resources) -> None:
    await _grow(resources, AMIRA, 2)
    await _grow(resources, BORIS, 3)
    await _change(resources, update(AuditEvent).where(_event(3, BORIS)).values(owner_id=AMIRA))

    with pytest.raises(audit.ChainBrokenError, match=f"{AMIRA}: event 3 was altered"):
        await _verify(resources)


async def test_a_tail_that_was_cut_off_is_seen_from_the_chains_own_head(resources: Resources) -> None:
    await _grow(resources, AMIRA, 4)
    await _change(resources, delete(AuditEvent).where(AuditEvent.sequence > 2))

    with pytest.raises(audit.ChainBrokenError, match="cut off after event 2"):
        await _verify(resources)


async def _roll_back(resources: Resources, sequence: int) -> None:
    """Cut a chain as somebody would who can write to the database: the head is made to fit."""
    async with resources.database.unit() as session:
        (code,) = await _codes(session, sequence)
        await session.execute(delete(AuditEvent).where(AuditEvent.sequence > sequence))
        await session.execute(update(AuditChain).values(sequence=sequence, code=code, anchored=sequence))


async def _codes(session: AsyncSession, sequence: int) -> list[bytes]:
    return list(await session.scalars(select(AuditEvent.code).where(AuditEvent.sequence == sequence)))


async def test_a_cut_that_fits_inside_is_seen_from_the_heads_outside(
    resources: Resources, tmp_path: Path
) -> None:
    await _grow(resources, AMIRA, 4)
    await _anchor(resources, tmp_path / "heads")
    await _roll_back(resources, 2)

    assert (await _verify(resources)).events == 2
    with pytest.raises(audit.ChainBrokenError, match="cut off after event 2"):
        await _verify(resources, tmp_path / "heads")


async def test_a_chain_that_went_on_otherwise_after_a_cut_is_named(
    resources: Resources, tmp_path: Path
) -> None:
    await _grow(resources, AMIRA, 4)
    await _anchor(resources, tmp_path / "heads")
    await _roll_back(resources, 2)
    await _grow(resources, AMIRA, 3)

    with pytest.raises(audit.ChainBrokenError, match="event 4 is not the one whose head was written"):
        await _verify(resources, tmp_path / "heads")


async def test_a_chain_that_is_gone_is_named(resources: Resources, tmp_path: Path) -> None:
    await _grow(resources, AMIRA, 1)
    await _anchor(resources, tmp_path / "heads")
    await _change(resources, delete(AuditChain))

    with pytest.raises(audit.ChainBrokenError, match=f"chain {AMIRA} is gone: a head"):
        await _verify(resources, tmp_path / "heads")
    with pytest.raises(audit.ChainBrokenError, match=f"chain {AMIRA} is gone: events"):
        await _verify(resources)


async def test_a_head_that_was_altered_or_made_up_is_named(resources: Resources, tmp_path: Path) -> None:
    await _grow(resources, AMIRA, 1)
    await _anchor(resources, tmp_path / "heads")
    good = (tmp_path / "heads").read_text()
    (tmp_path / "heads").write_text(good + good.replace(".", ".A", 1))

    with pytest.raises(audit.HeadInvalidError, match="line 2"):
        await _verify(resources, tmp_path / "heads")


async def test_a_head_is_written_once_and_again_when_the_chain_has_grown(
    resources: Resources, tmp_path: Path
) -> None:
    await _grow(resources, AMIRA, 1)

    written = [await _anchor(resources, tmp_path / "heads"), await _anchor(resources, tmp_path / "heads")]
    await _grow(resources, AMIRA, 2)
    written.append(await _anchor(resources, tmp_path / "heads"))

    assert written == [1, 0, 1]
    assert (tmp_path / "heads").stat().st_mode & 0o777 == 0o600


async def test_a_head_that_could_not_be_written_is_written_later(
    resources: Resources, tmp_path: Path
) -> None:
    await _grow(resources, AMIRA, 1)

    with pytest.raises(FileNotFoundError):
        await _anchor(resources, tmp_path / "nowhere" / "heads")

    assert await _anchor(resources, tmp_path / "heads") == 1


async def test_heads_go_to_the_systems_log(resources: Resources) -> None:
    await _grow(resources, AMIRA, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(5)
        ledger = SyslogLedger(f"127.0.0.1:{log.getsockname()[1]}")
        await audit.anchor(resources.database, ledger, keyring=resources.keyring)
        line = log.recv(4096).decode()

    (head,) = audit.read_heads([f"Nov 24 09:00:00 host {line[4:]}"], keyring=resources.keyring)
    assert (head.owner_id, head.sequence) == (AMIRA, 1)


async def test_a_log_that_cannot_be_reached_is_no_silent_loss(resources: Resources, tmp_path: Path) -> None:
    await _grow(resources, AMIRA, 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        ledger = SyslogLedger(str(tmp_path / "log"))
    (tmp_path / "log").unlink()

    with pytest.raises(OSError, match="No such file"):
        await audit.anchor(resources.database, ledger, keyring=resources.keyring)


async def test_events_of_one_owner_that_come_at_once_make_one_chain(resources: Resources) -> None:
    await asyncio.gather(*(_grow(resources, AMIRA, 1) for _ in range(32)))

    assert await _verify(resources) == Verified(chains=1, events=32, heads=0)


async def test_what_is_undone_leaves_no_event(resources: Resources) -> None:
    await _grow(resources, AMIRA, 1)

    async def fail() -> None:
        async with resources.database.unit() as session:
            await audit.record(session, Event(AuditAction.SIGNED_IN, AMIRA), keyring=resources.keyring)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    assert (await _verify(resources)).events == 1
