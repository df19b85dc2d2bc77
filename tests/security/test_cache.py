"""What the counter of rate limits is told: where somebody is, roughly, and nothing else."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.factories import PASSWORD, make_settings, register, sign_in, url_of

pytestmark = pytest.mark.anyio


async def test_the_counter_learns_networks_and_no_people(app: FastAPI, settings: Settings) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            heard.append(piece)
            writer.write(b":1\r\n" * piece.count(b"*"))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    redis = {"url": f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"}
    counting = create_app(
        make_settings(settings.data_dir, url_of(settings), redis=redis, rate_limit={"enabled": True})
    )
    transport = httpx2.ASGITransport(app=counting)
    async with server, httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        await register(client)
        await sign_in(client, "amira")
        await client.post("/api/v1/auth/password/forgot", json={"email": "amira@example.com"})
        await counting.state.resources.limits.close()
    await counting.state.resources.database.dispose()

    told = b"".join(heard)
    assert b"127.0.0.0/24" in told
    assert [word for word in ("amira", "example.com", PASSWORD, "127.0.0.1") if word.encode() in told] == []
