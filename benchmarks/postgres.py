"""A PostgreSQL that keeps its promises: the tests' URL, one on loopback, or one that is started here.

Unlike the one that the tests start, this one writes through to the disk: a commit costs what it costs.
"""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.engine import make_url

from tests import postgres, postgres_server


def describe() -> str:
    """Say in words which server is used, and whether it writes through; empty where there is none."""
    found = postgres.find(durable=True)
    if found is None:
        return ""
    settings = asyncio.run(_settings(found.url))
    return f"{found.how} ({settings})"


@contextmanager
def database() -> Iterator[str]:
    """Create a database, and drop it afterwards."""
    found = postgres.find(durable=True)
    if found is None:
        raise RuntimeError("no PostgreSQL could be reached or started")
    name = f"safeplate_bench_{uuid.uuid4().hex[:12]}"
    asyncio.run(_execute(found.url, f'CREATE DATABASE "{name}"'))
    try:
        yield (
            make_url(found.url)
            .set(drivername="postgresql", database=name)
            .render_as_string(hide_password=False)
        )
    finally:
        asyncio.run(_execute(found.url, f'DROP DATABASE "{name}" WITH (FORCE)'))


def stop() -> None:
    """Stop the server that was started here, if one was."""
    postgres_server.stop()


async def _settings(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        names = ("fsync", "synchronous_commit", "shared_buffers")
        return ", ".join([f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in names])
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
