"""Steps of an export that several tests take."""

import csv
import io
import json
import uuid
import zipfile
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import delete, insert, select

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.core.database import Database
from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditActor, AuditChain, AuditEvent
from backend.models.users import User
from backend.services import jobs
from backend.services.audit.chain import PLACE_KEY, _binding
from backend.services.export import Exports
from backend.utils.identifiers import uuid7
from backend.utils.security import seal
from tests.factories import Person

EXPORT = "/api/v1/users/me/export"
ALL_FILES = [
    "README.txt",
    "account.json",
    "profile.json",
    "profile.schema.json",
    "sessions.json",
    "activity.csv",
]
SMALL_CHUNKS = 256
"""Bytes: the smallest export has several chunks of that size."""


async def ask_for_export(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    """Ask for a copy."""
    return await client.post(EXPORT, headers=person.headers)


async def make_exports(resources: Resources, *, chunk_bytes: int = SMALL_CHUNKS) -> int:
    """Do one job of an export, and return whether one was due."""
    exports = Exports(
        resources.database,
        keyring=resources.keyring,
        settings=resources.settings.jobs,
        chunk_bytes=chunk_bytes,
    )
    return await jobs.run_due(
        resources.database,
        exports.handlers(),
        keyring=resources.keyring,
        settings=resources.settings.jobs,
        batch=1,
    )


async def download(client: httpx2.AsyncClient, person: Person, export_id: str) -> httpx2.Response:
    """Ask for the file."""
    return await client.get(f"{EXPORT}/{export_id}/download", headers=person.headers)


async def take_export(client: httpx2.AsyncClient, person: Person, resources: Resources) -> "Taken":
    """Ask for a copy, have it made, and download it."""
    asked = (await ask_for_export(client, person)).raise_for_status().json()
    assert await make_exports(resources) == 1
    return Taken((await download(client, person, asked["id"])).raise_for_status().content)


async def grow_activity(database: Database, keyring: Keyring, owner_id: uuid.UUID, count: int) -> None:
    """Let an account have so many events. Their codes chain nothing."""
    async with database.unit() as session:
        chain = (await session.scalars(select(AuditChain).where(AuditChain.owner_id == owner_id))).one()
        assert chain.place_key is not None
        key = keyring.unwrap(chain.place_key, owner=owner_id, purpose=PLACE_KEY)
        first = chain.sequence + 1
        place = {
            "ip_prefix": "192.0.2.0/24",
            "user_agent": "Mozilla/5.0 (X11)",
            "request_id": uuid.uuid4().hex,
        }
        rows = [
            {
                "id": uuid7(),
                "owner_id": owner_id,
                "sequence": number,
                "action": AuditAction.PROFILE_READ,
                "actor": AuditActor.OWNER,
                "actor_id": None,
                "details": json.dumps({"profiles": str(uuid.uuid4()), "fields": "all"}),
                "place": seal(key, json.dumps(place).encode(), associated=_binding(owner_id, number)),
                "recorded_at": now() + timedelta(microseconds=number),
                "code": bytes(32),
            }
            for number in range(first, count + 1)
        ]
        for start in range(0, len(rows), 1_000):
            await session.execute(insert(AuditEvent), rows[start : start + 1_000])
        chain.sequence = count


async def remove_account(resources: Resources, person: Person) -> None:
    """Delete the row of an account, as erasing it does in the end."""
    async with resources.database.unit() as session:
        await session.execute(delete(User).where(User.id == person.id))


class Taken:
    """A downloaded export."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            self.files = {info.filename: archive.read(info) for info in archive.infolist()}

    def json(self, name: str) -> Any:
        """Return what a JSON file holds."""
        return json.loads(self.files[name])

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the table of events."""
        return list(csv.DictReader(io.StringIO(self.files["activity.csv"].decode(), newline="")))
