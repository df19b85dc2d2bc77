"""Settings of what holds the data: the database, the keys, the counters, what is written besides."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from backend.core.config.base import Group, Seconds
from backend.utils import postgres_urls


class DatabaseSettings(Group):
    """Where the data are. Without a URL: an SQLite file in the data folder.

    Attributes:
        url: As libpq reads it: several hosts are tried in turn.
        pooler: `transaction` where the URL leads to PgBouncer, or what does the same, in transaction mode.
        connect_timeout: How long each host may take to let a connection in.
        statement_timeout: How long PostgreSQL may take to answer one statement.
        lock_timeout: How long a statement waits there for a lock.
        idle_timeout: How long PostgreSQL keeps a transaction open whose process says nothing.
    """

    url: SecretStr | None = None
    pooler: Literal["none", "transaction"] = "none"
    pool_size: int = Field(default=10, ge=2, le=500)
    acquire_timeout: Seconds = timedelta(seconds=5)
    connect_timeout: Seconds = timedelta(seconds=5)
    statement_timeout: Seconds = timedelta(seconds=30)
    lock_timeout: Seconds = timedelta(seconds=10)
    idle_timeout: Seconds = timedelta(minutes=1)

    @field_validator("url")
    @classmethod
    def _name_the_driver(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, separator, rest = url.get_secret_value().partition("://")
        if separator and scheme in {"postgres", "postgresql", "postgresql+asyncpg"}:
            return SecretStr(postgres_urls.parse(url.get_secret_value()).for_sqlalchemy())
        if separator and scheme in {"sqlite", "sqlite+aiosqlite"}:
            return SecretStr(f"sqlite+aiosqlite://{rest}")
        message = "must start with postgresql:// or sqlite:///"
        raise ValueError(message)


class KeySettings(Group):
    """The service's keys, where they do not come from the data folder.

    Attributes:
        master: The key that wraps every person's data key: 32 bytes in base64url.
        signing: The private signing keys as a JWK set (`core/signing.py`).
    """

    master: SecretStr | None = None
    signing: SecretStr | None = None


class RedisSettings(Group):
    """Redis or Valkey. Holds only what can be rebuilt.

    Attributes:
        timeout: How long it may take to answer before it counts as lost.
    """

    url: SecretStr | None = None
    timeout: Seconds = timedelta(seconds=1)


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
