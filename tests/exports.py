"""Steps of an export that several tests take."""

import csv
import io
import json
import zipfile
from typing import Any

import httpx2

from backend.api.dependencies import Resources
from backend.services import jobs
from backend.services.export import Exports
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
