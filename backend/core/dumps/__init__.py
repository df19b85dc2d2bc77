"""Copies of a whole database in one file: taken while it is in use, and put back.

SQLite's is a database of its own; PostgreSQL's is in the custom format of its own `pg_dump`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.config import Settings
from backend.core.dumps import postgresql, sqlite
from backend.core.dumps.programs import ProgramFailedError, ProgramMissingError

PARTS: Final = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
"""The name of the dump, by the kind of the database."""

__all__ = ["PARTS", "ProgramFailedError", "ProgramMissingError", "dumped", "postgresql", "sqlite"]


@asynccontextmanager
async def dumped(settings: Settings, file: Path) -> AsyncIterator[AsyncSession]:
    """Dump the database into a new file, and give a session that reads exactly what is in it.

    Whoever uses the database goes on meanwhile.

    Raises:
        ProgramMissingError: `pg_dump` is not here, or is older than the server.
        ProgramFailedError: It failed.
        UnavailableError: The database cannot be reached.
    """
    take = sqlite.dumped if settings.database_url.get_backend_name() == "sqlite" else postgresql.dumped
    async with take(settings, file) as session:
        yield session
