"""Doing work again whose unit the database undid: a deadlock, a failover, a connection that broke.

This is the one place where that is decided (`docs/adr/0026-units-are-done-again.md`). What work does outside
its unit of work, and must not do twice, goes through `once`.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from backend.core.database import UnitUndoneError, state_of
from backend.core.logging import logger

MOST: Final = 3
"""How often work is tried in all."""

_PAUSE: Final = 0.02  # seconds, doubled with each try: two that were in each other's way must not meet again

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Done:
    """What all tries have done once, and how much of it this one has come by."""

    results: defaultdict[Hashable, list[Any]] = field(default_factory=lambda: defaultdict(list))
    seen: defaultdict[Hashable, int] = field(default_factory=lambda: defaultdict(int))


_done: ContextVar[_Done | None] = ContextVar("done", default=None)


async def repeated(work: Callable[[], Awaitable[_Result]]) -> _Result:
    """Do work, again from its beginning where the database undid its unit, and return what it returns.

    Work whose commit is in doubt is not done again.

    Raises:
        UnitUndoneError: The database undid it each time.
    """
    done = _Done()
    token = _done.set(done)
    try:
        for number in range(1, MOST):
            try:
                return await work()
            except UnitUndoneError as error:
                cause = error.__cause__
                code = state_of(getattr(cause, "orig", cause))
                logger.warning("unit_repeated", error=type(cause).__name__, code=code)
            done.seen.clear()
            await asyncio.sleep(_PAUSE * 2**number * secrets.randbelow(1_000) / 1_000)
        return await work()
    finally:
        _done.reset(token)


async def once(name: Hashable, work: Callable[[], Awaitable[_Result]]) -> _Result:
    """Do in the first try what all tries share: counting, hashing. Later ones are given what it returned.

    Args:
        name: What it is. Under one name, the second call of a try is another thing than its first.
        work: What to do.
    """
    done = _done.get()
    if done is None:
        return await work()
    results, position = done.results[name], done.seen[name]
    if position == len(results):
        results.append(await work())
    done.seen[name] += 1
    result: _Result = results[position]
    return result
