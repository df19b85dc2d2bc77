"""The server is killed while many write one profile: what it acknowledged is there whole, nothing is half."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import postgres
from tests.conftest import DATABASES
from tests.factories import Person, make_person, make_profile
from tests.server.conftest import FULL_DRILLS, Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.server]

MINE = "/api/v1/health/profiles/me"
WRITES, WRITERS, ENTRIES = 1_000 if FULL_DRILLS else 120, 8, 12


@pytest.fixture(params=DATABASES)
def variables(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return the settings of servers that are started one after another on one database."""
    common = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
    if request.param == "sqlite":
        yield common
        return
    with postgres.database() as url:
        yield common | {"SAFEPLATE_DATABASE__URL": url}


@asynccontextmanager
async def _serving(
    data_dir: Path, variables: dict[str, str]
) -> AsyncIterator[tuple[Server, httpx2.AsyncClient]]:
    server = start(data_dir, "--workers", "2", **variables)
    try:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            yield server, client
    finally:
        stop(server)


def _kill(pid: int) -> None:
    """End a process and all that it started, at once: none of them gets to tidy up."""
    os.kill(pid, signal.SIGSTOP)  # it must not replace a process that ends
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        _kill(int(child))
    os.kill(pid, signal.SIGKILL)


async def _write_until_killed(
    server: Server, client: httpx2.AsyncClient, owner: Person, entries: list[str]
) -> dict[int, tuple[str, str]]:
    """Write until the server is killed in the middle, and return what it acknowledged, by version."""
    acknowledged: dict[int, tuple[str, str]] = {}
    numbers, last = iter(range(WRITES)), random.Random(11).randrange(WRITES // 3, 2 * WRITES // 3)
    headers = owner.headers | {"If-Match": "*"}

    async def write() -> None:
        for number in numbers:
            entry, note = entries[number % len(entries)], f"write {number}"
            try:
                answer = await client.patch(f"{MINE}/allergies/{entry}", json={"note": note}, headers=headers)
            except httpx2.TransportError:
                return
            assert answer.status_code == 200
            acknowledged[int(answer.headers["etag"].strip('"').split("-")[0])] = (entry, note)
            if number == last:
                _kill(server.process.pid)

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    assert 0 < len(acknowledged) < WRITES
    return acknowledged


async def _everything(client: httpx2.AsyncClient, owner: Person, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    params: dict[str, str | int] = {"limit": 200}
    while True:
        page = (await client.get(path, params=params, headers=owner.headers)).raise_for_status().json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        params["cursor"] = page["next_cursor"]


async def test_a_kill_in_the_middle_of_many_writes_loses_none_that_was_acknowledged(
    data_dir: Path, variables: dict[str, str]
) -> None:
    async with _serving(data_dir, variables) as (server, client):
        owner = await make_person(client)
        catalog = (await client.get("/api/v1/catalog/allergens", params={"limit": ENTRIES})).json()["items"]
        allergies = [{"name": item["code"]} for item in catalog]
        profile = (await make_profile(client, owner, allergies=allergies)).json()
        entries = [entry["id"] for entry in profile["allergies"]]
        acknowledged = await _write_until_killed(server, client, owner, entries)

    async with _serving(data_dir, variables) as (server, client):
        current = (await client.get(MINE, headers=owner.headers)).raise_for_status().json()
        listed = await _everything(client, owner, f"{MINE}/revisions")
        activity = await _everything(client, owner, "/api/v1/users/me/activity")
        notes: dict[str, str | None] = dict.fromkeys(entries)
        for version in range(2, current["version"] + 1):
            answer = await client.get(f"{MINE}/revisions/{version}", headers=owner.headers)
            kept = {entry["id"]: entry["note"] for entry in answer.raise_for_status().json()["allergies"]}
            ((entry, note),) = set(kept.items()) - set(
                notes.items()
            )  # each version has the last, and one note more
            assert acknowledged.get(version, (entry, note)) == (entry, note)
            notes = kept
        assert (await client.patch(MINE, json={}, headers=owner.headers | {"If-Match": "*"})).is_success
        verified = server.command("audit", "verify")

    last = current["version"]
    assert max(acknowledged) <= last <= 1 + len(acknowledged) + WRITERS
    assert [item["version"] for item in listed] == list(range(last, 0, -1))
    assert {entry["id"]: entry["note"] for entry in current["allergies"]} == notes
    changes = [item["details"]["version"] for item in activity if item["action"] == "profile_changed"]
    assert changes == [str(version) for version in range(last, 1, -1)]
    assert verified.returncode == 0, verified.stderr
