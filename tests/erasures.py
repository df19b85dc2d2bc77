"""Asking for accounts to be erased, and what is left of them."""

import json
from email.message import EmailMessage
from typing import Any

import httpx2
from sqlalchemy import func, select

from backend.api.dependencies import Resources
from backend.core.database import metadata
from backend.services import erasure
from tests.factories import Person

ME, UNDO = "/api/v1/users/me", "/api/v1/auth/erasure/undo"
VERIFY = "/api/v1/erasure-receipts/verify"
STAY = {"audit_chains", "audit_events", "erasure_receipts", "jobs"}
"""Tables that have rows after an erasure: the chain under the pseudonym, the receipt, the last letter."""


async def ask(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    """Ask for an account to be erased after the grace."""
    return await client.delete(ME, headers=person.headers)


async def undo(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Take it back."""
    return await client.post(UNDO, json={"token": token})


async def run_chore(resources: Resources) -> int:
    """Erase whose time has come, as the service does every minute."""
    return await erasure.erase_due(resources.database, keyring=resources.keyring)


async def count_rows(resources: Resources) -> dict[str, int]:
    """Return how many rows there are, by table, of tables that have any."""
    found = {}
    async with resources.database.reader() as session:
        for table in metadata.sorted_tables:
            if rows := await session.scalar(select(func.count()).select_from(table)):
                found[table.name] = rows
    return found


def receipt_of(letter: EmailMessage) -> Any:
    """Return the receipt in a letter."""
    (attachment,) = letter.iter_attachments()
    content = attachment.get_content()
    return json.loads(content if isinstance(content, str) else content.decode())
