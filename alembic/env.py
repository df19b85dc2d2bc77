"""Runs migrations: on the connection that the service hands over, or on one from the settings."""

import asyncio
from typing import Literal

from sqlalchemy import Connection

from alembic import context
from backend import models
from backend.core.config import Settings
from backend.core.database import metadata
from backend.core.migrations import run_locked
from backend.models.base import UtcDateTime

__all__ = ["models"]  # importing them registers their tables


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """Write our own column types as what they are: a migration imports nothing from the package."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def migrate(connection: Connection) -> None:
    """Run what was asked for on one connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(run_locked(Settings(), migrate))
