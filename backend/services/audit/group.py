"""Readings, written down together: those that come while one commit is under way share the next.

Nobody is shown what they read before it is stored that they did, so nothing is lost that was acknowledged.
What is shared is the cost: of thirty readings that come at once, each would begin, lock, write and wait for
the disk.
"""

import asyncio
import contextvars
import uuid
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

from backend.core import caller
from backend.core.caller import Caller
from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.keys import Keyring
from backend.services.audit.chain import Event, record, record_free, record_free_by_driver

_TOGETHER: Final = 64
_WAITING: Final = 2_000  # each waits for a commit; more come only where the database has stopped


class _Waiting(NamedTuple):
    event: Event
    place: Caller
    written: asyncio.Future[None]


class AuditGroup:
    """Writes events that belong to no transaction of their own. One for each process."""

    def __init__(self, database: Database, *, keyring: Keyring) -> None:
        self.database = database
        self._keyring = keyring
        self._waiting: list[_Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_writing = False

    async def record(self, event: Event) -> None:
        """Write down what happens, and return once that is stored.

        Raises:
            UnavailableError: It could not be: the database cannot be reached, or is busy.
        """
        if len(self._waiting) >= _WAITING:
            raise UnavailableError
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(event, caller.current(), written))
        if not self._is_writing:
            self._is_writing = True
            self._begin(self._write_all())
        await written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._write(batch)
        finally:
            self._is_writing = False

    async def _write(self, batch: list[_Waiting]) -> None:
        """Write some in one transaction. Whom that does not reach is written alone, and waits for nobody."""
        mine: defaultdict[uuid.UUID, list[_Waiting]] = defaultdict(list)
        for item in batch:
            mine[item.event.owner_id].append(item)
        events = [(item.event, item.place) for item in batch]
        try:
            reached = await self._write_free(events)
        except UnavailableError as error:
            for item in batch:
                _fail(item, error)
            return
        except Exception:  # noqa: BLE001 - whose fault it is shows when each is written alone
            reached = set()
        for owner_id, items in mine.items():
            if owner_id in reached:
                for item in items:
                    _succeed(item)
            else:
                self._begin(self._write_alone(items))

    async def _write_free(self, events: list[tuple[Event, Caller]]) -> set[uuid.UUID]:
        """Write on the chains that are free, in one transaction, and return their owners."""
        if self.database.has_driver_units:
            async with self.database.driver_unit() as unit:
                return await record_free_by_driver(unit, events, keyring=self._keyring)
        async with self.database.unit() as session:
            return await record_free(session, events, keyring=self._keyring)

    async def _write_alone(self, items: list[_Waiting]) -> None:
        for item in items:
            try:
                with caller.bound(item.place):
                    async with self.database.unit() as session:
                        await record(session, item.event, keyring=self._keyring)
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                _fail(item, error)
            else:
                _succeed(item)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        # A context of its own: what is written for many bears nobody's request id.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _succeed(item: _Waiting) -> None:
    if not item.written.done():
        item.written.set_result(None)


def _fail(item: _Waiting, error: Exception) -> None:
    if not item.written.done():
        item.written.set_exception(error)
