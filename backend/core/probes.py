"""Trying what the service reaches out to, without doing anything there: for `safeplate doctor`."""

import asyncio
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from backend.core.config import MailSettings, Settings
from backend.core.rate_limits import connections

_PATIENCE: Final = 10.0  # seconds


class ProbeFailedError(Exception):
    """It cannot be used; the message says at which step, and no address, user or password."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What a Redis or Valkey says of itself.

    Attributes:
        policy: What it does when its memory is full; empty where it does not tell.
    """

    version: str
    policy: str


async def probe_smtp(settings: MailSettings) -> None:
    """Connect, encrypt and sign in as a letter would be sent, and send none.

    Raises:
        ProbeFailedError: One of the three does not work.
    """
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        timeout=min(settings.timeout.total_seconds(), _PATIENCE),
    )
    step = "connecting"
    try:
        await client.connect()
        if settings.username:
            step = "signing in"
            password = settings.password.get_secret_value() if settings.password else ""
            await client.login(settings.username, password)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise ProbeFailedError(f"{step} failed: {type(error).__name__}") from error
    finally:
        client.close()


async def probe_counter(settings: Settings) -> Counter:
    """Ask the Redis or Valkey of the settings what it is.

    Raises:
        ProbeFailedError: It does not answer.
    """
    from redis.asyncio import Redis  # noqa: PLC0415 - see `rate_limits.connections`
    from redis.exceptions import RedisError  # noqa: PLC0415 - as above

    pool = connections(settings)
    try:
        async with asyncio.timeout(_PATIENCE):
            client = Redis(connection_pool=pool)
            server = await client.info("server")
            memory = await client.info("memory")
    except (RedisError, OSError, TimeoutError) as error:
        raise ProbeFailedError(f"it does not answer: {type(error).__name__}") from error
    finally:
        if pool is not None:
            await pool.aclose()
    version = server.get("valkey_version") or server.get("redis_version", "")
    return Counter(str(version), str(memory.get("maxmemory_policy", "")))
