"""One fair queue in front of the pool, whose own is not fair."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.util import await_only

from backend.core import metrics
from backend.core.errors import UnavailableError


class Slot:
    """One place in a fair queue, taken at the first statement and given back when the unit ends."""

    def __init__(self, queue: asyncio.Semaphore, timeout: timedelta) -> None:
        self._queue = queue
        self._timeout = timeout.total_seconds()
        self._held = False

    async def take(self) -> None:
        """Wait in line for the place.

        Raises:
            UnavailableError: It did not come free in time.
        """
        if self._held:
            return
        if self._queue.locked():
            with metrics.waiting_for_connection():
                await self._wait()
        else:  # nobody is in line: no clock is needed
            await self._queue.acquire()
        self._held = True

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._queue.acquire()
        except TimeoutError as error:
            raise UnavailableError from error

    def give_back(self) -> None:
        """Let the next in; does nothing where the place was never taken."""
        if self._held:
            self._held = False
            self._queue.release()


class QueuedSession(SyncSession):
    """Waits for its slot before the first statement, so that a request which hashes first blocks nobody."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401 - the signature is SQLAlchemy's
        """Take the slot, then let SQLAlchemy choose the engine: it asks before each statement."""
        await_only(self.info["slot"].take())
        return super().get_bind(*args, **kwargs)
