"""What a profile costs to read and to write: of 200 allergies beside one of 2, in turns in the same run.

`SAFEPLATE_DATABASE__URL` names another database than SQLite. Times are of the processor, which a busy machine
leaves alone; on PostgreSQL they leave out what the server does.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from backend.core import keys, migrations
from backend.core.config import Settings
from backend.main import create_app
from backend.services import catalog

SIZES, ROUNDS, REPEATS = (2, 200), 20, 5
PROFILES = "/api/v1/health/profiles"


async def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        keys.create_files(data)
        settings = Settings.model_validate(
            {"data_dir": data, "rate_limit": {"enabled": False}, "log": {"level": "error"}}
        )
        await migrations.upgrade(settings)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                await _compare(client)


async def _compare(client: httpx2.AsyncClient) -> None:
    requests = {size: await _prepare(client, size) for size in SIZES}
    costs: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for size in SIZES:
            for name, request in requests[size].items():
                started = time.process_time()
                for _ in range(REPEATS):
                    (await client.request(**request)).raise_for_status()
                costs[name, size].append((time.process_time() - started) / REPEATS)
    small, large = SIZES
    print(f"{'milliseconds of the processor':32} {small:>8} {large:>8}    ratio")
    for name in requests[small]:
        few, many = median(costs[name, small]) * 1_000, median(costs[name, large]) * 1_000
        print(f"{name:32} {few:8.2f} {many:8.2f} {many / few:8.2f}")


async def _prepare(client: httpx2.AsyncClient, size: int) -> dict[str, dict[str, Any]]:
    """Return requests about a new person's profile with so many allergies."""
    account = {"email": f"p{size}@example.com", "username": f"person{size}", "password": "Sesame-Street-9"}
    (await client.post("/api/v1/users", json=account)).raise_for_status()
    form = {"username": account["username"], "password": account["password"]}
    tokens = (await client.post("/api/v1/auth/login", data=form)).raise_for_status().json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "If-Match": "*"}
    names = list(catalog.shipped().allergens)[:size]
    body = {"allergies": [{"name": name, "note": "a note of some words"} for name in names]}
    profile = (await client.post(PROFILES, json=body, headers=headers)).raise_for_status().json()
    mine, entry = f"{PROFILES}/me", f"{PROFILES}/me/allergies/{profile['allergies'][-1]['id']}"

    def ask(method: str, url: str, **more: object) -> dict[str, Any]:
        return {"method": method, "url": url, "headers": headers} | more

    return {
        "nothing but who asks": ask("GET", "/api/v1/users/me"),
        "read the profile": ask("GET", mine),
        "read an allergy": ask("GET", entry),
        "read an earlier version": ask("GET", f"{mine}/revisions/1"),
        "change the name": ask("PATCH", mine, json={"display_name": "Amira"}),
        "change an allergy": ask("PATCH", entry, json={"note": "another"}),
        "replace the profile": ask("PUT", mine, json=body),
        "check a label": ask("POST", "/api/v1/screening/check", json={"text": "Ingredients: milk, sugar."}),
    }


if __name__ == "__main__":
    asyncio.run(main())
