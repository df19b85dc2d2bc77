"""Tables, their constraints, and the enums they store.

Importing the package registers every table.
"""

from backend.models import (
    attempts,
    audit,
    catalog,
    credentials,
    erasure,
    export,
    factors,
    health,
    jobs,
    sessions,
    users,
)

__all__ = [
    "attempts",
    "audit",
    "catalog",
    "credentials",
    "erasure",
    "export",
    "factors",
    "health",
    "jobs",
    "sessions",
    "users",
]
