"""How many labels a second one process answers in a batch, and how long other requests take meanwhile.

The seconds are those of this process alone, all its threads together, however busy the machine is.
"""

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from starlette.types import Message, Scope

from backend.core import keys, migrations
from backend.core.config import Settings
from backend.main import create_app

LABELS = 1_000
BATCH, ME = "/api/v1/screening/batch", "/api/v1/users/me"
ENGLISH = (
    "Ingredients: wheat flour (wheat flour, calcium carbonate, iron, niacin, thiamin), sugar, palm oil, "
    "skimmed milk powder, raising agents: sodium bicarbonate, ammonium bicarbonate; emulsifier: soya "
    "lecithin; natural flavouring, salt. May contain nuts."
)
GERMAN = (
    "Zutaten: Weizenvollkornmehl, Zucker, Palmöl, Magermilchpulver, stark entölter Kakao, Haselnussmark, "
    "Süßmolkenpulver, Emulgator: Sojalecithine; Backtriebmittel: Natriumhydrogencarbonat; natürliches "
    "Vanillearoma, Speisesalz. Kann Spuren von Erdnüssen enthalten."
)
FRENCH = (
    "Ingrédients : farine de blé, sucre, huile de palme, lait écrémé en poudre, amidon de maïs, sirop de "
    "glucose, poudres à lever (carbonates de sodium, carbonates d'ammonium), sel, arôme naturel de vanille. "
    "Traces éventuelles de fruits à coque et d'œufs."
)
TEXTS = (ENGLISH, GERMAN, FRENCH)


async def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        keys.create_files(Path(folder) / "data")
        settings = Settings.model_validate(
            {"data_dir": Path(folder) / "data", "rate_limit": {"enabled": False}, "log": {"level": "error"}}
        )
        await migrations.upgrade(settings)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            headers = await _prepare(app)
            labels = [{"id": number, "text": TEXTS[number % len(TEXTS)]} for number in range(LABELS)]
            print(f"median label: {statistics.median(len(label['text']) for label in labels):.0f} characters")  # type: ignore[arg-type] # a text
            body = json.dumps({"labels": labels}).encode()
            await _batch(app, headers, body)
            started = time.process_time()
            await _batch(app, headers, body)
            rate = LABELS / (time.process_time() - started)
            print(f"{'batch for one person':24} {rate:8,.0f} labels/s of one core")
            await _wait(app, headers, None)
            await _wait(app, headers, body)


async def _prepare(app: FastAPI) -> dict[str, str]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        account = {"email": "amira@example.com", "username": "amira", "password": "Sesame-Street-9"}
        (await client.post("/api/v1/users", json=account)).raise_for_status()
        form = {"username": "amira", "password": account["password"]}
        tokens = (await client.post("/api/v1/auth/login", data=form)).raise_for_status().json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        profile = {
            "allergies": [{"name": "milk"}, {"name": "peanut"}],
            "dietary_restrictions": ["vegetarian"],
        }
        (await client.post("/api/v1/health/profiles", json=profile, headers=headers)).raise_for_status()
    return headers


async def _wait(app: FastAPI, headers: dict[str, str], body: bytes | None) -> None:
    """Print how long another request takes, at rest or while batches are answered."""
    batches = asyncio.create_task(_forever(app, headers, body)) if body else None
    waits = []
    for _ in range(300):
        started = time.perf_counter()
        await _call(app, "GET", ME, headers, b"")
        waits.append(1_000 * (time.perf_counter() - started))
        await asyncio.sleep(0.005)
    if batches:
        batches.cancel()
        await asyncio.wait([batches])
    waits.sort()
    name = "beside a batch" if batches else "at rest"
    print(f"{'another request ' + name:32} p50 {waits[150]:6.1f} ms, p99 {waits[297]:6.1f} ms")


async def _forever(app: FastAPI, headers: dict[str, str], body: bytes) -> None:
    while True:
        await _batch(app, headers, body)


async def _batch(app: FastAPI, headers: dict[str, str], body: bytes) -> None:
    lines = await _call(app, "POST", BATCH, headers, body)
    if lines.count(b"\n") != LABELS or b'"answer":null' in lines:
        raise RuntimeError("a label was not answered")


async def _call(app: FastAPI, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Call the application itself, without a socket, so that its own work is what is measured."""
    fields = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    fields += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    received: list[bytes] = []
    waiting: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            message: Message = waiting.pop()
            return message
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # never comes

    async def send(message: Message) -> None:
        received.append(message.get("body", b""))

    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": method, "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": fields, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return b"".join(received)


if __name__ == "__main__":
    asyncio.run(main())
