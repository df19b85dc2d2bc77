"""The document that describes what is served."""

import json

import typer

from backend.core import keys
from backend.core.config import Settings
from backend.main import create_app

commands = typer.Typer()


@commands.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    master, signing = keys.generate()
    throwaway = Settings.model_validate({"keys": {"master": master, "signing": signing}})
    typer.echo(json.dumps(create_app(throwaway).openapi(), indent=2, ensure_ascii=False))
