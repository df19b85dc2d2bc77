"""What tampering with rows has in common, whichever rows they are."""

from typing import Any

import httpx2

from backend.api.dependencies import Resources
from tests.factories import Person

ACTIVITY = "/api/v1/users/me/activity"


async def change(resources: Resources, *statements: Any) -> None:
    """Write past the service."""
    async with resources.database.unit() as session:
        for statement in statements:
            await session.execute(statement)


async def told(client: httpx2.AsyncClient, person: Person) -> list[dict[str, Any]]:
    """Return the events about what does not open, the newest first."""
    answer = (await client.get(ACTIVITY, params={"limit": 200}, headers=person.headers)).raise_for_status()
    return [item for item in answer.json()["items"] if item["action"] == "seal_broken"]


def require_refused(answer: httpx2.Response) -> None:
    """Require that an answer is the problem, and says nothing else."""
    assert (answer.status_code, answer.json()["code"]) == (500, "seal-broken")
    assert answer.json() == {
        "type": "/docs/problems/seal-broken",
        "title": "What is stored is not what was written, and is not shown",
        "status": 500,
        "code": "seal-broken",
        "detail": None,
        "request_id": answer.headers["request-id"],
    }


def flipped(document: bytes, place: int) -> bytes:
    """Return what was sealed with one bit changed."""
    return document[:place] + bytes([document[place] ^ 1]) + document[place + 1 :]
