"""What is wrong with a service and with what it stores."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from backend.cli import audit, setup
from backend.cli.options import DataDir
from backend.core import keys
from backend.core.config import Settings
from backend.core.database import Database
from backend.schemas.system import Finding, FindingState
from backend.services import system

commands = typer.Typer()


@commands.command("doctor")
def doctor(
    *,
    heads: audit.Heads = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Look at the whole service, and at all that it stores. Ends with status 1 if something is wrong.

    Settings, files, disk, the database's server, clock, mail and counter; then keys, accounts, profiles,
    answers, second factors, events and jobs. No letter is sent.

    Safe while the service runs. Names what is broken by its identifiers, and nothing that is in it.
    """
    settings = setup.read_settings(data_dir)
    with setup.explained():
        found = asyncio.run(_examine(settings, heads, as_json=as_json))
    if as_json:
        typer.echo(json.dumps([finding.model_dump(mode="json") for finding in found], indent=2))
    if any(finding.state is FindingState.WRONG for finding in found):
        raise typer.Exit(1)


async def _examine(settings: Settings, heads: list[Path] | None, *, as_json: bool) -> list[Finding]:
    found = []

    def note(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            typer.echo(f"{finding.state:6} {finding.check}: {finding.detail}")

    database, keyring = Database(settings), keys.load(settings)
    try:
        for finding in system.examine_surroundings(settings):
            note(finding)
        async for finding in system.examine_neighbours(database, settings):
            note(finding)
        lines = audit.head_lines(settings, heads)
        async for finding in system.examine_data(database, lines, keyring=keyring):
            note(finding)
    finally:
        await database.dispose()
    return found
