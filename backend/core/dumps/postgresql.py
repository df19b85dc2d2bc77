"""PostgreSQL's own dump, of one snapshot that we read beside it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, MetaData, Table, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.schema import DropTable

from backend.core.config import Settings
from backend.core.database import Database, metadata
from backend.core.database.failures import translated
from backend.core.dumps import programs

_PATIENCE: Final = timedelta(hours=6)  # for a statement that reads or writes a whole table
VERSION_TABLE: Final = "alembic_version"
_VERSION_DATA: Final = f"TABLE DATA public {VERSION_TABLE} "


class InUseError(Exception):
    """Others are connected to the database that is to be replaced."""


def patient(settings: Settings) -> Settings:
    """Return the settings with time for statements that read or write whole tables."""
    longer = settings.database.model_copy(update={"statement_timeout": _PATIENCE})
    return settings.model_copy(update={"database": longer})


@asynccontextmanager
async def dumped(settings: Settings, file: Path) -> AsyncIterator[AsyncSession]:
    """Dump one snapshot, and read the same (see `dumps.dumped`)."""
    database = Database(patient(settings))
    try:
        with translated():
            async with database.engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ")
                program = programs.find("pg_dump", server=await _server(connection))
                await connection.execute(text("SET TRANSACTION READ ONLY"))
                snapshot = await connection.scalar(text("SELECT pg_export_snapshot()"))
                await asyncio.to_thread(
                    programs.run,
                    program,
                    "--format=custom",
                    "--no-owner",
                    "--no-privileges",
                    *(f"--table=public.{table}" for table in _ours()),
                    f"--snapshot={snapshot}",
                    f"--file={file}",
                    settings=settings,
                )
                await asyncio.to_thread(file.chmod, 0o600)
                async with AsyncSession(connection, expire_on_commit=False) as session:
                    yield session
    finally:
        await database.dispose()


async def is_empty(settings: Settings) -> bool:
    """Tell whether the database has no tables."""
    database = Database(settings)
    try:
        async with database.statement() as connection:
            return not await connection.run_sync(_tables)
    finally:
        await database.dispose()


async def load(settings: Settings, file: Path) -> None:
    """Put a dump into the database, in place of the tables that are there.

    All but the row that says which revision the schema has: until `finish` writes it, no process of the
    service starts on what is not ready yet.

    Raises:
        InUseError: Somebody else is connected.
        ProgramMissingError: `pg_restore` is not here, or is older than the server.
        ProgramFailedError: It failed; the database is empty then.
    """
    database = Database(patient(settings))
    try:
        async with database.statement() as connection:
            program = programs.find("pg_restore", server=await _server(connection))
        # One that is too old for the dump says so here, before anything is lost.
        contents = await asyncio.to_thread(programs.run, program, "--list", str(file), settings=settings)
        listed = file.with_suffix(".list")
        kept = [line for line in contents.splitlines() if _VERSION_DATA not in line]
        await asyncio.to_thread(listed.write_text, "\n".join(kept), "utf-8")
        # Its own connection would count as another's.
        await database.engine.dispose()
        async with database.engine.begin() as connection:
            await _require_alone(connection)
            there = await connection.run_sync(_tables)
            for table in (*reversed(metadata.sorted_tables), Table(VERSION_TABLE, MetaData())):
                if table.name in there:
                    await connection.execute(DropTable(table))
        await asyncio.to_thread(
            programs.run,
            program,
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            f"--use-list={listed}",
            f"--dbname={settings.database_url.database}",
            str(file),
            settings=settings,
        )
    finally:
        await database.dispose()


async def set_revision(settings: Settings, revision: str | None) -> None:
    """Say which revision the schema has; none while it is not to be used."""
    database = Database(settings)
    try:
        async with database.engine.begin() as connection:
            await connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
            if revision is not None:
                statement = text(f"INSERT INTO {VERSION_TABLE} VALUES (:revision)")  # noqa: S608 - as above
                await connection.execute(statement, {"revision": revision})
    finally:
        await database.dispose()


async def examine(file: Path, settings: Settings) -> None:
    """Check that `pg_restore` can read the list of what is in a dump.

    Raises:
        ProgramMissingError: `pg_restore` is not here.
        ProgramFailedError: It cannot.
    """
    program = programs.find("pg_restore", server=None)
    await asyncio.to_thread(programs.run, program, "--list", str(file), settings=settings)


async def _server(connection: AsyncConnection) -> int:
    return int(await connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


async def _require_alone(connection: AsyncConnection) -> None:
    others = await connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    )
    if others:
        raise InUseError(
            f"{others} others are connected to the database that is to be replaced. Stop the service, and "
            "whatever else uses the database."
        )


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names("public")


def _ours() -> Iterable[str]:
    return (*metadata.tables, VERSION_TABLE)
