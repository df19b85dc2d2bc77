"""How a connection to PostgreSQL is made: host by host, each with a time-out of its own.

The driver knows several hosts too, but its one time-out covers the whole list: a first host that hangs would
use it up.
"""

import asyncio
from typing import Final, NamedTuple

import asyncpg

from backend.core.config import Settings
from backend.core.database.failures import UnreachableError
from backend.core.database.tls import tls_for
from backend.utils import postgres_urls
from backend.utils.postgres_urls import Server

_APPLICATION: Final = "safeplate"
# Beyond what this process itself waits, for PostgreSQL to end what nobody waits for any more. It must not be
# first: what is cancelled there while it waits for a standby's receipt counts as committed.
_MARGIN_SECONDS: Final = 5.0
# The server answered, and knows the caller or the database not: so would the others.
_FINAL: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
# RuntimeError: the event loop's own, of a connection that ends just now.
_NEXT: Final = (
    OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, RuntimeError
)  # fmt: skip


class _Limits(NamedTuple):
    """Seconds; None for no end."""

    connect: float
    command: float | None


class Connector:
    """Opens connections to the first server that fits, beginning with the one that did last."""

    def __init__(self, settings: Settings, *, is_patient: bool = False) -> None:
        """Read the URL.

        Args:
            settings: Whose URL is PostgreSQL's.
            is_patient: Whether statements may take however long, as those of migrations do.
        """
        self._url = postgres_urls.parse(settings.database_url.render_as_string(hide_password=False))
        given = self._url.options.get("connect_timeout")
        self._limits = _Limits(
            float(given) if given else settings.database.connect_timeout.total_seconds(),
            None if is_patient else settings.database.statement_timeout.total_seconds(),
        )
        self._is_pooled = settings.database.pooler == "transaction"
        self._parameters = self._startup(settings, is_patient=is_patient)
        self._first = 0

    async def __call__(self, **_: object) -> asyncpg.Connection:
        """Connect.

        Raises:
            UnreachableError: No server could be used; the message says why, host by host.
            asyncpg.PostgresError: A server refuses the user, the password or the database.
        """
        servers, refusals = self._url.servers, []
        for number in range(len(servers)):
            index = (self._first + number) % len(servers)
            try:
                async with asyncio.timeout(self._limits.connect):
                    connection = await self._connect(servers[index])
            except _FINAL:
                raise
            except _NEXT as error:
                refusals.append((servers[index], error))
            else:
                self._first = index
                return connection
        reasons = "; ".join(f"{server}: {str(error) or type(error).__name__}" for server, error in refusals)
        raise UnreachableError(reasons) from refusals[-1][1]

    async def _connect(self, server: Server) -> asyncpg.Connection:
        url = self._url
        connection = await asyncpg.connect(
            host=server.host or None,
            port=server.port,
            user=url.user,
            password=url.password,
            database=url.database,
            ssl=tls_for(server, url.options),
            timeout=self._limits.connect,
            command_timeout=self._limits.command,
            server_settings=self._parameters,
            target_session_attrs="any",  # asked below: the driver's way does not bear a pooler
            **({"statement_cache_size": 0} if self._is_pooled else {}),
        )
        try:
            await _require_fitting(connection, url.session_attributes)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _startup(self, settings: Settings, *, is_patient: bool) -> dict[str, str]:
        """Return what each session begins with. PgBouncer refuses all but the name."""
        limits = settings.database
        parameters = {"application_name": self._url.options.get("application_name", _APPLICATION)}
        if self._is_pooled or is_patient:
            return parameters
        return parameters | {
            "statement_timeout": _milliseconds(limits.statement_timeout.total_seconds() + _MARGIN_SECONDS),
            "lock_timeout": _milliseconds(limits.lock_timeout.total_seconds()),
            "idle_in_transaction_session_timeout": _milliseconds(limits.idle_timeout.total_seconds()),
        }


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1_000)))


async def _require_fitting(connection: asyncpg.Connection, attributes: str) -> None:
    """Check that a server is what the URL asks for.

    Raises:
        ConnectionError: It is not.
    """
    if attributes == "any":
        return
    # In a transaction: through a pooler, two statements outside of one may meet two servers.
    async with connection.transaction():
        is_standby = await connection.fetchval("SELECT pg_catalog.pg_is_in_recovery()")
        state = await connection.fetchval("SELECT pg_catalog.current_setting('transaction_read_only')")
    if is_standby or (attributes == "read-write" and state != "off"):
        raise ConnectionError(f"is not {attributes}")
