"""The database's schema."""

import asyncio

import typer

from backend.cli import setup
from backend.core import migrations

commands = typer.Typer(no_args_is_help=True, help="The database's schema.")


@commands.command("migrate")
def migrate(data_dir: setup.DataDir = None, revision: str = "head") -> None:
    """Bring the schema to this release's revision. Safe to run while the service runs."""
    settings = setup.prepared(data_dir)
    with setup.explained():
        asyncio.run(migrations.upgrade(settings, revision))
