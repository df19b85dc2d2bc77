"""The master keys: changing them while the service runs, and destroying those that have been replaced."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from backend.cli import service
from backend.cli.options import DataDir
from backend.cli.service import Service
from backend.core import keyfile, masters, rotation
from backend.core.clock import now
from backend.core.config import Settings
from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.masters import MasterSet
from backend.services import system

commands = typer.Typer()

_DELAY_BY_HAND = 600
_BY_HAND = """\
The master keys come from a setting, which no command can change: nothing has changed yet. Put the set above
into the secret store and restart every process before the new key wraps. They change over by themselves then.
After that, run this command again with the new set: it wraps anew what is under the old key. If the restarts
take longer than the delay, discard the set and choose a longer --delay.
"""


@commands.command("rotate-master")
def rotate_master(
    delay: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2_592_000,
            help="Seconds until the new key wraps: 0, but 600 where a setting holds the keys. Machines that "
            "share no key file need the time to get theirs.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a new master key, and wrap everything under it. The service goes on meanwhile.

    Can be interrupted anywhere: run it again, and it goes on. The old key stays and opens older backups,
    until `safeplate keys destroy-master`.
    """
    service.run(data_dir, lambda running: _rotate(running, delay))


@commands.command("destroy-master")
def destroy_master(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `safeplate keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Destroy a master key that nothing is under. Backups from before it was replaced become unreadable."""
    service.run(data_dir, lambda running: _destroy(running, name))
    typer.echo(
        f"Master key {name} is destroyed. Without a copy of it, a backup of the database from before it was "
        "replaced cannot be read any more."
    )


def count(settings: Settings) -> Counter[bytes] | None:
    """Return how many values are under each key; None without a database of this release to look at."""
    url = settings.database_url
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    return asyncio.run(_count(settings))


async def _count(settings: Settings) -> Counter[bytes] | None:
    database = Database(settings)
    try:
        await system.require_ready(database)
        async with database.reader() as session:
            return await system.count_by_master(session)
    except UnavailableError:
        return None
    finally:
        await database.dispose()


def echo_keys(found: MasterSet, counts: Counter[bytes] | None) -> None:
    """Print what each key does and how many values are under it, those of unknown keys too."""
    line = "{:16}  {:8}  {:23}  {}"
    typer.echo(line.format("master key", "state", "wraps from", "values"))
    moment = now().timestamp()
    wrapper, left = found.wrapper(moment), Counter(counts)
    for key in found.keys:
        state = "wrapping" if key is wrapper else "waiting" if key.start > moment else "opening"
        number = "-" if counts is None else left.pop(key.id, 0)
        typer.echo(line.format(key.name, state, rotation.in_words(key.since), number))
    for key_id, number in left.items():
        typer.echo(line.format(key_id.hex(), "unknown", "-", number))


async def _rotate(running: Service, delay: int | None) -> None:
    path = running.keyring.masters.path
    if path is None:
        found = running.keyring.masters.current()
        _require_none_waiting(found)
        if not await system.is_outdated(running.database, keyring=running.keyring):
            later = timedelta(seconds=_DELAY_BY_HAND if delay is None else delay)
            _echo_setting(found.with_next(delay=later), _BY_HAND)
            return
    else:
        is_added = await _add_next(running, path, timedelta(seconds=delay or 0))
        if is_added and delay:
            typer.echo(f"The new key wraps in {delay} seconds. Run this command again after that.")
            return
    await _rewrap(running)


async def _add_next(running: Service, path: Path, delay: timedelta) -> bool:
    """Add a key, unless one is there that not everything is under yet: that change is finished first.

    Returns whether one was added.
    """
    with keyfile.lock(path):
        found = running.keyring.masters.look()
        _require_none_waiting(found)
        if await system.is_outdated(running.database, keyring=running.keyring):
            typer.echo("An earlier change of the master key was interrupted: going on with it.")
            return False
        keyfile.replace(path, found.with_next(delay=delay).to_text())
        after = running.keyring.masters.look()
    typer.echo(f"Added master key {after.keys[-1].name}.")
    return True


def _require_none_waiting(found: MasterSet) -> None:
    waiting = found.waiting(now().timestamp())
    if waiting is not None:
        time = rotation.in_words(waiting.since)
        raise rotation.RotationPendingError(
            f"Master key {waiting.name} is waiting: it wraps from {time}. Run this command after that."
        )


async def _rewrap(running: Service) -> None:
    done = await system.rewrap(running.database, keyring=running.keyring, tell=_progress())
    async with running.database.reader() as session:
        counts = await system.count_by_master(session)
    newest = running.keyring.masters.wrapper
    typer.echo(f"Under master key {newest.name} now: {counts.pop(newest.id, 0)} values.")
    if not done or counts:
        typer.echo(
            f"{counts.total()} values are not: they are in use, or do not open. Run this command again, and "
            "`safeplate doctor` if that does not help.",
            err=True,
        )
        raise typer.Exit(1)


def _progress() -> Callable[[int], None]:
    told = monotonic()

    def tell(done: int) -> None:
        nonlocal told
        if monotonic() - told >= 1:
            told = monotonic()
            typer.echo(f"Wrapped anew: {done}", err=True)

    return tell


async def _destroy(running: Service, name: str) -> None:
    path = running.keyring.masters.path
    if path is None:
        await _require_unused(running, name)
        _echo_setting(
            running.keyring.masters.current().without(name), "Put this set into the secret store.\n"
        )
        return
    with keyfile.lock(path):
        await _require_unused(running, name)
        before = path.read_text("ascii")
        masters.destroy(path, name)
        try:
            # Whoever held on to the key for longer than it rested stored under it meanwhile: all is put back.
            await _require_unused(running, name)
        except masters.MasterNeededError:
            keyfile.replace(path, before.strip())
            raise


async def _require_unused(running: Service, name: str) -> None:
    async with running.database.reader() as session:
        counts = await system.count_by_master(session)
    used = {key_id.hex(): count for key_id, count in counts.items()}
    if count := used.get(name, 0):
        raise masters.MasterNeededError(
            f"{count} values are under master key {name}: run `safeplate keys rotate-master` first, and "
            "`safeplate doctor` if that does not help."
        )


def _echo_setting(found: MasterSet, explanation: str) -> None:
    typer.echo(f"SAFEPLATE_KEYS__MASTER='{found.to_text()}'")
    typer.echo(explanation, err=True)
