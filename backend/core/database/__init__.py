"""The database: one engine, short units of work, and one fair queue in front of it."""

from backend.core.database.constraints import insert_into, metadata, violates
from backend.core.database.failures import CommitInDoubtError, UnitUndoneError, UnreachableError, state_of
from backend.core.database.grouped import DriverUnit, Written
from backend.core.database.lookups import Lookup
from backend.core.database.units import Database

__all__ = [
    "CommitInDoubtError",
    "Database",
    "DriverUnit",
    "Lookup",
    "UnitUndoneError",
    "UnreachableError",
    "Written",
    "insert_into",
    "metadata",
    "state_of",
    "violates",
]
