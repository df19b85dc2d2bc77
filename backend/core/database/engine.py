"""The engine of each database: its pool, and what a connection is told at the beginning."""

from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.core.config import Settings
from backend.core.database.connecting import Connector
from backend.core.database.failures import drop_lost_connections

READS = "safeplate_reads"
"""The execution option of connections that only read: on SQLite they take no lock."""

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits in a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA secure_delete = ON",  # erased rows are overwritten, not only unlinked
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",  # a damaged page is an error sooner
)


def create_engine(settings: Settings, *, is_sqlite: bool, is_patient: bool) -> AsyncEngine:
    """Create the engine; it connects at the first statement.

    Args:
        settings: Where the database is.
        is_sqlite: Which of the two it is.
        is_patient: Whether statements may take however long.
    """
    url = settings.database_url if is_sqlite else URL.create("postgresql+asyncpg")
    engine = create_async_engine(
        url,
        hide_parameters=True,  # otherwise bound values, e-mail addresses among them, stand in exception texts
        pool_size=settings.database.pool_size,
        max_overflow=0,
        pool_timeout=settings.database.acquire_timeout.total_seconds(),
        pool_pre_ping=False,
        connect_args={} if is_sqlite else _postgresql(settings, is_patient=is_patient),
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        event.listen(engine.sync_engine, "handle_error", drop_lost_connections)
    return engine


def _postgresql(settings: Settings, *, is_patient: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {"async_creator_fn": Connector(settings, is_patient=is_patient)}
    if settings.database.pooler == "transaction":
        # The next statement may meet another server, which has prepared nothing, or something else.
        arguments |= {"prepared_statement_cache_size": 0}
    return arguments


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own class
    connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Reading first and writing later would lose updates or fail as locked: take the write lock at once.
    if not connection.get_execution_options().get(READS):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
