"""Rate limits: counted in memory for one process, in Redis or Valkey for several.

Where the shared counter is lost, what guards secrets and accounts is refused: unlimited guesses,
registrations and letters are worse than none for a while. What touches nobody's data goes on, counted by each
process.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from backend.core import tries
from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.logging import logger

_NAMES: Final = ("login", "registration", "refresh", "recovery", "guest_check")
_GO_ON: Final = frozenset({"guest_check"})
_PAUSE_SECONDS: Final = 1.0  # a counter that was lost just now is not waited for by every request


class RateLimits:
    """Counts attempts."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.rate_limit.enabled
        self._pool = _pool(settings)
        self._timeout = settings.redis.timeout.total_seconds()
        self._limiter = SlidingWindowCounterRateLimiter(_storage(self._pool))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._lost_until = 0.0
        self._items = {name: parse(getattr(settings.rate_limit, name)) for name in _NAMES}

    async def count(self, name: str, *whose: str) -> None:
        """Count one attempt under the limit of that name.

        Args:
            name: A limit of `RateLimitSettings`.
            whose: Who is counted, for example a network prefix.

        Raises:
            RateLimitedError: The limit is reached; says when to come back.
            UnavailableError: The counter cannot be reached.
        """
        if self._enabled:
            await tries.once(("limit", name, *whose), partial(self._count, name, whose))

    async def close(self) -> None:
        """Close the connections to the counter."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _count(self, name: str, whose: Sequence[str]) -> None:
        try:
            await self._count_for_all(name, whose)
        except UnavailableError:
            if name not in _GO_ON:
                raise
            await _hit(self._own, self._items[name], name, *whose)

    async def _count_for_all(self, name: str, whose: Sequence[str]) -> None:
        if time.monotonic() < self._lost_until:
            raise UnavailableError(retry_after=5)
        try:
            async with asyncio.timeout(self._timeout):
                await _hit(self._limiter, self._items[name], name, *whose)
        except (StorageError, OSError) as error:
            self._lost_until = time.monotonic() + _PAUSE_SECONDS
            logger.warning("rate_limit_storage_lost", error=type(error).__name__)
            raise UnavailableError(retry_after=5) from error


async def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, *identifiers: str) -> None:
    if await limiter.hit(item, *identifiers):
        return
    window = await limiter.get_window_stats(item, *identifiers)
    raise RateLimitedError(retry_after=max(1, math.ceil(window.reset_time - time.time())))


def _pool(settings: Settings) -> ConnectionPool | None:
    if settings.redis.url is None:
        return None
    scheme, _, rest = settings.redis.url.get_secret_value().partition("://")
    seconds = settings.redis.timeout.total_seconds()
    return ConnectionPool.from_url(
        f"{scheme.replace('valkey', 'redis')}://{rest}",  # they speak one protocol
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        # Once more at once, for a connection that a restart of theirs broke. The client's default waits for
        # seconds between many more.
        retry=Retry(NoBackoff(), 1),
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
