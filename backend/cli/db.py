"""The database: its schema, and backups of it."""

import asyncio

import typer

from backend.cli import backups, setup
from backend.cli.options import DataDir
from backend.core import migrations

commands = typer.Typer(no_args_is_help=True, help="The database: its schema, and backups of it.")
commands.add_typer(backups.commands)


@commands.command("migrate")
def migrate(data_dir: DataDir = None, revision: str = "head") -> None:
    """Bring the schema to this release's revision. Safe to run while the service runs."""
    settings = setup.prepared(data_dir)
    with setup.explained():
        asyncio.run(migrations.upgrade(settings, revision))
