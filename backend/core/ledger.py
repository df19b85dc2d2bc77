"""A record outside the database, to which lines are only ever added: a file, or the system's log."""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import closing
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Protocol

from backend.core import folders
from backend.core.config import Settings

HEADS_FILE = "audit-heads.jsonl"
ERASURES_FILE = "erasures.jsonl"


class Ledger(Protocol):
    """Keeps lines that nobody who can write to the database can take back."""

    async def append(self, lines: Sequence[str]) -> None:
        """Add lines; when this returns they will be there after a power cut.

        Raises:
            OSError: They could not be written.
        """


class FileLedger:
    """A file that grows. Who wants it out of reach of this machine's root sends it elsewhere."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, lines: Sequence[str]) -> None:
        """Add lines (see `Ledger`)."""
        await asyncio.to_thread(self._append, lines)

    def _append(self, lines: Sequence[str]) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # Unbuffered: one write of whole lines, so that processes that append to one file do not mix them.
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            os.fsync(file.fileno())
        folders.sync(self._path.parent)


class _StrictHandler(SysLogHandler):
    """The standard library's handler would print a failure and go on."""

    ident = "safeplate: "
    append_nul = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - the signature is the library's
        raise  # noqa: PLE0704 - called while the failure is handled


class SyslogLedger:
    """The system's log, and through it another machine's: what was sent there stays sent."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port)) if host else address

    async def append(self, lines: Sequence[str]) -> None:
        """Add lines (see `Ledger`)."""
        await asyncio.to_thread(self._append, lines)

    def _append(self, lines: Sequence[str]) -> None:
        with closing(_StrictHandler(self._address)) as handler:
            for line in lines:
                handler.emit(logging.LogRecord("safeplate", logging.INFO, "", 0, line, None, None))


def make_ledger(settings: Settings, name: str = HEADS_FILE) -> Ledger:
    """Return the ledger that the settings ask for: the system's log, or a file of that name."""
    if settings.audit.syslog is not None:
        return SyslogLedger(settings.audit.syslog)
    return FileLedger(settings.data_dir / name)
