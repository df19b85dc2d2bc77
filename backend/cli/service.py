"""Working beside a running service: on its database and with its keys."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from backend.cli import setup
from backend.cli.options import DataDir
from backend.core import keys, tries
from backend.core.config import Settings
from backend.core.database import Database
from backend.core.errors import AppError, InvalidInputError
from backend.core.keys import Keyring
from backend.services import system
from backend.utils.security import SealBrokenError

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Service:
    """What commands share with the service."""

    settings: Settings
    database: Database
    keyring: Keyring


def run(data_dir: DataDir, work: Callable[[Service], Awaitable[_Result]]) -> _Result:
    """Do work on the service's database, whose schema must be this release's."""
    settings = setup.read_settings(data_dir)
    with setup.explained(), refusals_told():
        return asyncio.run(_with_service(settings, work))


async def _with_service(settings: Settings, work: Callable[[Service], Awaitable[_Result]]) -> _Result:
    service = Service(settings, keyring=keys.load(settings), database=Database(settings))
    try:
        await system.require_ready(service.database)
        await system.require_fitting_keys(service.database, keyring=service.keyring)
        return await tries.repeated(lambda: work(service))
    finally:
        await service.database.dispose()


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say why a service function refuses, as the API would."""
    try:
        yield
    except InvalidInputError as error:
        for violation in error.violations:
            typer.echo(f"{violation.pointer.lstrip('/')}: {violation.detail}", err=True)
        raise typer.Exit(2) from None
    except AppError as error:
        setup.fail(error.detail or error.title)
    except SealBrokenError:
        setup.fail("The database was sealed under other keys than these.")
