"""Whether the service can do its work: its database is there, of this release, and sealed under its keys."""

import asyncio
import uuid
from collections import Counter

from sqlalchemy import select

from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.keys import Keyring
from backend.core.migrations import current_revision, head_revision
from backend.services.system.wrapped import WRAPPED

_LOOKED_AT = 3  # values at each end of a column: an interrupted change of keys shows at one of them


class NotReadyError(UnavailableError):
    """The database cannot be reached, or is not at the revision that this code needs; or lists are faulty."""

    code = "not-ready"
    title = "The service is not ready"


class KeysUnfitError(Exception):
    """The database was sealed under master keys that are not here."""


async def require_lists(loading: asyncio.Future[object] | None) -> None:
    """Wait until the lists are read that labels are checked with.

    Args:
        loading: Them being read; None where whoever needs them first reads them.

    Raises:
        NotReadyError: They cannot be read.
    """
    if loading is None:
        return
    await asyncio.wait([loading])  # which does not end it if whoever asks goes away
    if loading.cancelled() or loading.exception() is not None:
        raise NotReadyError(detail="The lists that labels are checked with cannot be read.")


async def require_ready(database: Database) -> None:
    """Check that the database is reachable and migrated.

    Raises:
        NotReadyError: It is not; the detail says which.
    """
    try:
        async with database.statement() as connection:
            revision = await connection.run_sync(current_revision)
    except UnavailableError as error:
        raise NotReadyError(detail="The database cannot be reached.") from error
    if revision != head_revision():
        raise NotReadyError(detail="The database is not migrated: run `safeplate db migrate`.")


async def require_fitting_keys(database: Database, *, keyring: Keyring) -> None:
    """Check that the database was sealed under the master keys that are here, as far as a few values tell.

    One value under an unknown key may be a broken row, which must not keep the service from starting for all
    others. Two under one key are another master key's.

    Raises:
        KeysUnfitError: It was not.
        UnavailableError: The database cannot be reached or is busy.
    """
    seen: dict[tuple[str, uuid.UUID], bytes] = {}
    async with database.reader() as session:
        for column in WRAPPED:
            for order in (column.owner.asc(), column.owner.desc()):
                query = select(column.owner, column.master_id).where(column.value.is_not(None))
                for owner, key_id in await session.execute(query.order_by(order).limit(_LOOKED_AT)):
                    seen[column.name, owner] = key_id
    found = Counter(seen.values())
    unknown = [key_id for key_id in found if keyring.masters.find(key_id) is None]
    if not unknown or (len(unknown) < len(found) and all(found[key_id] == 1 for key_id in unknown)):
        return
    name = max(unknown, key=lambda key_id: found[key_id]).hex()
    raise KeysUnfitError(
        f"The database was sealed under the master key {name}, which is not among the keys here: what is "
        "sealed under it could not be opened. Restore the keys that belong to this database."
    )
