"""Doing the jobs without answering requests."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from backend import __version__
from backend.cli import setup
from backend.cli.options import DataDir
from backend.core import keys, logging, migrations
from backend.core.config import Settings
from backend.core.database import Database
from backend.services import system
from backend.services.attempts import Attempts
from backend.services.catalog import Catalogs
from backend.work import Work

commands = typer.Typer()

_BEAT_SECONDS: Final = 5.0


@commands.command()
def worker(
    heartbeat: Annotated[
        Path | None,
        typer.Option(help="A file whose time is renewed every 5 seconds while the process works."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Prepare like `serve`, and do the jobs: letters, exports, audit heads, erasures, tidying up.

    Ends on SIGTERM or Ctrl+C after the jobs at hand; on a second one at once.
    """
    settings = setup.prepared(data_dir)
    with setup.explained():
        asyncio.run(_run(settings, heartbeat))


async def _run(settings: Settings, heartbeat: Path | None) -> None:
    logging.configure(settings.log)
    await migrations.upgrade(settings)
    database, keyring = Database(settings), keys.load(settings)
    try:
        await system.require_fitting_keys(database, keyring=keyring)
        attempts = Attempts(database, keyring=keyring, settings=settings.rate_limit)
        catalogs = Catalogs(database, max_age=settings.catalog.max_age)
        await _go_on(Work(settings, database, keyring, attempts, catalogs), heartbeat)
    finally:
        await database.dispose()


async def _go_on(work: Work, heartbeat: Path | None) -> None:
    """Work until a signal says to end, and longer for what was begun; until a second one at most."""
    going = asyncio.create_task(work.go_on())
    beating = asyncio.create_task(_beat(heartbeat)) if heartbeat is not None else None

    def end() -> None:
        if is_ending.is_set():
            going.cancel()
        is_ending.set()
        work.end()

    is_ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    # On Windows a loop handles no signals, and says so by this error: Ctrl+C ends the process at once there.
    with suppress(NotImplementedError):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
    typer.echo(f"Safeplate {__version__} works. Stop with Ctrl+C.")
    with suppress(asyncio.CancelledError):
        await going
    if beating is not None:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(file: Path) -> None:
    """Show to whoever looks at the file that the process lives and is not stuck."""
    try:
        while True:
            file.touch()  # noqa: ASYNC240 - a file of this machine: microseconds
            await asyncio.sleep(_BEAT_SECONDS)
    finally:
        file.unlink(missing_ok=True)  # noqa: ASYNC240 - as above
