"""A transaction on PostgreSQL's driver itself, for what is written for many requests at once.

SQLAlchemy's session, its changes of greenlets for each statement, and its work on each row took longer than
all else about what is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Dialect

from backend.core.database.bindings import Bindings


class DriverStatement:
    """A statement that writes or locks. Make it once for each module; its parameters have names.

    On the driver, values come back as the driver has them: take no columns whose types SQLAlchemy converts.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        """Keep the statement; `columns` are those that a row of an INSERT brings."""
        self._statement = statement
        self._columns = columns
        self._compiled: tuple[str, Bindings] | None = None

    def compiled(self, dialect: Dialect) -> tuple[str, Bindings]:
        """Return the text and the parameters for PostgreSQL's driver."""
        if self._compiled is None:
            compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
            self._compiled = str(compiled), Bindings.of(compiled, dialect)
        return self._compiled


class DriverUnit:
    """A transaction that is open on a connection of the driver."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:  # noqa: ANN401 - asyncpg brings no types
        self._driver = driver
        self._dialect = dialect

    async def fetch(self, statement: DriverStatement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a statement once, and return its rows."""
        text, bindings = statement.compiled(self._dialect)
        return [tuple(row) for row in await self._driver.fetch(text, *bindings.bind(values))]

    async def write(self, statement: DriverStatement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement once for each row of values."""
        text, bindings = statement.compiled(self._dialect)
        await self._driver.executemany(text, [bindings.bind(row) for row in rows])
