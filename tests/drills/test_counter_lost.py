"""Redis is killed, then frozen: nobody guesses uncounted, and whoever is signed in goes on.

Sign-in, registration and refresh fail closed, since a guess that is not counted is a guess for free. What
needs a session is not counted there, and goes on.
"""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.drills import parts
from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.factories import PASSWORD
from tests.loopback import free_port
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

PROBES = 4
MOST = 3.0
"""Seconds that nobody who is signed in may wait, and that a refused sign-in may take."""


@dataclass
class Redis:
    """A private Redis, or Valkey, which speaks the same."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty or with what it kept."""
        program = parts.find("redis-server", "redis-server")
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        self.process = subprocess.Popen([program, *place], stdout=subprocess.DEVNULL)

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> None:
        """End it, frozen or not."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[Redis]:
    redis = Redis(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.end()


async def _sign_in(client: httpx2.AsyncClient) -> tuple[int, float, bool]:
    """Return the status of a sign-in, the seconds it took, and whether it said when to come back."""
    started = asyncio.get_running_loop().time()
    form = {"username": "writer-0", "password": PASSWORD}
    answer = await client.post("/api/v1/auth/login", data=form)
    return answer.status_code, asyncio.get_running_loop().time() - started, "retry-after" in answer.headers


async def test_a_lost_counter_closes_sign_in_and_nothing_else(
    data_dir: Path, tmp_path: Path, tell: Tell
) -> None:
    async with _redis(tmp_path) as redis:
        plenty = {f"SAFEPLATE_RATE_LIMIT__{name}": "1000/minute" for name in ("LOGIN", "REGISTRATION")}
        server = start(data_dir, "--workers", "2", SAFEPLATE_REDIS__URL=redis.url, **plenty)
        try:
            async with (
                people(server.url) as load,
                httpx2.AsyncClient(base_url=server.url, timeout=20) as client,
            ):
                async with load.running() as ledger:
                    seen = {"before": await _probe(client)}
                    redis.end()
                    seen["killed"] = await _probe(client)
                    redis.start()
                    seen["back"] = await _until_open(client)
                    redis.send(signal.SIGSTOP)
                    seen["frozen"] = await _probe(client)
                    redis.send(signal.SIGCONT)
                    seen["thawed"] = await _until_open(client)
                await load.verify(server.url)
        finally:
            stop(server)

    is_open = {name: {status for status, _, _ in answers} == {200} for name, answers in seen.items()}
    closed = [answer for name in ("killed", "frozen") for answer in seen[name]]
    slowest = max(seconds for _, seconds, _ in closed)
    refused = all(status == 503 and comes_back for status, _, comes_back in closed)
    holds = (
        refused and slowest <= MOST and ledger.outage <= MOST and is_open["before"] and is_open["back"]
        and is_open["thawed"] and set(ledger.statuses) == {200}
    )  # fmt: skip
    bar = f"sign-in 503 with Retry-After within {MOST:.0f} s, all else open, open again when it is back"
    tell(
        ledger.finding(
            "Redis killed, then frozen", bar, holds=holds, **{"slowest refusal (s)": round(slowest, 2)}
        )
    )


async def _probe(client: httpx2.AsyncClient) -> list[tuple[int, float, bool]]:
    return [await _sign_in(client) for _ in range(PROBES)]


async def _until_open(client: httpx2.AsyncClient) -> list[tuple[int, float, bool]]:
    """Sign in until it works again, for ten seconds at most, and return the last answer."""
    for _ in range(50):
        answer = await _sign_in(client)
        if answer[0] == 200:
            break
        await asyncio.sleep(0.2)
    return [answer]
