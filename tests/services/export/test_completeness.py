"""Every value of every column that `docs/data.md` promises stands in an export, at the place that it names.

Each table gets rows of the owner's in which no two values are alike. A new table is filled without more; one
with a sealed column needs a line in `SEALERS` and in `OPENERS`.
"""

import csv
import io
import itertools
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import httpx2
import pytest
import sqlalchemy
from sqlalchemy import Column, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api.dependencies import Resources
from backend.core.database import metadata
from backend.core.keys import Keyring
from backend.models.audit import AuditActor, AuditChain, AuditEvent
from backend.models.health import Relationship
from backend.models.users import User
from backend.services import audit, health, idempotency
from backend.services.audit.chain import PLACE_KEY
from backend.services.audit.chain import _binding as place_binding
from backend.services.export.contents import Contents
from backend.services.health.document import Document, Entry, open_document, seal_document
from backend.services.users import DATA_KEY
from backend.utils.identifiers import uuid7
from backend.utils.security import seal
from tests import data_page
from tests.factories import make_person, make_profile

pytestmark = pytest.mark.anyio

Row = dict[str, Any]
FIRST = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
ROWS = 2  # of each table
OWNED = {"user_id", "owner_id"}
# What an administrator did does not say where they were: a test of its own shows that.
CHOSEN: dict[str, list[Any]] = {
    "audit_events.actor": [AuditActor.OWNER, AuditActor.OPERATOR],
    "users.locale": ["fr-CA"],
}
PAGE = data_page.read()
EXPORTED = [column for section in PAGE.values() for column in section.columns if column.file]


class Household:
    """One person with rows in every table that an export is made from."""

    def __init__(self, resources: Resources, owner: User, document: Document, place_key: bytes) -> None:
        self.keyring: Keyring = resources.keyring
        self.owner = owner
        self.document = document
        self.place_key = place_key
        self.data_key = self.keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
        self._numbers = itertools.count(1_000)
        self._ids: dict[str, list[uuid.UUID]] = {}

    def row(self, table: Table, number: int) -> Row:
        """Return a row of which each value is the only one of its kind."""
        values = {column.name: self._value(column, number) for column in table.columns}
        if table.name == "health_profiles":
            values["version"] += 1_000_000  # one that is behind its revisions is refused
        for name in values:
            if (made := SEALERS.get(f"{table.name}.{name}")) is not None:
                values[name] = made(self, values, number)
        self._ids.setdefault(table.name, []).append(values.get("id", uuid.UUID(int=0)))
        return values

    def _value(self, column: Column[Any], number: int) -> Any:
        table, unique = column.table.name, next(self._numbers)
        if (chosen := CHOSEN.get(f"{table}.{column.name}")) is not None:
            return chosen[number % len(chosen)]
        if column.name in OWNED:
            return self.owner.id
        for key in column.foreign_keys:
            return self._ids[key.column.table.name][number]
        if isinstance(column.type, sqlalchemy.Enum):
            return list(column.type.enum_class or [])[number]
        if isinstance(column.type, sqlalchemy.String):
            return f"{table} {column.name} {unique}"[-(column.type.length or 64) :]
        return {
            uuid.UUID: uuid7(),
            datetime: FIRST + timedelta(days=unique, microseconds=unique),
            bool: number % 2 == 0,
            int: unique,
            float: float(unique),
            bytes: b"",
        }[getattr(column.type, "impl", column.type).python_type]

    def open(self, sealed: bytes, profile_id: uuid.UUID, version: int) -> Document:
        """Return a profile's document."""
        return open_document(
            sealed, profile_id=profile_id, version=version, owner=self.owner, keyring=self.keyring
        )

    def seal(self, profile_id: uuid.UUID, version: int, relationship: Relationship | None = None) -> bytes:
        """Return a document for a profile's version, unlike any other."""
        return seal_document(
            self.document.model_copy(
                update={"display_name": f"person {next(self._numbers)}", "relationship": relationship}
            ),
            profile_id=profile_id,
            version=version,
            owner=self.owner,
            keyring=self.keyring,
        )

    def seal_answer(self, row: Row, number: int) -> bytes:
        """Return an answer that is kept for a request."""
        answer = {"status": 201, "headers": {"etag": f'"{number}"'}, "body": json.dumps({"answer": number})}
        binding = idempotency._binding(self.owner, row["key"])
        kept = {"content": json.dumps(answer), "fields": health.ALL}
        return seal(self.data_key, json.dumps(kept).encode(), associated=binding)

    def seal_place(self, row: Row, number: int) -> bytes:
        """Return where an event came from."""
        place = {"ip_prefix": f"192.0.{number}.0/24", "user_agent": f"a{number}", "request_id": f"r{number}"}
        binding = place_binding(self.owner.id, row["sequence"])
        return seal(self.place_key, json.dumps(place).encode(), associated=binding)


SEALERS: dict[str, Callable[[Household, Row, int], bytes]] = {
    "health_profiles.document": lambda one, row, _: one.seal(row["id"], row["version"], row["relationship"]),
    "health_profile_revisions.document": lambda one, row, _: one.seal(row["profile_id"], row["version"]),
    "idempotency_keys.answer": Household.seal_answer,
    "audit_events.place": Household.seal_place,
}


