"""What happened: the chains of events."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli import service
from backend.cli.options import DataDir
from backend.cli.service import Service
from backend.core.config import Settings
from backend.core.ledger import ERASURES_FILE, HEADS_FILE, make_ledger
from backend.services import audit, erasure
from backend.services.audit import Verified

commands = typer.Typer(no_args_is_help=True, help="What happened: the chains of events.")

Heads = Annotated[
    list[Path] | None,
    typer.Option(
        help="File of heads, or the lines of a system's log that hold them; by default the data folder's."
    ),
]


@commands.command("verify")
def verify(
    heads: Heads = None,
    data_dir: DataDir = None,
) -> None:
    """Check every event and every chain against the heads that were written outside the database.

    Names the first link that is altered, missing or cut off, and ends with status 1.
    """
    result = service.run(data_dir, lambda running: _verify(running, heads))
    typer.echo(f"Whole: {result.events} events in {result.chains} chains, held against {result.heads} heads.")


@commands.command("anchor")
def anchor(data_dir: DataDir = None) -> None:
    """Write the heads of all chains that have grown, and new receipts, as the service does every minute."""
    typer.echo(f"Heads written: {service.run(data_dir, _anchor)}.")


def head_lines(settings: Settings, paths: list[Path] | None) -> list[str] | None:
    """Return the lines of files of heads; by default of the data folder's, or None where there is none."""
    default = settings.data_dir / HEADS_FILE
    # No head has been written in a service's first minute; a file that was named must be there.
    if not paths and not default.exists():
        return None
    return [line for path in paths or [default] for line in path.read_text("utf-8").splitlines()]


async def _verify(running: Service, paths: list[Path] | None) -> Verified:
    lines = head_lines(running.settings, paths) or []
    try:
        async with running.database.reader() as session:
            heads = audit.read_heads(lines, keyring=running.keyring)
            return await audit.verify(session, heads, keyring=running.keyring)
    except (audit.ChainBrokenError, audit.HeadInvalidError) as error:
        typer.echo(f"Broken: {error}.", err=True)
        raise typer.Exit(1) from None


async def _anchor(running: Service) -> int:
    while await erasure.anchor(running.database, make_ledger(running.settings, ERASURES_FILE)):
        pass
    return await audit.anchor(running.database, make_ledger(running.settings), keyring=running.keyring)
