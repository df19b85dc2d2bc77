"""Putting a backup back, so that nobody meets what must not come back: the erased, and tokens of before."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import dumps, folders, migrations
from backend.core.clock import now
from backend.core.config import Settings
from backend.core.database import Database
from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.core.ledger import HEADS_FILE
from backend.core.logging import logger
from backend.models.audit import AuditAction, AuditActor
from backend.models.credentials import OneTimeToken, TokenPurpose
from backend.models.jobs import Job
from backend.models.sessions import RevocationReason, Session
from backend.schemas.erasure import ErasureReceipt
from backend.schemas.system import BackupManifest, Restored
from backend.services import audit, erasure
from backend.services.system.backups import BackupUnfitError, read_backup, require_same, unpack

_PAGE: Final = 200
_UNDONE: Final = (TokenPurpose.UNDO_EMAIL_CHANGE, TokenPurpose.UNDO_ERASURE)


class TargetTakenError(Exception):
    """The database is not empty."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """How a backup is to be put back.

    Attributes:
        receipts: Of erasures, some of which may have been after the backup was taken.
        replace: Whether what is in the database now may be lost.
        keep_sessions: Whether devices stay signed in, and links and work that waited stay as they were.
    """

    receipts: Iterable[ErasureReceipt]
    replace: bool = False
    keep_sessions: bool = False


async def restore(settings: Settings, path: Path, how: Restoring, *, keyring: Keyring) -> Restored:
    """Put a backup in the place of the database.

    All that can be wrong with the backup is looked for before anything changes. SQLite's file is made ready
    beside the database and takes its place in one transaction. In PostgreSQL the row that says that the
    schema is there comes last, so that no process starts before everything else is done.

    Raises:
        ArchiveBrokenError: The backup was altered, is damaged, or is none.
        ArchiveKeyMissingError: The master key that it was sealed under is not here.
        BackupUnfitError: It is of a newer release, another kind of database, or under other keys.
        TargetTakenError: The database is not empty, and may not be replaced.
        InUseError: Somebody else is connected to the database.
        ProgramMissingError: PostgreSQL's `pg_restore` is not here, or is older than the server.
        ProgramFailedError: It failed.
    """
    manifest = await asyncio.to_thread(read_backup, path, keyring=keyring)
    kind = settings.database_url.get_backend_name()
    if manifest.database != kind:
        raise BackupUnfitError(
            f"The backup is of a {manifest.database} database, and the settings name {kind}."
        )
    if not how.replace and not await _is_empty(settings):
        raise TargetTakenError(
            "The database is not empty: its rows would be lost. If that is meant, say --replace."
        )
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as name:
        folder = Path(name)
        dump = await unpack(path, manifest, folder, settings)
        loaded = _sqlite(settings, dump) if kind == "sqlite" else _postgresql(settings, dump, manifest)
        async with loaded as target:
            restored = await _make_ready(target, manifest, how, keyring)
        await asyncio.to_thread(_place_heads, settings.data_dir / HEADS_FILE, folder / HEADS_FILE)
    return restored


async def _is_empty(settings: Settings) -> bool:
    url = settings.database_url
    if url.get_backend_name() == "sqlite":
        return dumps.sqlite.is_empty(Path(url.database or ""))
    return await dumps.postgresql.is_empty(settings)


@asynccontextmanager
async def _sqlite(settings: Settings, dump: Path) -> AsyncIterator[Settings]:
    """Make the dump itself ready, then put it in the place of the database."""
    yield dumps.sqlite.at(settings, dump)
    await asyncio.to_thread(dumps.sqlite.copy, dump, Path(settings.database_url.database or ""))


@asynccontextmanager
async def _postgresql(settings: Settings, dump: Path, manifest: BackupManifest) -> AsyncIterator[Settings]:
    """Load the dump, and let nobody take the schema for ready meanwhile."""
    await dumps.postgresql.load(settings, dump)
    await dumps.postgresql.set_revision(settings, manifest.revision)
    yield dumps.postgresql.patient(settings)
    await dumps.postgresql.set_revision(settings, migrations.head_revision())


async def _make_ready(
    target: Settings, manifest: BackupManifest, how: Restoring, keyring: Keyring
) -> Restored:
    database = Database(target)
    try:
        async with database.reader() as session:
            await require_same(session, manifest)
        await migrations.upgrade(target)
        if not database.is_sqlite:
            await dumps.postgresql.set_revision(target, None)
        erased = await erasure.replay(database, how.receipts, keyring=keyring)
        ended = discarded = 0
        if not how.keep_sessions:
            ended = await _end_sessions(database, keyring)
            discarded = await _discard_work(database)
    finally:
        await database.dispose()
    return Restored(manifest=manifest, erased_again=erased, ended_sessions=ended, discarded_jobs=discarded)


async def _end_sessions(database: Database, keyring: Keyring) -> int:
    """End every session: a refresh token that was spent after the backup would be good once more.

    For the same reason links that set a password or an address end. Those that undo something stay.
    """
    ended = 0
    while True:
        async with database.unit() as session:
            owners = select(Session.user_id).where(Session.revoked_at.is_(None)).distinct().limit(_PAGE)
            page = list(await session.scalars(owners))
            if not page:
                await session.execute(delete(OneTimeToken).where(OneTimeToken.purpose.not_in(_UNDONE)))
                return ended
            alive = (Session.user_id.in_(page), Session.revoked_at.is_(None))
            ended += await session.scalar(select(func.count()).select_from(Session).where(*alive)) or 0
            await session.execute(
                update(Session)
                .where(*alive)
                .values(revoked_at=now(), revoked_reason=RevocationReason.ENDED_BY_ADMIN)
                .execution_options(synchronize_session=False)
            )
            for owner_id in sorted(page):
                await _tell_owner(session, owner_id, keyring)


async def _tell_owner(session: AsyncSession, owner_id: uuid.UUID, keyring: Keyring) -> None:
    """Write down on an account that its sessions ended. A chain that is broken must not keep the others."""
    event = audit.Event(AuditAction.SESSIONS_ENDED, owner_id, AuditActor.OPERATOR)
    try:
        async with session.begin_nested():
            await audit.record(session, event, keyring=keyring)
    except CorruptedError as error:
        logger.error("sessions_end_unrecorded", user_id=str(owner_id), error=type(error).__name__)


async def _discard_work(database: Database) -> int:
    """Discard letters and other work that waited: it was done after the backup, as far as anybody knows."""
    async with database.unit() as session:
        waiting = await _count_waiting(session)
        await session.execute(delete(Job).where(Job.failed_at.is_(None)))
    return waiting


async def _count_waiting(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Job).where(Job.failed_at.is_(None))) or 0


def _place_heads(current: Path, restored: Path) -> None:
    """Put the heads of the backup in place. Those of later events stay beside them, under another name."""
    if current.exists():
        current.rename(current.with_name(f"audit-heads.until-{now():%Y%m%dT%H%M%SZ}.jsonl"))
    if restored.exists():
        restored.replace(current)
    folders.sync(current.parent)
