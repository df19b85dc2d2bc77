"""Settings of what holds the data: the database, the keys, the counters, what is written besides."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from backend.core.config.base import Group, Seconds


class DatabaseSettings(Group):
    """Where the data are. Without a URL: an SQLite file in the data folder."""

    url: SecretStr | None = None
    pool_size: int = Field(default=10, ge=2, le=500)
    acquire_timeout: Seconds = timedelta(seconds=5)
    statement_timeout: Seconds = timedelta(seconds=30)

    @field_validator("url")
    @classmethod
    def _name_the_driver(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, separator, rest = url.get_secret_value().partition("://")
        drivers = {
            "postgres": "postgresql+asyncpg",
            "postgresql": "postgresql+asyncpg",
            "postgresql+asyncpg": "postgresql+asyncpg",
            "sqlite": "sqlite+aiosqlite",
            "sqlite+aiosqlite": "sqlite+aiosqlite",
        }
        if not separator or scheme not in drivers:
            message = "must start with postgresql:// or sqlite:///"
            raise ValueError(message)
        # Hosts hand out libpq's URLs; asyncpg calls the same option `ssl`.
        place, question, options = rest.partition("?")
        options = re.sub(r"(^|&)sslmode=", r"\1ssl=", options)
        return SecretStr(f"{drivers[scheme]}://{place}{question}{options}")


class KeySettings(Group):
    """The service's keys, where they do not come from the data folder.

    Attributes:
        master: The key that wraps every person's data key: 32 bytes in base64url.
        signing: The private signing keys as a JWK set (`core/signing.py`).
    """

    master: SecretStr | None = None
    signing: SecretStr | None = None


class RedisSettings(Group):
    """Redis or Valkey. Holds only what can be rebuilt."""

    url: SecretStr | None = None


class JobSettings(Group):
    """Work that is done after the answer: mail.

    Attributes:
        enabled: Whether the processes that serve also work; one elsewhere may do it alone.
        poll_interval: How often each process looks for work.
        lease: How long a process may take for a job before another takes it over.
    """

    enabled: bool = True
    poll_interval: Seconds = timedelta(seconds=2)
    lease: Seconds = timedelta(minutes=2)
    max_attempts: int = Field(default=12, ge=1, le=100)


class AuditSettings(Group):
    """Where the heads of the audit chains are written, besides the database.

    Attributes:
        interval: How often: what happened since can be cut off unseen.
        syslog: A socket (`/dev/log`) or `host:port` over UDP; otherwise a file of the data folder.
    """

    interval: Seconds = timedelta(minutes=1)
    syslog: Annotated[str, Field(pattern=r"^(/.+|.+:\d{1,5})$")] | None = None
