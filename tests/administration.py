"""What tests of administration do again and again."""

import uuid

import httpx2

from tests.factories import Person

USERS = "/api/v1/admin/users"
ME = "/api/v1/users/me"
READS = ("", "/sessions", "/activity")


async def change(
    client: httpx2.AsyncClient, actor: Person, target: uuid.UUID, act: str, role: str | None = None
) -> httpx2.Response:
    """Ask for `disable`, `enable`, `sessions` (to end them) or `role`."""
    method = {"role": "PUT", "sessions": "DELETE"}.get(act, "POST")
    body = {"role": role} if role else None
    return await client.request(method, f"{USERS}/{target}/{act}", json=body, headers=actor.headers)


async def account_status(client: httpx2.AsyncClient, person: Person) -> int:
    """Return how the service answers to somebody's access token."""
    return (await client.get(ME, headers=person.headers)).status_code


async def refresh_status(client: httpx2.AsyncClient, person: Person) -> int:
    """Return how the service answers to somebody's refresh token."""
    body = {"refresh_token": person.refresh_token}
    return (await client.post("/api/v1/auth/refresh", json=body)).status_code
