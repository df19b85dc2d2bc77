"""One thread for what takes milliseconds of a core again and again.

Threads of one process take turns at the interpreter: several that compute would only let the event loop wait
longer for its turn. With one, requests that compute queue, in the order in which they came.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

from backend.core.errors import UnavailableError

_MAX_WAITING: Final = 256

_Result = TypeVar("_Result")
_Arguments = ParamSpec("_Arguments")


class Worker:
    """Computes outside the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._waiting = 0

    def begin(self, work: Callable[[], object]) -> Future[object]:
        """Compute something before all that is asked for from now on."""
        return self._thread.submit(work)

    async def run(
        self, work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """Return what the work returns.

        Raises:
            UnavailableError: Too much is waiting.
        """
        if self._waiting >= _MAX_WAITING:
            raise UnavailableError(retry_after=5)
        return await self.go_on(work, *arguments, **named)

    async def go_on(
        self, work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        """Return what the work returns, of which an answer has begun already: it waits however long."""
        context = copy_context()  # who asks, and in which language
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: context.run(work, *arguments, **named)
            )
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
