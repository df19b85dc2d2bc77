"""Backups of the database, and putting them back."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backend.cli import audit, erasure, service, setup
from backend.cli.options import DataDir
from backend.cli.service import Service
from backend.core import archive, dumps, folders, keys
from backend.core.clock import now
from backend.core.config import Settings
from backend.core.dumps.postgresql import InUseError
from backend.schemas.system import BackupManifest, Finding, FindingState, Restored
from backend.services import system

commands = typer.Typer()

_File = Annotated[Path, typer.Argument(help="The backup.", exists=True, dir_okay=False)]


@commands.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(help="A new file, or a folder that gets one named by the time.")],
    data_dir: DataDir = None,
) -> None:
    """Write a backup of the database while the service runs: one file, which nobody alters unseen.

    The keys are not in it: keep them elsewhere. Without them it cannot be put back.
    """
    path = target / f"safeplate-{now():%Y%m%dT%H%M%SZ}.backup" if target.is_dir() else target
    if path.exists():
        setup.fail(f"{path} is there already.")
    if not path.parent.is_dir():
        setup.fail(f"There is no folder {path.parent}.")
    with explained():
        manifest = service.run(
            data_dir, lambda running: system.back_up(running.settings, path, keyring=running.keyring)
        )
    typer.echo(f"Written: {path} ({path.stat().st_size} bytes).")
    tell(manifest)


@commands.command("restore")
def restore(
    file: _File,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a database that is not empty.")
    ] = False,
    receipts: erasure.Receipts = None,
    keep_sessions: Annotated[
        bool, typer.Option("--keep-sessions", help="Leave devices signed in, and links and letters waiting.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a backup back. Stop the service before.

    Accounts that were erased since are erased again, by the receipts in `erasures.jsonl` of the data folder
    and those that are named. Every device must sign in anew, since a token that was spent after the backup
    would be good once more; letters that waited are not sent, since they went out then.
    """
    settings = setup.read_settings(data_dir)
    with setup.explained(), service.refusals_told(), explained():
        folders.make(settings.data_dir)
        keyring = keys.load(settings)
        how = system.Restoring(
            erasure.read_all(settings, receipts, keyring.signing),
            replace=replace,
            keep_sessions=keep_sessions,
        )
        restored = asyncio.run(system.restore(settings, file, how, keyring=keyring))
    tell(restored.manifest)
    _tell_restored(restored)


@commands.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A backup; without one, the database.", exists=True, dir_okay=False)
    ] = None,
    *,
    heads: audit.Heads = None,
    data_dir: DataDir = None,
) -> None:
    """Check a backup without putting it back, or the database: its pages, keys, profiles and events.

    Ends with status 1 if something is wrong.
    """
    if file is not None:
        settings = setup.read_settings(data_dir)
        with setup.explained(), explained():
            manifest = asyncio.run(_verify_file(settings, file))
        typer.echo("Whole, and all master keys that it needs are here.")
        tell(manifest)
        return
    if service.run(data_dir, lambda running: _verify_database(running, heads)):
        raise typer.Exit(1)


def tell(manifest: BackupManifest) -> None:
    """Say what a backup is."""
    rows = ", ".join(f"{name} {count}" for name, count in sorted(manifest.rows.items()) if count)
    typer.echo(
        f"Taken at {manifest.taken_at:%Y-%m-%d %H:%M:%S}Z of {manifest.database}, release "
        f"{manifest.release}, schema {manifest.revision}."
    )
    typer.echo(f"Rows: {rows or 'none'}.")
    typer.echo(f"Master keys that it needs: {', '.join(manifest.master_keys) or 'none'}.")


@contextmanager
def explained() -> Iterator[None]:
    """Say what an operator can put right, or must know of a backup."""
    try:
        yield
    except archive.ArchiveBrokenError as error:
        typer.echo(f"Broken: {error}.", err=True)
        raise typer.Exit(1) from None
    except (archive.ArchiveKeyMissingError, system.BackupUnfitError, system.TargetTakenError) as error:
        setup.fail(str(error))
    except (dumps.ProgramMissingError, dumps.ProgramFailedError, InUseError) as error:
        setup.fail(str(error))


def _tell_restored(restored: Restored) -> None:
    typer.echo(
        f"Restored. Erased again: {restored.erased_again}. Sessions ended: {restored.ended_sessions}. "
        f"Work discarded: {restored.discarded_jobs}."
    )
    typer.echo("What happened since is lost. Run `safeplate doctor` before you serve.")


async def _verify_file(settings: Settings, file: Path) -> BackupManifest:
    manifest = await asyncio.to_thread(system.read_backup, file, keyring=keys.load(settings))
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".safeplate-verify-") as folder:
        await system.unpack(file, manifest, Path(folder), settings)
    return manifest


async def _verify_database(running: Service, heads: list[Path] | None) -> bool:
    """Print what is found, and tell whether something is wrong."""
    is_wrong = False
    async for finding in _findings(running, heads):
        typer.echo(f"{finding.state:6} {finding.check}: {finding.detail}")
        is_wrong |= finding.state is FindingState.WRONG
    return is_wrong


async def _findings(running: Service, heads: list[Path] | None) -> AsyncIterator[Finding]:
    lines = audit.head_lines(running.settings, heads)
    async for finding in system.examine_storage(running.database):
        yield finding
    async for finding in system.examine_data(running.database, lines, keyring=running.keyring):
        yield finding
