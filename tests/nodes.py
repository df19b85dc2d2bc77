"""Several servers on one database, and a proxy that gives each request to the next of them.

They share the keys and the database, and nothing else: each has a data folder of its own, as on machines of
its own. One more process does the jobs.
"""

import asyncio
import itertools
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest

from backend.core import keys
from tests.server.conftest import ROOT, SAFEPLATE, Server, child_environment, start, stop


@dataclass(frozen=True)
class Nodes:
    """Servers behind a proxy, and the process that does their jobs."""

    url: str
    servers: list[Server]
    worker: "Worker"

    def client(self) -> httpx2.AsyncClient:
        """Return a client whose every request goes to the next server."""
        return without_keepalive(self.url)

    async def token(self, to: str) -> str:
        """Wait for a letter to an address, and return the token of its link."""
        async with asyncio.timeout(60):
            while True:
                for path in (self.worker.data_dir / "outbox").glob("*.eml"):
                    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
                    body = letter.get_body(("plain",))
                    found = re.search(r"token=(\S+)", body.get_content()) if body is not None else None
                    if letter["To"] == to and found is not None:
                        return found[1]
                await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Worker:
    """A running `safeplate worker`."""

    data_dir: Path
    heartbeat: Path
    process: subprocess.Popen[bytes]


@contextmanager
def nodes(folder: Path, variables: Mapping[str, str], *, count: int = 3) -> Iterator[Nodes]:
    """Start servers, each with a folder of its own, and a worker, and lay the proxy before the servers."""
    master, signing = keys.generate()
    shared = {
        "SAFEPLATE_KEYS__MASTER": master,
        "SAFEPLATE_KEYS__SIGNING": signing,
        "SAFEPLATE_JOBS__POLL_INTERVAL": "PT0.1S",
    } | dict(variables)
    folders = [folder / f"node-{number}" for number in range(count)]
    with serving(folders, shared) as (url, servers), worker(folder / "worker", **shared) as running:
        yield Nodes(url, servers, running)


@contextmanager
def serving(folders: Sequence[Path], variables: Mapping[str, str]) -> Iterator[tuple[str, list[Server]]]:
    """Start a server for each folder, and return where the proxy before them answers, and them."""
    with ExitStack() as stack, ThreadPoolExecutor(len(folders)) as pool:
        # One first: it migrates, which the others would only wait for.
        servers = [start(folders[0], "--no-worker", **variables)]
        stack.callback(_end, servers[0])
        for each in [pool.submit(start, folder, "--no-worker", **variables) for folder in folders[1:]]:
            servers.append(each.result())
            stack.callback(_end, servers[-1])
        yield stack.enter_context(_proxy([server.url for server in servers])), servers


def without_keepalive(url: str) -> httpx2.AsyncClient:
    """Return a client that opens a connection for each request: the proxy goes by connections."""
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=0)
    return httpx2.AsyncClient(base_url=url, timeout=60, limits=limits)


@contextmanager
def worker(data_dir: Path, **variables: str) -> Iterator[Worker]:
    """Start `safeplate worker`, and wait until it works."""
    data_dir.mkdir(parents=True, exist_ok=True)
    heartbeat = data_dir / "heartbeat"
    process = subprocess.Popen(
        [SAFEPLATE, "worker", "--data-dir", data_dir, "--heartbeat", heartbeat],
        cwd=ROOT, env=child_environment(**variables),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not heartbeat.exists():
            assert process.poll() is None, f"the worker ended with {process.returncode}"
            assert time.monotonic() < deadline, "the worker does not begin"
            time.sleep(0.05)
        yield Worker(data_dir, heartbeat, process)
    finally:
        process.kill()
        process.wait()


def _end(server: Server) -> None:
    with suppress(subprocess.TimeoutExpired):
        stop(server)


@contextmanager
def _proxy(targets: list[str]) -> Iterator[str]:
    """Pass each connection on to the next of the targets, in a thread with a loop of its own."""
    turns = itertools.cycle([(url.host, url.port or 80) for url in map(httpx2.URL, targets)])
    ports: list[int] = []
    begun, ending = threading.Event(), asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*next(turns))
        with suppress(ConnectionError):
            await asyncio.gather(_pass(reader, inner_writer), _pass(inner_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(carry, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        begun.set()
        await ending.wait()
        server.close()

    with asyncio.Runner() as runner:
        thread = threading.Thread(target=runner.run, args=(serve(),))
        loop = runner.get_loop()
        thread.start()
        if not begun.wait(30):
            pytest.fail("the proxy does not begin")
        yield f"http://127.0.0.1:{ports[0]}"
        loop.call_soon_threadsafe(ending.set)
        thread.join()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
