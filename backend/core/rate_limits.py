"""Rate limits: counted in memory for one process, in Redis or Valkey for several."""

import math
import time
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.logging import logger

_PATIENCE: Final = 1.0
"""Seconds for one answer of Redis. One that hangs must not hold those up who sign in."""


class RateLimits:
    """Counts attempts. Where the counter cannot be reached, sign-in is refused rather than unlimited."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.rate_limit.enabled
        self._pool = _pool(settings)
        self._limiter = SlidingWindowCounterRateLimiter(_storage(self._pool))
        self._items: dict[str, RateLimitItem] = {
            name: parse(getattr(settings.rate_limit, name))
            for name in ("login", "registration", "refresh", "recovery", "guest_check")
        }

    async def count(self, name: str, *whose: str) -> None:
        """Count one attempt under the limit of that name.

        Args:
            name: A limit of `RateLimitSettings`.
            whose: Who is counted, for example a network prefix.

        Raises:
            RateLimitedError: The limit is reached; says when to come back.
            UnavailableError: The counter cannot be reached.
        """
        if not self._enabled:
            return
        item = self._items[name]
        try:
            if await self._limiter.hit(item, name, *whose):
                return
            window = await self._limiter.get_window_stats(item, name, *whose)
        except (StorageError, ConnectionError) as error:
            logger.warning("rate_limit_storage_lost", error=type(error).__name__)
            raise UnavailableError(retry_after=5) from error
        raise RateLimitedError(retry_after=max(1, math.ceil(window.reset_time - time.time())))

    async def close(self) -> None:
        """Close the connections to the counter."""
        if self._pool is not None:
            await self._pool.aclose()


def _pool(settings: Settings) -> ConnectionPool | None:
    if settings.redis.url is None:
        return None
    scheme, _, rest = settings.redis.url.get_secret_value().partition("://")
    return ConnectionPool.from_url(
        f"{scheme.replace('valkey', 'redis')}://{rest}",  # they speak one protocol
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
    )


def _storage(pool: ConnectionPool | None) -> Storage:
    if pool is None:
        return MemoryStorage()
    return RedisStorage(
        "async+redis://",
        connection_pool=pool,  # type: ignore[arg-type] # documented, and missing from the annotation
        implementation="redispy",
        wrap_exceptions=True,
    )
