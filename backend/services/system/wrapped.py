"""Every column whose values are wrapped by the master key, and under which key its values are."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Function, Integer, LargeBinary, Row, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.keys import Keyring
from backend.core.masters import ID_BYTES
from backend.models.audit import AuditChain
from backend.models.jobs import Job
from backend.models.sessions import Session
from backend.models.users import User
from backend.services import audit, jobs, sessions, users
from backend.utils.security import SealBrokenError

_PAGE = 500


@dataclass(frozen=True, slots=True)
class WrappedColumn:
    """A column of wrapped values.

    Attributes:
        value: The column.
        owner: The column of what each value is bound to, which is the table's primary key.
        purpose: What each value is bound to besides.
    """

    value: InstrumentedAttribute[Any]
    owner: InstrumentedAttribute[uuid.UUID]
    purpose: str

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.value.class_.__tablename__}.{self.value.key}"

    @property
    def master_id(self) -> Function[bytes]:
        """The id of the master key of each value."""
        # Literals: PostgreSQL groups by an expression only if it is the same one, and two parameters are not.
        return func.substr(
            self.value,
            literal_column("1", Integer),
            literal_column(str(ID_BYTES), Integer),
            type_=LargeBinary,
        )

    def is_whole(self, row: Row[uuid.UUID, bytes], keyring: Keyring) -> bool:
        """Tell whether a value opens."""
        try:
            keyring.unwrap(row[1], owner=row[0], purpose=self.purpose)
        except SealBrokenError:
            return False
        return True


WRAPPED: Final = (
    WrappedColumn(User.data_key, User.id, users.DATA_KEY),
    WrappedColumn(Session.family_key, Session.id, sessions.FAMILY_KEY),
    WrappedColumn(Job.payload, Job.id, jobs.PAYLOAD),
    WrappedColumn(AuditChain.key, AuditChain.owner_id, audit.CHAIN_KEY),
    WrappedColumn(AuditChain.place_key, AuditChain.owner_id, audit.PLACE_KEY),
)
"""All of them: a value that is not here would be lost with the master key of its day."""


async def count_by_master(session: AsyncSession) -> Counter[bytes]:
    """Return how many values are under each master key, by its id."""
    counts: Counter[bytes] = Counter()
    for column in WRAPPED:
        query = (
            select(column.master_id, func.count()).where(column.value.is_not(None)).group_by(column.master_id)
        )
        for key_id, count in await session.execute(query):
            counts[key_id] += count
    return counts


async def values(
    session: AsyncSession, column: WrappedColumn, *, not_under: bytes | None = None
) -> AsyncIterator[Row[uuid.UUID, bytes]]:
    """Return owners and values of a column, in pages: all, or those that are not under a master key."""
    query = select(column.owner, column.value).where(column.value.is_not(None))
    if not_under is not None:
        query = query.where(column.master_id != not_under)
    query = query.order_by(column.owner).limit(_PAGE)
    page = list(await session.execute(query))
    while page:
        for row in page:
            yield row
        page = list(await session.execute(query.where(column.owner > page[-1][0])))
