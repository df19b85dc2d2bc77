"""What the commands share: their settings, and errors in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from limits.errors import ConfigurationError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from backend.core import bootstrap, environment, keys, masters, migrations, rotation
from backend.core.config import Settings
from backend.core.database import UnreachableError
from backend.core.database.wal import LogDamagedError
from backend.core.violations import describe
from backend.schemas.base import Incoming
from backend.services import catalog, screening, system

_Body = TypeVar("_Body", bound=Incoming)


def read_settings(data_dir: Path | None) -> Settings:
    """Return the settings."""
    if data_dir is not None:
        environment.export({"data_dir": str(data_dir.absolute())})
    with explained():
        return Settings()


def prepared(data_dir: Path | None) -> Settings:
    """Return the settings, with a data folder and keys that are there."""
    settings = read_settings(data_dir)
    with explained():
        bootstrap.prepare_folder(settings)
    return settings


def checked(body: type[_Body], **values: object) -> _Body:
    """Return what was given as a body of the API, whose rules hold here too."""
    try:
        return body.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            typer.echo(f"{'.'.join(map(str, fault['loc']))}: {describe(fault)}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def explained() -> Iterator[None]:
    """Say what an operator can put right in one line each, without a stack trace."""
    try:
        yield
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = environment.PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
            typer.echo(f"{name}: {fault['msg']}", err=True)
        raise typer.Exit(2) from None
    except SettingsError as error:
        fail(f"{error}. Lists are written as JSON: '[\"food.example\"]'.")
    except (
        bootstrap.SettingMissingError, keys.KeysMissingError, migrations.MigrationFailedError,
        ConfigurationError, LogDamagedError, rotation.RotationPendingError, masters.MasterNeededError,
        system.KeysUnfitError, catalog.CatalogFaultError, screening.LexiconFaultError,
    ) as error:  # fmt: skip
        fail(str(error))
    except UnreachableError as error:
        fail(f"The database cannot be reached: {error}")
    except (DBAPIError, OSError) as error:
        fail(f"The database, a file or a folder cannot be used: {error.__cause__ or error}")


def fail(message: str) -> NoReturn:
    """End the command with a line that says why."""
    typer.echo(message, err=True)
    raise typer.Exit(2)
