"""Statements of SQLAlchemy as a driver takes them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any]


class Bindings(NamedTuple):
    """The parameters of a statement, in the driver's order.

    Attributes:
        parameters: Name, value where none is given, and what converts; None where nothing has to.
    """

    parameters: tuple[tuple[str, Any, Convert | None], ...]

    @classmethod
    def of(cls, compiled: SQLCompiler, dialect: Dialect) -> "Bindings":
        """Return those of a compiled statement."""
        return cls(
            tuple(
                (
                    name,
                    compiled.binds[name].value,
                    of_driver(compiled.binds[name].type, dialect).bind_processor(dialect),
                )
                for name in compiled.positiontup or ()
            )
        )

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the driver's parameters."""
        bound = []
        for name, default, convert in self.parameters:
            value = values.get(name, default)
            bound.append(convert(value) if convert else value)
        return bound


def of_driver(kind: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - a column's type, of which SQLAlchemy has many
    """Return a type as a driver has it."""
    return kind.dialect_impl(dialect)
