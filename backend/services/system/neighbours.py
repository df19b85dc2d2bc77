"""What the service needs besides its own files: the database's server, the time, mail, the counter."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, column, inspect, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core import probes
from backend.core.clock import now
from backend.core.config import Settings
from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.models.audit import AuditEvent
from backend.schemas.system import Finding, FindingState

_LEAST_VERSION: Final = 13  # of PostgreSQL: the oldest that is tried
_DRIFT: Final = timedelta(seconds=5)
_SAFE: Final = {"fsync": {"on"}, "full_page_writes": {"on"}, "synchronous_commit": {"on", "remote_apply"}}
"""What keeps an acknowledged write when the power fails."""

_COUNTER_KEEPS: Final = "noeviction"


async def examine_neighbours(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    """Look at the database's server, clock, mail and counter, without changing anything there."""
    try:
        async with database.statement() as connection:
            examine = _sqlite if database.is_sqlite else _postgresql
            async for finding in examine(connection):
                yield finding
            yield await _clock(connection, is_sqlite=database.is_sqlite)
    except UnavailableError:
        yield _finding("database", FindingState.WRONG, "cannot be reached")
    if settings.mail.host is not None:
        yield await _mail(settings)
    if settings.redis.url is not None:
        yield await _counter(settings)


async def _sqlite(connection: AsyncConnection) -> AsyncIterator[Finding]:
    version = await connection.scalar(text("SELECT sqlite_version()"))
    mode = await connection.scalar(text("PRAGMA journal_mode"))
    synchronous = await connection.scalar(text("PRAGMA synchronous"))
    detail = f"SQLite {version}, journal {mode}, synchronous {synchronous}"
    is_safe = mode == "wal" and synchronous == 2  # FULL: the commit waits for the disk
    yield _finding("database", FindingState.OK if is_safe else FindingState.WRONG, detail)


async def _postgresql(connection: AsyncConnection) -> AsyncIterator[Finding]:
    names = (*_SAFE, "server_version", "wal_level", "data_checksums")
    settings = select(column("name", String), column("setting", String)).select_from(table("pg_settings"))
    rows = await connection.execute(settings.where(column("name").in_(names)))
    found = {name: str(setting) for name, setting in rows}
    version = found["server_version"].split()[0]
    is_old = int(version.partition(".")[0]) < _LEAST_VERSION
    detail = f"PostgreSQL {version}, wal_level {found['wal_level']}, data_checksums {found['data_checksums']}"
    yield _finding("database", FindingState.WRONG if is_old else FindingState.OK, detail)
    for name, safe in _SAFE.items():
        if found[name] not in safe:
            reason = f"{name} is {found[name]}: a write that was acknowledged can be lost"
            yield _finding("database", FindingState.WRONG, reason)
    if found["data_checksums"] == "off":
        yield _finding("database", FindingState.NOTE, "data_checksums is off: a damaged page is not noticed")


async def _clock(connection: AsyncConnection, *, is_sqlite: bool) -> Finding:
    """Compare this machine's clock with the database's, and with the newest event."""
    if not is_sqlite:
        theirs = await connection.scalar(text("SELECT clock_timestamp()"))
        drift = abs(now() - theirs) if isinstance(theirs, datetime) else timedelta()
        if drift > _DRIFT:
            detail = f"differs from the database's by {drift.total_seconds():.0f} seconds"
            return _finding("clock", FindingState.WRONG, detail)
    newest = await _newest_event(connection)
    if newest is not None and newest - now() > _DRIFT:
        ahead = (newest - now()).total_seconds()
        detail = f"is behind the newest event by {ahead:.0f} seconds: it was set back, or was ahead"
        return _finding("clock", FindingState.WRONG, detail)
    return _finding("clock", FindingState.OK, "fits the database's and the newest event")


async def _newest_event(connection: AsyncConnection) -> datetime | None:
    if not await connection.run_sync(lambda sync: inspect(sync).has_table(AuditEvent.__tablename__)):
        return None  # the schema is not there yet, which another check tells
    # Identifiers begin with the time: the last of them is the newest, and the index knows which that is.
    newest = select(AuditEvent.recorded_at).order_by(AuditEvent.id.desc()).limit(1)
    return await connection.scalar(newest)


async def _mail(settings: Settings) -> Finding:
    try:
        await probes.probe_smtp(settings.mail)
    except probes.ProbeFailedError as error:
        return _finding("mail", FindingState.WRONG, str(error))
    signed = " and takes the password" if settings.mail.username else ""
    return _finding("mail", FindingState.OK, f"the server answers by {settings.mail.security}{signed}")


async def _counter(settings: Settings) -> Finding:
    try:
        found = await probes.probe_counter(settings)
    except probes.ProbeFailedError as error:
        return _finding("counter", FindingState.WRONG, str(error))
    if found.policy not in {"", _COUNTER_KEEPS} and not found.policy.startswith("volatile-"):
        detail = (
            f"evicts by {found.policy}: guesses may be forgotten early; set maxmemory-policy to volatile-ttl"
        )
        return _finding("counter", FindingState.NOTE, detail)
    return _finding("counter", FindingState.OK, f"version {found.version} answers")


def _finding(check: str, state: FindingState, detail: str) -> Finding:
    return Finding(check=check, state=state, detail=detail)