def _holds(document: Document, found: Row) -> bool:
    """Tell whether every member of a document stands in a profile of the export."""
    for name in set(Document.model_fields) - {"format", "relationship"}:
        value = getattr(document, name)
        if not (isinstance(value, tuple) and all(isinstance(entry, Entry) for entry in value)):
            if found[name] != value:
                return False
            continue
        written = found[name]
        dumped = [entry.model_dump(mode="json") for entry in value]
        for entry, shown in zip(dumped, written, strict=True):
            code = entry.pop("code")
            if not (entry.items() <= shown.items() and code in shown.values() and shown["name"]):
                return False
    return True


def _check_documents(one: Household, rows: list[Row], found: list[list[Any]]) -> bool:
    documents = [
        one.open(row["document"], row.get("profile_id") or row["id"], row["version"]) for row in rows
    ]
    return all(_holds(document, item) for document, item in zip(documents, found[0], strict=True))


def _check_answers(one: Household, rows: list[Row], found: list[list[Any]]) -> bool:
    return [item["body"]["answer"] for item in found[0]] == [
        int(item["headers"]["etag"].strip('"')) for item in found[0]
    ] and len(found[0]) == len(rows)


def _check_places(one: Household, rows: list[Row], found: list[list[Any]]) -> bool:
    places = [audit.chain.open_place(AuditEvent(**row), one.place_key) for row in rows]
    written = [(place.ip_prefix, place.user_agent, place.request_id) for place in places]
    return list(zip(*found, strict=True)) == written


OPENERS: dict[str, Callable[[Household, list[Row], list[list[Any]]], bool]] = {
    "health_profiles.document": _check_documents,
    "health_profile_revisions.document": _check_documents,
    "idempotency_keys.answer": _check_answers,
    "audit_events.place": _check_places,
}


def _find(files: dict[str, bytes], file: str, place: str) -> list[Any]:
    """Return what stands at a place of a file, for every element where the place has a `*`."""
    if file.endswith(".csv"):
        return [row[place] for row in csv.DictReader(io.StringIO(files[file].decode(), newline=""))]
    found = [json.loads(files[file])]
    for step in place.strip("/").split("/"):
        found = [element for item in found for element in item] if step == "*" else [i[step] for i in found]
    return found


def _written(value: Any, file: str) -> Any:
    """Return how a value of the database stands in a file."""
    value = value.value if isinstance(value, Enum) else value
    if file.endswith(".csv"):
        return value.isoformat() if isinstance(value, datetime) else str(value if value is not None else "")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, uuid.UUID) else value


async def _rows(session: AsyncSession, table: Table) -> list[Row]:
    order = [table.c.sequence] if table.name == "audit_events" else list(table.primary_key.columns)
    return [dict(row._mapping) for row in await session.execute(select(table).order_by(*order))]


async def _settle(client: httpx2.AsyncClient, resources: Resources) -> Household:
    """Let somebody have rows in every table that an export is made from."""
    amira = await make_person(client)
    await make_profile(client, amira, relationship="other")
    async with resources.database.unit() as session:
        owner = (await session.scalars(select(User))).one()
        profile = (await session.scalars(health.profiles_of(owner))).one()
        chain = (await session.scalars(select(AuditChain))).one()
        assert chain.place_key is not None
        place_key = resources.keyring.unwrap(chain.place_key, owner=owner.id, purpose=PLACE_KEY)
        document = health.opened(profile, owner=owner, keyring=resources.keyring).document
        one = Household(resources, owner, document, place_key)
        users = metadata.tables["users"]
        promised = {column.name for column in PAGE["users"].columns if column.file} - {"id"}
        changes = {name: value for name, value in one.row(users, 1).items() if name in promised}
        await session.execute(update(users).values(changes))
        for table in metadata.sorted_tables:
            if table is not users and any(column.file for column in PAGE[table.name].columns):
                for number in range(ROWS):
                    await session.execute(insert(table).values(one.row(table, number)))
    return one


async def test_every_value_that_the_page_promises_stands_where_it_says(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    one = await _settle(client, resources)
    async with resources.database.reader() as session:
        owner = (await session.scalars(select(User).execution_options(populate_existing=True))).one()
        stored = {name: await _rows(session, metadata.tables[name]) for name in PAGE}

    contents = Contents(resources.database, owner, resources.keyring)
    files = {name: b"".join([piece async for piece in pieces]) for name, pieces in contents.files()}

    missing = []
    for column in EXPORTED:
        rows = stored[column.table]
        found = [_find(files, column.file, place) for place in column.places]
        name = f"{column.table}.{column.name}"
        if column.stored == "sealed":
            is_there = OPENERS[name](one, rows, found)
        else:
            expected = [_written(row[column.name], column.file) for row in rows]
            is_there = found == [expected] and any(value not in {None, ""} for value in expected)
        if not is_there or (column.table != "users" and len(rows) < ROWS):
            missing.append(name)
    assert missing == []


async def test_no_secret_stands_in_it(client: httpx2.AsyncClient, resources: Resources) -> None:
    await _settle(client, resources)
    async with resources.database.reader() as session:
        owner = (await session.scalars(select(User))).one()
        rows = {name: await _rows(session, metadata.tables[name]) for name in PAGE}
    secret = {
        row[column.name]
        for section in PAGE.values()
        for column in section.columns
        for row in rows[column.table]
        if column.reason in {"no: secret", "no: keyed hash"} and isinstance(row[column.name], str)
    }

    contents = Contents(resources.database, owner, resources.keyring)
    everything = "".join([piece.decode() for _, pieces in contents.files() async for piece in pieces])

    assert len(secret) > 8
    assert [text for text in secret if text in everything] == []
