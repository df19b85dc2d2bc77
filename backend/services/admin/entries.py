"""What operators add to the catalogue: checked against all that is there, and written down.

Entries change one at a time, under one lock, so that no two can take one name; each change is seen by every
process. None is deleted, since profiles may hold it.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.errors import ConflictError, InvalidInputError, PreconditionFailedError, Violation
from backend.core.keys import Keyring
from backend.models.audit import AuditAction
from backend.models.catalog import CatalogEntry, RequirementType
from backend.schemas.catalog import CatalogEntryCreate, CatalogEntryResponse, CatalogEntryUpdate
from backend.services import catalog
from backend.services.admin.authority import Authority, record
from backend.services.catalog import Catalog, CodeUnknownError, Entry

Versions = frozenset[str] | None
"""The versions that a change may start from (If-Match); None stands for any."""


class EntryCodeTakenError(ConflictError):
    """The catalogue has an entry with this code, perhaps a retired one."""

    code = "code-taken"
    title = "The catalogue already has an entry with this code"


async def add_entry(
    session: AsyncSession, authority: Authority, data: CatalogEntryCreate, *, keyring: Keyring
) -> CatalogEntry:
    """Add an allergen, diet or condition.

    Raises:
        InvalidInputError: A name is another entry's, or it refers to what is not there. Names every fault.
        EntryCodeTakenError: There is one with this code.
    """
    known = await catalog.lock(session)
    entry = _checked(known, data.kind, data.model_dump(mode="json", include=data.model_fields_set - {"kind"}))
    if known.holds(entry.code) or await _find(session, entry.code) is not None:
        raise EntryCodeTakenError
    row = CatalogEntry(
        code=entry.code, kind=data.kind, content=catalog.to_content(entry), author_id=authority.admin_id
    )
    session.add(row)
    await session.flush()
    await _record(session, authority, AuditAction.CATALOG_ENTRY_ADDED, row, keyring=keyring)
    return row


async def list_entries(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[CatalogEntry]:
    """Return some of what operators added, by code, beginning after one."""
    query = select(CatalogEntry).order_by(CatalogEntry.code).limit(limit)
    if after is not None:
        query = query.where(CatalogEntry.code > after)
    return list(await session.scalars(query))


async def read_entry(session: AsyncSession, code: str) -> CatalogEntry:
    """Return what an operator added.

    Raises:
        CodeUnknownError: There is no such entry, or it is a shipped one.
    """
    row = await _find(session, code)
    if row is None:
        raise CodeUnknownError
    return row


async def update_entry(
    session: AsyncSession,
    authority: Authority,
    code: str,
    data: CatalogEntryUpdate,
    *,
    versions: Versions,
    keyring: Keyring,
) -> CatalogEntry:
    """Change an entry, retire it or take it back into the list.

    Raises:
        CodeUnknownError: There is no such entry, or it is a shipped one.
        PreconditionFailedError: It is no longer at one of the versions.
        InvalidInputError: A name is another entry's, or it refers to what is not there. Names every fault.
    """
    known = await catalog.lock(session)
    row = await read_entry(session, code)
    if versions is not None and str(row.version) not in versions:
        raise PreconditionFailedError
    changes = data.model_dump(mode="json", include=data.model_fields_set - {"retired"})
    content = row.content
    if changes:
        content = catalog.to_content(_checked(known, row.kind, json.loads(row.content) | changes))
    actions = [] if content == row.content else [AuditAction.CATALOG_ENTRY_CHANGED]
    if data.retired is not None and data.retired != (row.retired_at is not None):
        row.retired_at = now() if data.retired else None
        actions.append(
            AuditAction.CATALOG_ENTRY_RETIRED if data.retired else AuditAction.CATALOG_ENTRY_RESTORED
        )
    if actions:
        row.content, row.version, row.author_id = content, row.version + 1, authority.admin_id
        await session.flush()
    for action in actions:
        await _record(session, authority, action, row, keyring=keyring)
    return row


def to_entry_response(row: CatalogEntry) -> CatalogEntryResponse:
    """Return an entry as administrators see it."""
    return CatalogEntryResponse(
        code=row.code,
        kind=row.kind,
        content=json.loads(row.content),
        retired_at=row.retired_at,
        version=row.version,
        author_id=row.author_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _checked(known: Catalog, kind: RequirementType, members: dict[str, Any]) -> Entry:
    try:
        entry = catalog.to_entry(kind, json.dumps(members))
    except ValidationError as error:
        # What the bodies allow and this kind of entry has not: rules of an allergen, parents of a diet.
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidInputError([_violation(fault["loc"], fault["type"]) for fault in faults]) from None
    if found := catalog.entry_faults(known, kind, entry):
        raise InvalidInputError(found)
    return entry


def _violation(place: tuple[int | str, ...], kind: str) -> Violation:
    pointer = "".join(f"/{part}" for part in place)
    if kind == "missing":
        return Violation(pointer, "missing", "is required for this kind of entry")
    return Violation(pointer, "not-of-this-kind", "is nothing that this kind of entry has")


async def _find(session: AsyncSession, code: str) -> CatalogEntry | None:
    row: CatalogEntry | None = await session.scalar(select(CatalogEntry).where(CatalogEntry.code == code))
    return row


async def _record(
    session: AsyncSession, authority: Authority, action: AuditAction, row: CatalogEntry, *, keyring: Keyring
) -> None:
    await record(session, authority, action, authority.chain, keyring=keyring, entry=row.code)
