"""How many requests one process answers, beside a bare FastAPI application in the same run."""

import asyncio
import json
import tempfile
import time
from pathlib import Path

import httpx2
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Scope

from backend.core import keys, migrations
from backend.core.config import Settings
from backend.main import create_app

REQUESTS = 1_500
LABEL = "Ingredients: wheat flour, sugar, palm oil, skimmed milk powder, salt. May contain nuts."


async def main() -> None:
    """Measure, and print a table."""
    bare = FastAPI()

    @bare.get("/")
    async def answer() -> dict[str, str]:
        return {"status": "alive"}

    with tempfile.TemporaryDirectory() as folder:
        keys.create_files(Path(folder) / "data")
        settings = Settings.model_validate(
            {"data_dir": Path(folder) / "data", "rate_limit": {"enabled": False}, "log": {"level": "error"}}
        )
        await migrations.upgrade(settings)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            token = await _prepare(app)
            baseline = await _measure("bare FastAPI", bare, "GET", "/")
            for name, method, path, body in (
                ("no authentication", "GET", "/livez", None),
                ("authentication", "GET", "/api/v1/users/me", None),
                ("sealed profile", "GET", "/api/v1/health/profiles/me", None),
                ("check of a label", "POST", "/api/v1/screening/check", {"text": LABEL}),
            ):
                rate = await _measure(name, app, method, path, token=token, body=body)
                print(f"{'':20} {rate / baseline:10.2f} of the bare application")


async def _prepare(app: ASGIApp) -> str:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        account = {"email": "amira@example.com", "username": "amira", "password": "Sesame-Street-9"}
        (await client.post("/api/v1/users", json=account)).raise_for_status()
        form = {"username": "amira", "password": account["password"]}
        tokens = await client.post("/api/v1/auth/login", data=form)
        token: str = tokens.raise_for_status().json()["access_token"]
        profile = {"allergies": [{"name": "milk"}, {"name": "peanut"}]}
        headers = {"Authorization": f"Bearer {token}"}
        (await client.post("/api/v1/health/profiles", json=profile, headers=headers)).raise_for_status()
    return token


async def _measure(
    name: str, app: ASGIApp, method: str, path: str, *, token: str = "", body: object = None
) -> float:
    """Call the application itself, without a socket, so that its own work is what is measured."""
    content = json.dumps(body).encode() if body is not None else b""
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    headers += [(b"content-type", b"application/json")] if content else []
    statuses: set[int] = set()

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    started = time.perf_counter()
    for _ in range(REQUESTS):
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await app(scope, receive, send)
    rate = REQUESTS / (time.perf_counter() - started)
    print(f"{name:20} {rate:10,.0f} requests/s, statuses {sorted(statuses)}")
    return rate


if __name__ == "__main__":
    asyncio.run(main())
