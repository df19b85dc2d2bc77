"""Rate limits: counted in memory for one process, in Redis or Valkey for several.

Where the shared counter is lost, what guards secrets and accounts is refused: unlimited guesses,
registrations and letters are worse than none for a while. What touches nobody's data goes on, counted by each
process.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from backend.core import metrics, tries
from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.logging import logger

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

_NAMES: Final = ("login", "registration", "refresh", "recovery", "guest_check")
_GO_ON: Final = frozenset({"guest_check"})
_PAUSE_SECONDS: Final = 1.0  # a counter that was lost just now is not waited for by every request


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
    """Counts attempts."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.rate_limit.enabled
        self._pool = connections(settings)
        self._timeout = settings.redis.timeout.total_seconds()
        self._limiter = SlidingWindowCounterRateLimiter(_storage(self._pool))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._lost_until = 0.0
        self._items = {name: parse(getattr(settings.rate_limit, name)) for name in _NAMES}

    async def count(self, name: str, *whose: str) -> Room | None:
        """Count one attempt under the limit of that name, and return what room is left; None without limits.

        Args:
            name: A limit of `RateLimitSettings`.
            whose: Who is counted, for example a network prefix.

        Raises:
            UnavailableError: The counter cannot be reached.
        """
        if not self._enabled:
            return None
        return await tries.once(("limit", name, *whose), partial(self._count, name, whose))

    async def close(self) -> None:
        """Close the connections to the counter."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _count(self, name: str, whose: Sequence[str]) -> Room:
        try:
            return await self._count_for_all(name, whose)
        except UnavailableError:
            if name not in _GO_ON:
                raise
            return await _hit(self._own, self._items[name], name, whose)

    async def _count_for_all(self, name: str, whose: Sequence[str]) -> Room:
        if time.monotonic() < self._lost_until:
            raise UnavailableError(retry_after=5)
        try:
            async with asyncio.timeout(self._timeout):
                return await _hit(self._limiter, self._items[name], name, whose)
        except (StorageError, OSError) as error:
            self._lost_until = time.monotonic() + _PAUSE_SECONDS
            logger.warning("rate_limit_storage_lost", error=type(error).__name__)
            raise UnavailableError(retry_after=5) from error


async def _hit(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, name: str, whose: Sequence[str]
) -> Room:
    fits = await limiter.hit(item, name, *whose)
    window = await limiter.get_window_stats(item, name, *whose)
    if not fits:
        metrics.rate_limited(name)
    seconds = max(1, math.ceil(window.reset_time - time.time()))
    return Room(name, item.amount, item.get_expiry(), window.remaining if fits else 0, seconds, fits=fits)


def connections(settings: Settings) -> "ConnectionPool | None":
    """Return connections to the Redis or Valkey of the settings, not opened yet; None where there is none."""
    if settings.redis.url is None:
        return None
    # Here, not above: a process that counts alone does without the client, which takes time and memory.
    from redis.asyncio import ConnectionPool  # noqa: PLC0415 - see above
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - see above
    from redis.backoff import NoBackoff  # noqa: PLC0415 - see above

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


def _storage(pool: "ConnectionPool | None") -> Storage:
    if pool is None:
        return MemoryStorage()
    return RedisStorage(
        "async+redis://",
        connection_pool=pool,  # type: ignore[arg-type] # documented, and missing from the annotation
        implementation="redispy",
        wrap_exceptions=True,
    )
