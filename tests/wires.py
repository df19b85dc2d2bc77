"""A wire between a client and a server, which a test can cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;\x00"  # as the driver sends it: a simple query


class Cut(Enum):
    """Where the wire breaks when a commit passes."""

    BEFORE = "before the server hears of it"
    AFTER = "after it, and before its answer"


class Wire:
    """Passes bytes on in both directions, on loopback."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut: Cut | None = None
        """Whether the next commit breaks it. It is whole again afterwards."""
        self.is_mute = False
        """Whether it takes connections and bytes, and passes none on: a server that is frozen."""
        self.hides_end = False
        """Whether the client does not see that the server has closed, until it sends something."""
        self.connections = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        if (carrying := asyncio.current_task()) is not None:
            self._tasks.add(carrying)
        try:
            if self.is_mute:
                await reader.read()
            else:
                await self._join(reader, writer)
        finally:
            writer.close()

    async def end(self) -> None:
        """End what is still carried, so that nothing is open when the loop is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # until what was closed is gone

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        try:
            await self._pass_both(reader, writer, inner_reader, inner_writer)
        finally:
            inner_writer.close()

    async def _pass_both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        inner_reader: asyncio.StreamReader,
        inner_writer: asyncio.StreamWriter,
    ) -> None:
        there = asyncio.create_task(self._pass(reader, inner_writer, watches=True))
        back = asyncio.create_task(self._pass(inner_reader, writer))
        self._tasks |= {there, back}
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        server_has_closed = back.done()
        for task in (there, back):
            task.cancel()
        if server_has_closed and self.hides_end:
            await asyncio.gather(there, return_exceptions=True)  # two must not read at once
            await reader.read(1)
        if there.done():
            writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watches: bool = False
    ) -> None:
        while data := await reader.read(65_536):
            while self.is_mute:  # noqa: ASYNC110 - tests are its clock
                await asyncio.sleep(0.01)
            cut = self.cut if watches and COMMIT in data else None
            if cut is Cut.BEFORE:
                self.cut = None
                return
            writer.write(data)
            await writer.drain()
            if cut is Cut.AFTER:
                self.cut = None
                return


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[tuple[Wire, int]]:
    """Lay a wire to a server, and return it with the port where it begins."""
    laid = Wire(host, port)
    server = await asyncio.start_server(laid.carry, "127.0.0.1", 0)
    try:
        yield laid, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await laid.end()
