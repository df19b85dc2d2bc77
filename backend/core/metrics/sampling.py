"""What has to be looked at to be known: connections in use, and whether the event loop keeps up."""

import asyncio
import time
from typing import Final, Protocol

from prometheus_client import Gauge, Histogram

_INTERVAL: Final = 1.0  # seconds
_LAGS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)

_POOL_IN_USE = Gauge(
    "safeplate_pool_in_use", "Connections to the database in use.", multiprocess_mode="livesum"
)
_POOL_SIZE = Gauge("safeplate_pool_size", "Connections that may be in use.", multiprocess_mode="livesum")
_LAG = Histogram(
    "safeplate_event_loop_lag_seconds",
    "How much later than asked the event loop woke, each second.",
    buckets=_LAGS,
)


class Pool(Protocol):
    """Whoever holds connections."""

    @property
    def in_use(self) -> int:
        """How many are in use."""

    @property
    def size(self) -> int:
        """How many may be."""


async def sample(pool: Pool) -> None:
    """Look once a second, for ever."""
    while True:
        _POOL_IN_USE.set(pool.in_use)
        _POOL_SIZE.set(pool.size)
        begun = time.perf_counter()
        await asyncio.sleep(_INTERVAL)
        _LAG.observe(max(0.0, time.perf_counter() - begun - _INTERVAL))
