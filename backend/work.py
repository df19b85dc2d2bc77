"""Everything that is due besides answering: letters, exports, audit heads, erasures, tidying up.

Any number of processes do it side by side: those that serve, and those of `safeplate worker`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from backend.core.config import Settings
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.ledger import make_ledger
from backend.core.logging import logger
from backend.core.mail import make_mailer
from backend.services import audit, catalog, credentials, erasure, export, idempotency, jobs, sessions
from backend.services.attempts import Attempts
from backend.services.catalog import Catalogs
from backend.services.credentials import Letters

_TIDY_INTERVAL: Final = timedelta(hours=1)

_Chore = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does besides answering, for ever or until it is told to end."""

    settings: Settings
    database: Database
    keyring: Keyring
    attempts: Attempts
    catalogs: Catalogs
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self) -> None:
        """Do what is due, again and again."""
        settings = self.settings
        await asyncio.gather(
            self._repeat(self._letters(), settings.jobs.poll_interval),
            self._repeat(self._exports(), settings.jobs.poll_interval),
            self._repeat(self._anchoring(), settings.audit.interval),
            self._repeat(self._erase_due, settings.erasure.interval),
            self._repeat(self._tidy_up, _TIDY_INTERVAL),
        )

    def end(self) -> None:
        """Begin nothing more: `go_on` returns after the job at hand."""
        self._ending.set()

    def _letters(self) -> _Chore:
        database, keyring, settings = self.database, self.keyring, self.settings
        mailer = make_mailer(settings)
        letters = Letters(database, keyring=keyring, mailer=mailer, settings=settings.mail)

        async def send() -> int:
            handlers = letters.handlers()
            return await jobs.run_due(
                database, handlers, keyring=keyring, settings=settings.jobs, ending=self._ending
            )

        return send

    def _exports(self) -> _Chore:
        database, keyring, settings = self.database, self.keyring, self.settings.jobs
        exports = export.Exports(database, keyring=keyring, settings=settings)

        async def make() -> int:
            # One at a time: it must not be another's turn to wait while this process makes a long one.
            return await jobs.run_due(
                database, exports.handlers(), keyring=keyring, settings=settings, batch=1
            )

        return make

    def _anchoring(self) -> _Chore:
        ledger = make_ledger(self.settings)

        async def anchor() -> int:
            return await audit.anchor(self.database, ledger, keyring=self.keyring)

        return anchor

    async def _erase_due(self) -> int:
        return await erasure.erase_due(self.database, keyring=self.keyring)

    async def _tidy_up(self) -> int:
        await self.attempts.purge()
        for purge in (
            sessions.purge, credentials.purge_links, export.purge, jobs.purge, idempotency.purge,
        ):  # fmt: skip
            await purge(self.database)
        return 0

    async def _repeat(self, chore: _Chore, interval: timedelta) -> None:
        """Do a chore again at once as long as there is work, else after a while; so too if it fails."""
        while not self._ending.is_set():
            try:
                catalog.bind(await self.catalogs.refresh())
                done = await chore()
            except Exception:  # noqa: BLE001 - the worker must outlive whatever one round meets; the log has it
                logger.exception("work_failed")
                done = 0
            if not done:
                with suppress(TimeoutError):
                    async with asyncio.timeout(interval.total_seconds()):
                        await self._ending.wait()
