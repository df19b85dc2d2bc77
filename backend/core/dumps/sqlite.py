"""SQLite's online backup: a snapshot, whoever writes meanwhile."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.config import Settings
from backend.core.database import Database

_PATIENCE: Final = 60.0  # seconds for whoever writes at the moment


class DumpDamagedError(Exception):
    """The file is no whole database; the message is SQLite's."""


@asynccontextmanager
async def dumped(settings: Settings, file: Path) -> AsyncIterator[AsyncSession]:
    """Copy the database, and read the copy (see `dumps.dumped`)."""
    await asyncio.to_thread(copy, Path(settings.database_url.database or ""), file)
    database = Database(at(settings, file))
    try:
        async with database.reader() as session:
            yield session
    finally:
        await database.dispose()
        # What read it switched it to a log of its own: one file again, which is all that is kept.
        await asyncio.to_thread(_settle, file)


def copy(source: Path, target: Path) -> None:
    """Copy one database over another, or into a new file, in one transaction of each.

    Whoever reads the target meanwhile sees what was there before, and whoever looks after sees the copy.

    Raises:
        OSError: One cannot be read or the other not be written: a disk is full, for example.
    """
    if not target.exists():
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    origin = f"{source.absolute().as_uri()}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(origin, uri=True, timeout=_PATIENCE)) as old,
            closing(sqlite3.connect(target, timeout=_PATIENCE)) as new,
        ):
            new.execute("PRAGMA secure_delete = ON")
            # A new file has no log yet: a power cut must not bring back the journal that undoes the copy.
            new.execute("PRAGMA synchronous = EXTRA")
            # All pages in one step: in several, each write of somebody else would let it begin anew.
            old.backup(new, pages=-1)
    except sqlite3.OperationalError as error:
        raise OSError(f"{target}: {error}") from error


def examine(file: Path) -> None:
    """Check the pages of a database that nobody uses, and that every row refers to something.

    Raises:
        DumpDamagedError: Something is wrong.
    """
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            loose = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise DumpDamagedError(str(error)) from error
    if found != "ok":
        raise DumpDamagedError(str(found))
    if loose is not None:
        raise DumpDamagedError(f"a row of {loose[0]} refers to nothing")


def is_empty(file: Path) -> bool:
    """Tell whether nothing is there yet: no file, or a database without tables."""
    if not file.exists():
        return True
    with closing(sqlite3.connect(file, timeout=_PATIENCE)) as database:
        return database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def at(settings: Settings, file: Path) -> Settings:
    """Return the settings with another file for the database."""
    url = SecretStr(f"sqlite+aiosqlite:///{file.absolute()}")
    return settings.model_copy(update={"database": settings.database.model_copy(update={"url": url})})


def _settle(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=_PATIENCE)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
