"""What happened on an account, as a table for spreadsheets."""

import csv
import io
import uuid
from collections.abc import AsyncIterator
from typing import Final

from backend.core.database import Database
from backend.core.keys import Keyring
from backend.services import audit

_PAGE: Final = 200
_COLUMNS: Final = (
    "sequence",
    "recorded_at",
    "action",
    "actor",
    "actor_id",
    "ip_prefix",
    "user_agent",
    "request_id",
    "details",
    "id",
)
# The wide forms too: some programs take them for the narrow ones.
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


async def activity_csv(database: Database, owner_id: uuid.UUID, *, keyring: Keyring) -> AsyncIterator[bytes]:
    """Return all events of an account, the oldest first, as CSV (RFC 4180) in pieces of one page each."""
    yield _lines([_COLUMNS])
    last = 0
    while True:
        async with database.reader() as session:
            page = await audit.read_events(session, owner_id, after=last, limit=_PAGE, keyring=keyring)
        if not page:
            return
        yield _lines([_row(event) for event in page])
        last = page[-1].event.sequence


def defuse(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: what began like one begins with `'`."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(found: audit.PlacedEvent) -> tuple[str, ...]:
    event, place = found.event, found.place
    cells = (
        str(event.sequence),
        event.recorded_at.isoformat(),
        event.action,
        event.actor,
        str(event.actor_id or ""),
        place.ip_prefix,
        place.user_agent,
        place.request_id,
        event.details,
        str(event.id),
    )
    return tuple(map(defuse, cells))


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
