"""How a connection is made: the driver, its time-outs, TLS, and what SQLite is told at the beginning."""

import ipaddress
import ssl
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.core.config import Settings

READS = "safeplate_reads"
"""The execution option of connections that only read: on SQLite they take no lock."""

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits in a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA secure_delete = ON",  # erased rows are overwritten, not only unlinked
    "PRAGMA trusted_schema = OFF",
)


def create_engine(settings: Settings, *, is_sqlite: bool) -> AsyncEngine:
    """Create the engine; it connects at the first statement."""
    timeout = settings.database.statement_timeout.total_seconds()
    engine = create_async_engine(
        settings.database_url,
        hide_parameters=True,  # otherwise bound values, e-mail addresses among them, stand in exception texts
        pool_size=settings.database.pool_size,
        max_overflow=0,
        pool_timeout=settings.database.acquire_timeout.total_seconds(),
        pool_pre_ping=False,
        connect_args={} if is_sqlite else {"command_timeout": timeout, "timeout": timeout, **tls(settings)},
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def tls(settings: Settings) -> dict[str, ssl.SSLContext]:
    """Ask a server on another machine for TLS, with a certificate of its name that the system trusts.

    The driver itself would take TLS where it is offered, from whoever answers. An URL that says otherwise
    (`ssl=disable`, `ssl=require`) is obeyed.
    """
    url = settings.database_url
    named = url.query.get("host", ())
    hosts = [url.host or "", *((named,) if isinstance(named, str) else named)]
    if url.query.get("ssl", "verify-full") != "verify-full" or all(map(is_here, hosts)):
        return {}
    return {"ssl": ssl.create_default_context()}


def is_here(host: str) -> bool:
    """Tell whether a host is this machine: no name, a socket's path, or the loopback."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
