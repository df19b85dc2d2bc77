"""The database: one engine, short units of work, and one fair queue in front of it."""

from backend.core.database.constraints import insert_into, metadata, violates
from backend.core.database.driver import DriverStatement, DriverUnit
from backend.core.database.failures import CommitInDoubtError, UnitUndoneError, UnreachableError, state_of
from backend.core.database.lookups import Lookup
from backend.core.database.units import Database

__all__ = [
    "CommitInDoubtError",
    "Database",
    "DriverStatement",
    "DriverUnit",
    "Lookup",
    "UnitUndoneError",
    "UnreachableError",
    "insert_into",
    "metadata",
    "state_of",
    "violates",
]
