"""Making a copy, after the answer to whoever asked for it.

An attempt that dies leaves chunks that nobody can download; the next one deletes them and begins anew. An
attempt that was only slow, and was overtaken, cannot write any more.
"""

import asyncio
from datetime import timedelta
from typing import Final

from backend.core.clock import now
from backend.core.config import JobSettings
from backend.core.database import Database
from backend.core.errors import CorruptedError, UnavailableError
from backend.core.keys import Keyring
from backend.models.jobs import JobKind
from backend.services import jobs
from backend.services.export import chunks
from backend.services.export.archive import Archive
from backend.services.export.chunks import CHUNK_BYTES, Draft, OvertakenError
from backend.services.export.contents import Contents
from backend.services.jobs import Handler, JobDelayedError, JobFailedError, Task
from backend.services.mail import Occasion
from backend.utils.security import SealBrokenError

LIFE: Final = timedelta(hours=24)
"""How long a file can be downloaded."""


class Exports:
    """Does the jobs that make copies. They take long: they have a loop of their own."""

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        settings: JobSettings,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._chunk_bytes = chunk_bytes

    def handlers(self) -> dict[JobKind, Handler]:
        """Return what does each kind of job."""
        return {JobKind.EXPORT: self._make}

    async def _make(self, task: Task) -> None:
        """Make one copy. Nothing is to do where its owner is gone, or where another has done it."""
        order = jobs.ForExport.model_validate_json(task.payload)
        try:
            async with self._database.unit() as session:
                draft = await chunks.begin(
                    session, order.export_id, attempt=task.attempts, keyring=self._keyring
                )
            await self._write_or_give_up(task, draft)
        except OvertakenError:
            return
        except UnavailableError as error:
            raise JobDelayedError from error

    async def _write_or_give_up(self, task: Task, draft: Draft) -> None:
        try:
            await self._write(task, draft)
        except (SealBrokenError, CorruptedError) as error:
            await self._give_up(draft)
            raise JobFailedError from error
        except Exception:
            if task.attempts >= self._settings.max_attempts:
                await self._give_up(draft)
            raise

    async def _write(self, task: Task, draft: Draft) -> None:
        archive = Archive(draft.created_at, chunk_bytes=self._chunk_bytes)
        count = size = 0
        for name, pieces in Contents(self._database, draft.owner, self._keyring).files():
            with archive.member(name) as member:
                async for piece in pieces:
                    member.write(piece)
                    for chunk in archive.full_chunks():
                        await self._store(task, draft, count, chunk)
                        count, size = count + 1, size + len(chunk)
                    await asyncio.sleep(0)  # packing takes a processor: others want it too
        archive.close()
        for chunk in archive.full_chunks():
            await self._store(task, draft, count, chunk)
            count, size = count + 1, size + len(chunk)
        last = archive.last_chunk()
        await self._finish(draft, last, count=count + 1, size=size + len(last))

    async def _store(self, task: Task, draft: Draft, number: int, chunk: bytes) -> None:
        async with self._database.unit() as session:
            # The job first, as whoever erases the account does: nobody then waits in a circle.
            await jobs.hold(session, task, lease=self._settings.lease)
            await chunks.add(session, draft, number, chunk, is_last=False)

    async def _finish(self, draft: Draft, last: bytes, *, count: int, size: int) -> None:
        """Store the end, let the owner have the file, and write to them: all of it, or nothing."""
        async with self._database.unit() as session:
            await chunks.add(session, draft, count - 1, last, is_last=True)
            await chunks.finish(session, draft, size=size, chunk_count=count, expires_at=now() + LIFE)
            notice = jobs.ForPerson(user_id=draft.owner.id, occasion=Occasion.EXPORT_READY)
            await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=self._keyring)

    async def _give_up(self, draft: Draft) -> None:
        """Say that there will be no file, and write to whoever waits for it."""
        async with self._database.unit() as session:
            await chunks.fail(session, draft)
            notice = jobs.ForPerson(user_id=draft.owner.id, occasion=Occasion.EXPORT_FAILED)
            await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=self._keyring)
