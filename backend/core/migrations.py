"""Schema migrations: where they are, which is current, and how to run them under a lock.

Alembic is loaded where there is something to migrate: it takes a tenth of a second and 11 MB, and at most
starts there is nothing.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from backend.core.config import Settings
from backend.core.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_PACKAGE = Path(__file__).parent.parent
_LOCK = 0x5AFE_91A7  # any number, the same in all processes: PostgreSQL's advisory locks have no names
_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", String(32)))
_NAME = re.compile(r'^(revision|down_revision) = (?:"(\w+)"|None)$', re.MULTILINE)


class MigrationFailedError(Exception):
    """The schema cannot be brought to the revision that was asked for; the message says why."""


def script_location() -> Path:
    """Return the folder of the migrations: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "alembic"
    return inside if inside.is_dir() else _PACKAGE.parent / "alembic"


@cache
def _followed() -> dict[str, str | None]:
    """Return every revision that this code has, with the one before it, from the scripts' text."""
    revisions = [_read(path) for path in sorted((script_location() / "versions").glob("*.py"))]
    return {str(names["revision"]): names["down_revision"] for names in revisions}


def _read(script: Path) -> dict[str, str | None]:
    return {name: value or None for name, value in _NAME.findall(script.read_text("utf-8"))}


@cache
def head_revision() -> str:
    """Return the newest revision that this code knows."""
    (newest,) = _followed().keys() - set(_followed().values())
    return newest


def knows(revision: str) -> bool:
    """Tell whether this code has a revision: that of a newer release it has not."""
    return revision in _followed()


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, or None where it is empty."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(select(_VERSIONS.c.version_num))


async def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a revision. Processes that start together take turns.

    Raises:
        MigrationFailedError: This code does not know the revision that is asked for, or that is there.
        OSError: The database is a file that cannot be opened.
    """

    def work(connection: Connection) -> None:
        if revision == "head" and current_revision(connection) == head_revision():
            return
        from alembic import command, util  # noqa: PLC0415 - see above

        try:
            command.upgrade(_config(connection), revision)
        except util.CommandError as error:
            raise MigrationFailedError(str(error)) from error

    await run_locked(settings, work)


async def downgrade(settings: Settings, revision: str) -> None:
    """Take the database back to an earlier revision (`-1`, `base` or an identifier)."""

    def work(connection: Connection) -> None:
        from alembic import command  # noqa: PLC0415 - see above

        command.downgrade(_config(connection), revision)

    await run_locked(settings, work)


async def run_locked(settings: Settings, work: Callable[[Connection], None]) -> None:
    """Do work on the schema while no other process does: all of it is stored, or nothing.

    Raises:
        OSError: The database is a file that cannot be opened.
    """
    database = Database(settings, is_patient=True)
    run = _locked_sqlite if database.is_sqlite else _locked_postgresql
    if database.is_sqlite:
        _require_file(settings.database_url.database or "")
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(run, work)
    finally:
        await database.dispose()


def _require_file(name: str) -> None:
    """Open the file before the driver does: its thread would speak of a failure after the loop is gone."""
    if name and not name.startswith((":", "file:")):
        os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))


def _locked_sqlite(connection: Connection, work: Callable[[Connection], None]) -> None:
    # SQLite changes a table by copying it, which foreign keys forbid; they cannot be switched inside a
    # transaction, and ours begins with BEGIN IMMEDIATE: the lock that keeps other processes waiting.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.close()
    # Begun here, or Alembic would read the revision first and give the lock away between migrations.
    connection.begin()
    work(connection)
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RuntimeError("a migration left rows that refer to nothing")
    connection.commit()


def _locked_postgresql(connection: Connection, work: Callable[[Connection], None]) -> None:
    # The role's own time-outs, if it has any, are for requests: others' migrations take as long as they take.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    # A lock of the transaction, not of the session: it works through a pooler.
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    # A migration that cannot get its table lock gives up, rather than queue before everybody else.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
    work(connection)
    connection.commit()


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
