"""Rate limits: counted in memory for one process, in Redis or Valkey for several."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.logging import logger


@dataclass(frozen=True, slots=True)
class Room:
    """What a limit leaves to whoever was counted.

    Attributes:
        name: The limit's.
        quota: How many requests there may be in a window.
        window: Its length in seconds.
        remaining: How many more there may be now.
        seconds: Until another is possible, or there is more room.
        fits: Whether this one was within the limit.
    """

    name: str
    quota: int
    window: int
    remaining: int
    seconds: int
    fits: bool

    def headers(self) -> dict[str, str]:
        """Return how an answer says so (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.seconds}',
        }

    def require(self) -> None:
        """Refuse what did not fit.

        Raises:
            RateLimitedError: The limit is reached; says when to come back.
        """
        if not self.fits:
            raise RateLimitedError(retry_after=self.seconds)


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

    async def count(self, name: str, *whose: str) -> "Room | None":
        """Count one attempt under the limit of that name, and return what room is left; None without limits.

        Args:
            name: A limit of `RateLimitSettings`.
            whose: Who is counted, for example a network prefix.

        Raises:
            UnavailableError: The counter cannot be reached.
        """
        if not self._enabled:
            return None
        item = self._items[name]
        try:
            fits = await self._limiter.hit(item, name, *whose)
            window = await self._limiter.get_window_stats(item, name, *whose)
        except (StorageError, ConnectionError) as error:
            logger.warning("rate_limit_storage_lost", error=type(error).__name__)
            raise UnavailableError(retry_after=5) from error
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        return Room(name, item.amount, item.get_expiry(), window.remaining if fits else 0, seconds, fits=fits)

    async def close(self) -> None:
        """Close the connections to the counter."""
        if self._pool is not None:
            await self._pool.aclose()


def _pool(settings: Settings) -> ConnectionPool | None:
    if settings.redis.url is None:
        return None
    scheme, _, rest = settings.redis.url.get_secret_value().partition("://")
    return ConnectionPool.from_url(f"{scheme.replace('valkey', 'redis')}://{rest}")  # they speak one protocol


def _storage(pool: ConnectionPool | None) -> Storage:
    if pool is None:
        return MemoryStorage()
    return RedisStorage(
        "async+redis://",
        connection_pool=pool,  # type: ignore[arg-type] # documented, and missing from the annotation
        implementation="redispy",
        wrap_exceptions=True,
    )
