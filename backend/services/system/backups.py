"""Backups: one archive of the database, and everything that must be known to put it back."""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import __version__
from backend.core import archive, dumps
from backend.core.archive import ArchiveBrokenError, Part
from backend.core.clock import now
from backend.core.config import Settings
from backend.core.database import metadata
from backend.core.keys import Keyring
from backend.core.ledger import HEADS_FILE
from backend.core.migrations import current_revision, knows
from backend.models.audit import AuditChain
from backend.schemas.system import BackedUpChains, BackupManifest, BackupPart
from backend.services.system.wrapped import count_by_master

_PAGE: Final = 1_000


class BackupUnfitError(Exception):
    """The backup cannot be used here; the message says why, and what would help."""


async def back_up(settings: Settings, target: Path, *, keyring: Keyring) -> BackupManifest:
    """Write a backup of the database, while it is in use.

    Raises:
        FileExistsError: Something is there already.
        ProgramMissingError: PostgreSQL's `pg_dump` is not here, or is older than the server.
        ProgramFailedError: It failed.
        UnavailableError: The database cannot be reached.
        OSError: The archive cannot be written.
    """
    if await asyncio.to_thread(target.exists):
        raise FileExistsError(f"{target} is there already.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".safeplate-backup-") as folder:
        moment, kind = now(), settings.database_url.get_backend_name()
        files = {dumps.PARTS[kind]: Path(folder) / dumps.PARTS[kind]}
        # Before the database: a head that is written later would be of events that the dump does not have.
        heads = settings.data_dir / HEADS_FILE
        if heads.exists():
            files[HEADS_FILE] = Path(folder) / HEADS_FILE
            files[HEADS_FILE].write_bytes(heads.read_bytes())
        async with dumps.dumped(settings, files[dumps.PARTS[kind]]) as session:
            revision = await (await session.connection()).run_sync(current_revision)
            rows, chains = await count_rows(session), await digest_chains(session)
            master_ids = {key_id.hex() for key_id in await count_by_master(session)}
        parts = {name: await asyncio.to_thread(archive.measure, path) for name, path in files.items()}
        manifest = BackupManifest.model_validate(
            {
                "format": 1,
                "release": __version__,
                "revision": revision,
                "database": kind,
                "taken_at": moment,
                "rows": rows,
                "chains": chains,
                "master_keys": sorted(master_ids),
                "signing_keys": sorted(keyring.signing.known()),
                "parts": {
                    name: BackupPart(size=part.size, sha256=part.sha256) for name, part in parts.items()
                },
            }
        )
        text = manifest.model_dump_json(indent=2).encode()
        await asyncio.to_thread(archive.write, target, text, files, master=keyring.masters.wrapper)
    return manifest


def read_backup(path: Path, *, keyring: Keyring) -> BackupManifest:
    """Return what a backup says of itself, if it is as it was written, and fits this release and its keys.

    Raises:
        ArchiveBrokenError: It was altered, or is none.
        ArchiveKeyMissingError: The master key that it was sealed under is not here.
        BackupUnfitError: It is of a newer release, or values in it are under keys that are not here.
    """
    text = archive.read_manifest(path, masters=keyring.masters)
    try:
        manifest = BackupManifest.model_validate_json(text)
    except ValidationError as error:
        raise BackupUnfitError("The backup is in a form that this release does not know.") from error
    if not knows(manifest.revision):
        raise BackupUnfitError(
            f"The backup's schema is {manifest.revision}, of release {manifest.release}, which this release "
            "does not know. Restore it with that release or a newer one."
        )
    missing = [name for name in manifest.master_keys if not keyring.masters.find(bytes.fromhex(name))]
    if missing:
        raise BackupUnfitError(
            f"Values in the backup are under master keys that are not here: {', '.join(missing)}. Restore "
            "the keys of that time first: without them nobody can open what is sealed."
        )
    return manifest


async def unpack(path: Path, manifest: BackupManifest, folder: Path, settings: Settings) -> Path:
    """Write a backup's parts into a folder, check them, and return the dump.

    Raises:
        ArchiveBrokenError: A part was altered, or the dump is damaged.
    """
    parts: Mapping[str, Part] = {name: Part(part.size, part.sha256) for name, part in manifest.parts.items()}
    await asyncio.to_thread(archive.unpack, path, parts, folder)
    dump = folder / dumps.PARTS[manifest.database]
    try:
        if manifest.database == "sqlite":
            await asyncio.to_thread(dumps.sqlite.examine, dump)
        else:
            await dumps.postgresql.examine(dump, settings)
    except (dumps.sqlite.DumpDamagedError, dumps.ProgramFailedError) as error:
        raise ArchiveBrokenError(f"its dump is damaged: {error}") from error
    return dump


async def require_same(session: AsyncSession, manifest: BackupManifest) -> None:
    """Check that a database holds what its backup says: every row, and the head of every chain.

    Raises:
        ArchiveBrokenError: It does not.
    """
    rows = await count_rows(session, manifest.rows)
    if rows != manifest.rows:
        names = ", ".join(name for name, count in manifest.rows.items() if rows.get(name) != count)
        raise ArchiveBrokenError(f"rows are missing, or there are too many: {names}")
    if await digest_chains(session) != manifest.chains:
        raise ArchiveBrokenError("the chains of events are not those of the manifest")


async def count_rows(session: AsyncSession, tables: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return how many rows each table has: all tables of this release, or those that are named."""
    return {
        table.name: await session.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
        if tables is None or table.name in tables
    }


async def digest_chains(session: AsyncSession) -> BackedUpChains:
    """Return how many chains there are, and a digest of their heads."""
    digest, count = hashlib.sha256(), 0
    query = select(AuditChain.owner_id, AuditChain.sequence, AuditChain.code)
    query = query.order_by(AuditChain.owner_id).limit(_PAGE)
    page = list(await session.execute(query))
    while page:
        for owner_id, sequence, code in page:
            digest.update(f"{owner_id} {sequence} {code.hex()}\n".encode())
        count += len(page)
        page = list(await session.execute(query.where(AuditChain.owner_id > page[-1].owner_id)))
    return BackedUpChains(count=count, sha256=digest.hexdigest())
