"""Whoever reads the raw database finds no health word of anyone, nor its code."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.core.database import metadata
from tests.factories import make_person

pytestmark = pytest.mark.anyio

MINE = "/api/v1/health/profiles/me"
WORDS = (
    "lupin", "sesame", "anaphylaxis", "life_threatening", "vegan", "religious", "coeliac", "phenylketonuria",
    "phenylalanine", "Zoroastra", "Quetzal", "xylophagous", "wolframite", "ichthyic", "bergamot", "no_known",
    "gluten", "osmium-note",
)  # fmt: skip
BODY = {
    "display_name": "Zoroastra",
    "allergies": [
        {
            "name": "lupin", "severity": "life_threatening", "reactions": ["anaphylaxis"], "onset_year": 1987,
            "note": "xylophagous",
        },
        {"name": "sesame"},
    ],
    "dietary_restrictions": [{"name": "vegan", "reason": "religious"}],
    "medical_conditions": [{"name": "coeliac disease", "note": "wolframite"}, "phenylketonuria"],
}  # fmt: skip


async def _live(client: httpx2.AsyncClient) -> None:
    """Do everything that somebody does with a profile, under words that stand nowhere else."""
    amira = await make_person(client)
    once = amira.headers | {"Idempotency-Key": "once"}
    change = amira.headers | {"If-Match": "*"}
    label = {"text": "Ingredients: lupin, ichthyic extract, bergamot.", "lang": "en"}
    for answer in (
        await client.post("/api/v1/health/profiles", json=BODY, headers=once),
        await client.post(
            "/api/v1/health/profiles",
            json={"relationship": "child", "display_name": "Quetzal", "no_known_allergies": True},
            headers=amira.headers,
        ),
        await client.patch(MINE, json={"display_name": "Quetzal"}, headers=change),
        await client.post(f"{MINE}/allergies", json={"name": "milk", "note": "osmium-note"}, headers=change),
        await client.post(f"{MINE}/revisions/1/restore", headers=change),
        await client.get(f"{MINE}/revisions/1/diff?with=2", headers=amira.headers),
        await client.post("/api/v1/screening/check", json=label, headers=amira.headers),
        await client.get("/api/v1/health/profiles", headers=amira.headers),
    ):
        answer.raise_for_status()


async def _raw(resources: Resources, settings: Settings) -> AsyncIterator[bytes]:
    """Return the files of SQLite, or every value of every row of PostgreSQL."""
    if resources.database.is_sqlite:
        path = Path(settings.database_url.database or "")
        for file in path.parent.glob(f"{path.name}*"):
            yield file.read_bytes()
        return
    async with resources.database.engine.connect() as connection:
        for table in metadata.tables:
            for row in await connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - names of ours
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()


def _forms(word: str) -> list[bytes]:
    """Return a word as it may be written."""
    plain = word.encode()
    forms = [plain, word.encode("utf-16-le"), plain.hex().encode()]
    for shift in range(3):  # base64 depends on what stands before
        coded = base64.b64encode(bytes(shift) + plain)
        forms.append(coded[(8 * shift + 5) // 6 : len(coded) - 4])
    return [form for form in forms if len(form) > 6 or form is plain]  # shorter ones happen by chance


async def test_no_health_word_stands_in_the_raw_database(
    client: httpx2.AsyncClient, resources: Resources, settings: Settings
) -> None:
    await _live(client)

    raw = [part.lower() for part in [part async for part in _raw(resources, settings)]]

    assert any(b"amira@example.com" in part for part in raw), "what is plain is found"
    found = {word for word in WORDS for form in _forms(word) if any(form.lower() in part for part in raw)}
    assert found == set()
