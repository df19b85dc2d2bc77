"""Whether the time of an answer tells who has an account: known and unknown people in turn, on a real server.

Sign-in, forgotten passwords and silent registration, 1,000 samples each. The bars: bodies and headers are the
same, and the medians differ by less than 5 %. The database is SQLite, or that of SAFEPLATE_DATABASE__URL.
"""

import asyncio
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

SAMPLES, PEOPLE, BAR = 1_000, 10, 0.05
PASSWORD, WRONG = "Sesame-Street-9", "Wrong-Password-1"
_RATES = ("LOGIN", "REGISTRATION", "REFRESH", "RECOVERY")
_CHANGING = {"request-id", "date"}

Ask = Callable[[httpx2.AsyncClient, str], Awaitable[httpx2.Response]]


async def main() -> int:
    """Measure, print a table, and return 1 where a bar is missed."""
    async with _server() as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:
        for number in range(PEOPLE):
            (await _register(client, f"known{number}")).raise_for_status()
        await asyncio.sleep(5)  # accounts are opened after the answer
        print(f"{'':20} {'known ms':>10} {'unknown ms':>10} {'ratio':>8}  same answer")
        asks = (("sign-in", _sign_in), ("forgot", _forgot), ("silent registration", _register))
        results = [await _compare(client, name, ask) for name, ask in asks]
    return 0 if all(results) else 1


async def _compare(client: httpx2.AsyncClient, name: str, ask: Ask) -> bool:
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    answers = set()
    for sample in range(SAMPLES + PEOPLE):
        # In turn, and each first as often: what the machine does meanwhile meets both.
        for who in ("known", "unknown") if sample % 2 else ("unknown", "known"):
            started = time.perf_counter()
            answer = await ask(client, f"{who}{sample % PEOPLE}")
            elapsed = time.perf_counter() - started
            if sample >= PEOPLE:  # the first ones begin chains and counters
                times[who].append(elapsed * 1_000)
            answers.add(_visible(answer))
    known, unknown = (statistics.median(times[who]) for who in ("known", "unknown"))
    holds = abs(known / unknown - 1) < BAR and len(answers) == 1
    print(f"{name:20} {known:10.3f} {unknown:10.3f} {known / unknown:8.3f}  {len(answers) == 1}")
    return holds


async def _register(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    # Who is unknown has to be so each time.
    name = name if name.startswith("known") else f"free{secrets.token_hex(8)}"
    account = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    return await client.post("/api/v1/users", json=account)


async def _sign_in(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/login", data={"username": name, "password": WRONG})


async def _forgot(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/password/forgot", json={"email": f"{name}@example.com"})


def _visible(answer: httpx2.Response) -> tuple[object, ...]:
    headers = tuple(sorted((key, value) for key, value in answer.headers.items() if key not in _CHANGING))
    body = re.sub(r'"request_id":"\w+"', "", answer.text)
    return answer.status_code, headers, body


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """Serve from a temporary folder, with every counter on and far away from its limit."""
    limits = {f"SAFEPLATE_RATE_LIMIT__{name}": "900000/minute" for name in _RATES}
    limits["SAFEPLATE_RATE_LIMIT__FREE_GUESSES"] = "1000000"
    limits["SAFEPLATE_REGISTRATION__DISCLOSURE"] = "silent"
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("safeplate"), "serve", "--port", "0",
            "--data-dir", str(Path(folder) / "data"),
            env=os.environ | limits,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield await _url(process)
        finally:
            process.terminate()
            await process.wait()


async def _url(process: asyncio.subprocess.Process) -> str:
    stdout = process.stdout
    if stdout is None:
        raise RuntimeError("the server's output was asked for")
    line = (await stdout.readline()).decode()
    url = line.rpartition(" ")[2].strip()
    async with httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(retries=8)) as client:
        (await client.get(f"{url}/readyz")).raise_for_status()
    return url


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
