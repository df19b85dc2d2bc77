"""A load generator of our own, for machines without wrk: `python -m benchmarks.loop URL SECONDS PLAN`.

It prints the line that `wrk.lua` prints. It is many times slower than wrk, so that with it the figures say as
much about this loop as about the server.
"""

import asyncio
import json
import re
import sys
import time
from collections import deque
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.statistics import percentile


class Loop:
    """Sends the requests of a plan in turn, over so many connections."""

    def __init__(self, url: str, plan: dict[str, Any]) -> None:
        self._address = urlsplit(url)
        self._plan = plan
        self._next = cycle(plan["requests"])
        self._chain = plan["chain"]
        self._bodies = deque(request["body"] for request in plan["requests"])
        self.milliseconds: list[float] = []
        self.refused = self.broken = 0

    async def run(self, seconds: float) -> None:
        """Load for so long."""
        deadline = time.monotonic() + seconds
        await asyncio.gather(*(self._client(deadline) for _ in range(self._plan["clients"])))

    async def _client(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            try:
                reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
                while time.monotonic() < deadline:
                    await self._ask(reader, writer)
                    await asyncio.sleep(self._plan["pause"] / 1_000)
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                self.broken += 1

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = next(self._next)
        body = (self._bodies.popleft() if self._chain else request["body"]).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in request["headers"].items())
        line = f"{request['method']} {request['path']} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
        started = time.perf_counter()
        writer.write(f"{line}{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        content = await _content(reader, answer.lower())
        self.milliseconds.append((time.perf_counter() - started) * 1_000)
        self.refused += not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
        if self._chain and (found := re.search(_python(self._chain["pattern"]), content.decode())):
            self._bodies.append(self._chain["before"] + found[1] + self._chain["after"])


async def _content(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if length := re.search(rb"\r\ncontent-length: *(\d+)", head):
        return await reader.readexactly(int(length[1]))
    content = b""
    while size := int(await reader.readline(), 16):
        content += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return content


def _python(pattern: str) -> str:
    """Return the one Lua pattern that is used here, a text between quotation marks, as Python has it."""
    return pattern.replace("%", "\\")


async def run(url: str, seconds: float, plan: dict[str, Any]) -> None:
    """Load, and print how it went."""
    loop = Loop(url, plan)
    started = time.monotonic()
    await loop.run(seconds)
    found = {
        "requests": len(loop.milliseconds),
        "seconds": time.monotonic() - started,
        "p50": percentile(loop.milliseconds, 50),
        "p99": percentile(loop.milliseconds, 99),
        "refused": loop.refused,
        "broken": loop.broken,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], float(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())))
