"""Operators' entries: reading them from the database, and keeping each process's catalogue current."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import ValidationError
from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database, insert_into
from backend.core.errors import UnavailableError
from backend.core.logging import logger
from backend.models.catalog import STATE_ID, CatalogEntry, CatalogState, RequirementType
from backend.services.catalog.entries import Allergen, Condition, Diet
from backend.services.catalog.loading import Catalog, Entry, OwnEntry, lay_over, shipped

KINDS: Final[dict[RequirementType, type[Entry]]] = {
    RequirementType.ALLERGY: Allergen,
    RequirementType.DIET: Diet,
    RequirementType.CONDITION: Condition,
}


class Stored(NamedTuple):
    """What of a row the catalogue is made from."""

    code: str
    kind: RequirementType
    content: str
    retired_at: datetime | None


_COLUMNS: Final = (CatalogEntry.code, CatalogEntry.kind, CatalogEntry.content, CatalogEntry.retired_at)


class Catalogs:
    """The newest catalogue that this process knows of.

    One look at one row tells whether it is old; whoever comes within `max_age` of the last look takes what is
    there. What may happen meanwhile does no harm: of a code that a catalogue lacks, no label is clear.
    """

    def __init__(self, database: Database, *, max_age: timedelta) -> None:
        self._database = database
        self._max_age = max_age.total_seconds()
        self._fresh_until = 0.0
        self._version: uuid.UUID | None = None
        self._catalog: Catalog | None = None
        self._looking = asyncio.Lock()

    async def refresh(self) -> Catalog:
        """Return the catalogue, after a look at the database if the last was too long ago.

        Raises:
            UnavailableError: The database cannot be reached, and never could.
        """
        if self._catalog is not None and time.monotonic() < self._fresh_until:
            return self._catalog
        async with self._looking:
            if self._catalog is not None and time.monotonic() < self._fresh_until:
                return self._catalog
            try:
                self._catalog = await self._look()
            except UnavailableError:
                # The lists are public and seldom change: they are still right, and are not asked for again
                # by everybody who waits.
                if self._catalog is None:
                    raise
            self._fresh_until = time.monotonic() + self._max_age
            return self._catalog

    def expire(self) -> None:
        """Look again at the next request: this process has changed something."""
        self._fresh_until = 0.0

    async def _look(self) -> Catalog:
        async with self._database.statement() as connection:
            version = await connection.scalar(select(CatalogState.version))
        if version == self._version and self._catalog is not None:
            return self._catalog
        # One statement, so that the version is that of the entries.
        query = (
            select(CatalogState.version, *_COLUMNS).outerjoin(CatalogEntry, true()).order_by(CatalogEntry.id)
        )
        async with self._database.statement() as connection:
            rows = (await connection.execute(query)).all()
        self._version = rows[0][0] if rows else None
        if self._version is None:
            return await asyncio.to_thread(shipped)
        # The state without any entry is one row, with nothing of an entry in it.
        stored = [Stored(*row[1:]) for row in rows if row.content]
        # Some tenths of a second for thousands of entries: other requests go on meanwhile.
        return await asyncio.to_thread(_build, stored, str(self._version))


async def lock(session: AsyncSession) -> Catalog:
    """Lock operators' entries until the end of the transaction, and return the catalogue with them.

    Every other process will see that its own is old.
    """
    new = {"id": STATE_ID, "version": uuid.uuid4()}
    insert = insert_into(session, CatalogState, new)
    await session.execute(
        insert.on_conflict_do_update(index_elements=["id"], set_={"version": new["version"]})
    )
    rows = (await session.execute(select(*_COLUMNS).order_by(CatalogEntry.id))).all()
    return await asyncio.to_thread(_build, [Stored(*row) for row in rows], str(new["version"]))


def to_content(entry: Entry) -> str:
    """Return an entry as it is stored."""
    members = entry.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(members, ensure_ascii=False, sort_keys=True)


def to_entry(kind: RequirementType, content: str) -> Entry:
    """Return an entry that was stored.

    Raises:
        ValidationError: It has not the form that this release knows.
    """
    return KINDS[kind].model_validate_json(content)


def _build(stored: Iterable[Stored], version: str) -> Catalog:
    return lay_over(shipped(), _own(stored), version=version)


def _own(stored: Iterable[Stored]) -> Iterator[OwnEntry]:
    for row in stored:
        try:
            entry = to_entry(row.kind, row.content)
        except ValidationError:
            # Stored by another release. Who has it keeps it, and no label is clear of it.
            logger.warning("catalog_entry_ignored", code=row.code)
            continue
        yield OwnEntry(entry, is_retired=row.retired_at is not None)
