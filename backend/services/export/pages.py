"""Reading many rows with few in memory."""

from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.database import Database

_PAGE: Final = 200
T = TypeVar("T")


async def read_pages(
    database: Database,
    query: Select[T],
    *keys: InstrumentedAttribute[Any],
    size: int = _PAGE,
) -> AsyncIterator[T]:
    """Return all rows of a query in the order of its keys, reading one page at a time.

    No connection is held between pages. What is added meanwhile behind the last key is returned too.
    """
    ordered = query.order_by(*keys).limit(size)
    page_query = ordered
    while True:
        async with database.reader() as session:
            page = list(await session.scalars(page_query))
        for row in page:
            yield row
        if len(page) < size:
            return
        last = [literal(getattr(page[-1], key.key), key.type) for key in keys]
        page_query = ordered.where(tuple_(*keys) > tuple_(*last))
