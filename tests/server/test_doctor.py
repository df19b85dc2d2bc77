"""`safeplate doctor` beside a running server: what it prints, and how it ends."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.config import Settings
from backend.core.database import Database
from tests.server.conftest import Server
from tests.visitor import Visitor

pytestmark = pytest.mark.server


def _execute(server: Server, statement: str) -> None:
    """Write past the service."""
    values: dict[str, Any] = {"data_dir": server.data_dir}
    if url := server.environment.get("SAFEPLATE_DATABASE__URL"):
        values["database"] = {"url": url}

    async def execute() -> None:
        database = Database(Settings.model_validate(values))
        async with database.unit() as session:
            await session.execute(text(statement))
        await database.dispose()

    asyncio.run(execute())


def test_it_names_what_is_broken_beside_a_server_that_works(server: Server) -> None:
    visitor = Visitor(server, "zoroastra")
    profile = visitor.call("GET", "/health/profiles/me", headers=visitor.headers).json()["id"]
    visitor.start()
    whole = server.command("doctor")
    visitor.end()
    assert visitor.failures == []
    _execute(server, "UPDATE health_profile_revisions SET version = 999 WHERE version = 1")

    broken = server.command("doctor", "--json")
    lines = server.command("doctor")

    assert whole.returncode == 0, whole.stdout + whole.stderr
    checks = [line.split(":")[0].split(maxsplit=1) for line in whole.stdout.splitlines()]
    assert {check for _, check in checks} == {
        "settings", "files", "disk", "database", "clock", "schema", "master keys", "keys", "accounts",
        "profiles", "factors", "answers", "audit", "jobs",
    }  # fmt: skip
    assert {state for state, _ in checks} == {"ok", "note"}
    assert (broken.returncode, lines.returncode) == (1, 1)
    wrong = [finding for finding in json.loads(broken.stdout) if finding["state"] == "wrong"]
    assert {finding["check"] for finding in wrong} == {"profiles"}
    assert any(f"profile {profile} " in finding["detail"] for finding in wrong)
    for finding in wrong:
        assert f"wrong  profiles: {finding['detail']}" in lines.stdout
    told = whole.stdout + broken.stdout + lines.stdout
    assert [word for word in ("zoroastra", "example.com", "milk", "gout") if word in told] == []
