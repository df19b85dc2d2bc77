"""A zip that is written from front to back, and taken away in chunks while it grows."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_UNIX = 3
_OWNER_READS_AND_WRITES = 0o100600 << 16  # of a regular file


class _Sink:
    """Where the zip is written to. It cannot go back: sizes follow what they are of (APPNOTE.TXT, 4.3.9)."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits but what is to be taken."""


class Archive:
    """A zip under way. The same content at the same moment makes the same bytes."""

    def __init__(self, moment: datetime, *, chunk_bytes: int) -> None:
        self._moment = moment
        self._chunk_bytes = chunk_bytes
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=zlib.Z_DEFAULT_COMPRESSION)  # type: ignore[call-overload] # a writer needs no more than `write` and `flush`

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """Write one file after the last."""
        info = ZipInfo(name, self._moment.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        info.create_system = _UNIX
        info.external_attr = _OWNER_READS_AND_WRITES
        # It is not known beforehand that it stays below 2 GiB.
        with self._zip.open(info, "w", force_zip64=True) as file:
            yield file

    def full_chunks(self) -> Iterator[bytes]:
        """Take what is there in chunks of full size. Something stays: the last chunk is never empty."""
        while len(self._sink.waiting) > self._chunk_bytes:
            yield self._take()

    def close(self) -> None:
        """End the zip: what is left to take is its end."""
        self._zip.close()

    def last_chunk(self) -> bytes:
        """Take what the full chunks left."""
        return self._take()

    def _take(self) -> bytes:
        chunk = bytes(self._sink.waiting[: self._chunk_bytes])
        del self._sink.waiting[: self._chunk_bytes]
        return chunk
