"""What Safeplate's own paths are compared with: FastAPI and bare asyncpg, the same statement, the same JSON.

It reads the database that a Safeplate prepared (`REFERENCE_DATABASE`), with that one's keys
(`SAFEPLATE_DATA_DIR`), and remembers verified tokens as Safeplate does. It has no log line, no limits, no
headers, no audit.

asyncpg's pool resets each connection with a statement of its own when it is given back. `REFERENCE_RESET=no`
turns that off, since nothing is left on one: the fastest that this can be.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from fastapi import FastAPI, Request, Response

from backend.core import keys
from backend.core.config import Settings
from backend.core.tokens import Tokens
from backend.schemas.health import HealthProfileReplace
from backend.schemas.users import UserResponse

_IDENTITY = """
SELECT users.id, sessions.id AS session_id, sessions.created_at AS signed_in_at, users.email, users.username,
       users.email_verified_at, users.role, users.locale, users.created_at, users.data_key
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1 AND users.id = $2 AND sessions.client_id = $3 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > $4 AND sessions.idle_expires_at > $4
  AND users.disabled_at IS NULL AND users.erase_at IS NULL
"""
_CHANGE = """
UPDATE health_profiles SET document = $2, version = version + 1, updated_at = $3
WHERE owner_id = $1 AND relationship = 'self' RETURNING id, version
"""
_REVISION = """
INSERT INTO health_profile_revisions (profile_id, version, document, author_id, recorded_at)
VALUES ($1, $2, $3, $4, $5)
"""


async def _nothing(_: asyncpg.Connection) -> None:
    """Leave a connection that is given back as it is."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    app.state.tokens = Tokens(keys.load(settings), settings.auth)
    url = os.environ["REFERENCE_DATABASE"]
    reset = {"reset": _nothing} if os.environ.get("REFERENCE_RESET") == "no" else {}
    async with asyncpg.create_pool(url, min_size=10, max_size=10, **reset) as pool:
        app.state.pool = pool
        yield


app = FastAPI(
    lifespan=_lifespan, openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False}
)


def _person(request: Request) -> tuple[uuid.UUID, uuid.UUID, str]:
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = request.app.state.tokens.read_access(token)
    return claims.session_id, claims.user_id, claims.client_id


@app.get("/livez")
async def live() -> dict[str, str]:
    """Say that this answers."""
    return {"status": "alive"}


@app.get("/api/v1/users/me")
async def read_me(request: Request) -> UserResponse:
    """Read one's own account."""
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(_IDENTITY, *_person(request), datetime.now(UTC))
    return UserResponse.model_validate(dict(row) | {"email_verified": row["email_verified_at"] is not None})


@app.put("/api/v1/health/profiles/me")
async def replace_profile(request: Request, data: HealthProfileReplace) -> Response:
    """Write the two rows that a change of a profile writes: it and its version, in one transaction."""
    document, moment = data.model_dump_json().encode(), datetime.now(UTC)
    session_id, user_id, client_id = _person(request)
    async with request.app.state.pool.acquire() as connection:
        await connection.fetchrow(_IDENTITY, session_id, user_id, client_id, moment)
        async with connection.transaction():
            profile_id, version = await connection.fetchrow(_CHANGE, user_id, document, moment)
            await connection.execute(_REVISION, profile_id, version, document, user_id, moment)
    return Response(document, media_type="application/json")
